"""The MCP Python SDK at the demo: the calendar by ID-JAG, the chat by the interactive code flow."""

import asyncio
import os
import subprocess
from urllib.parse import parse_qs, urlsplit

import httpx2
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.auth.extensions.identity_assertion import IdentityAssertionOAuthProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata

from home import ISSUER, client_at_home, id_jag, signed_in

CALENDAR = f"{ISSUER}/services/calendar"
CALENDAR_API, CHAT_API = os.environ["CALENDAR_API"], os.environ["CHAT_API"]
REDIRECT_URI = "http://127.0.0.1:18765/callback"
# See src/walkthrough/cast.rs.
AT_HOME = ("travel-agent", "demo-secret-of-the-travel-agent-at-home")
AT_CALENDAR = ("travel-agent-at-calendar", "demo-secret-of-the-travel-agent-at-calendar")
AT_CHAT = ("mcp-client-at-chat", "demo-secret-of-the-mcp-client-at-chat")


class Storage:
    """Keeps what a provider gives it."""

    def __init__(self, client: OAuthClientInformationFull | None = None):
        self.tokens, self.client = None, client

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


async def calls(url: str, provider: httpx2.Auth, *tools: str) -> dict:
    """Calls one tool to read, or that and one to write. The second needs more than the first, and
    the provider gets it."""
    async with httpx2.AsyncClient(auth=provider) as http:
        async with Client(streamable_http_client(url, http_client=http)) as client:
            listed = [tool.name for tool in (await client.list_tools()).tools]
            assert set(tools) <= set(listed), listed
            read = await client.call_tool(tools[0], {})
            assert read.structured_content["items"], read
            for tool in tools[1:]:
                written = await client.call_tool(tool, {"text": "from Python"})
                assert written.structured_content["item"] == "from Python", written
            return read.structured_content


async def by_id_jag() -> None:
    home = client_at_home(AT_HOME)
    id_token = signed_in(home)["id_token"]
    storage = Storage()

    async def assertion(audience: str, resource: str) -> str:
        scope = "calendar.read calendar.write"
        return id_jag(home, id_token, "id_token", audience, resource, scope)["access_token"]

    provider = IdentityAssertionOAuthProvider(
        server_url=CALENDAR_API,
        storage=storage,
        client_id=AT_CALENDAR[0],
        client_secret=AT_CALENDAR[1],
        issuer=CALENDAR,
        assertion_provider=assertion,
        scope="calendar.read",
    )
    told = await calls(CALENDAR_API, provider, "list_events", "add_event")
    assert told["client"] == AT_CALENDAR[0], told
    assert set(storage.tokens.scope.split()) == {"calendar.read", "calendar.write"}


async def by_code(storage: Storage, *tools: str) -> None:
    addresses = []

    async def sends(address: str) -> None:
        addresses.append(address)

    async def comes_back() -> AuthorizationCodeResult:
        person = subprocess.run(
            ["node", "person.mjs", addresses[-1]], check=True, capture_output=True, text=True
        )
        answer = parse_qs(urlsplit(person.stdout.strip()).query)
        return AuthorizationCodeResult(**{name: answer[name][0] for name in ["code", "state", "iss"]})

    provider = OAuthClientProvider(
        server_url=CHAT_API,
        client_metadata=OAuthClientMetadata(
            client_name="Stock MCP client",
            redirect_uris=[REDIRECT_URI],
            scope="chat.read",
        ),
        storage=storage,
        redirect_handler=sends,
        callback_handler=comes_back,
    )
    told = await calls(CHAT_API, provider, *tools)
    assert told["client"] == storage.client.client_id, told
    # Asked once to read, and once more to write.
    assert len(addresses) == len(tools), addresses
    scopes = ["chat.read", "chat.write"][: len(tools)]
    assert sorted(storage.tokens.scope.split()) == scopes, storage.tokens.scope


asyncio.run(by_id_jag())
registered = OAuthClientInformationFull(
    client_id=AT_CHAT[0],
    client_secret=AT_CHAT[1],
    redirect_uris=[REDIRECT_URI],
    token_endpoint_auth_method="client_secret_basic",
)
asyncio.run(by_code(Storage(registered), "read_messages", "send_message"))

# RFC 7591: no client is known, and the provider registers one.
by_itself = Storage()
asyncio.run(by_code(by_itself, "read_messages"))
assert by_itself.client.client_id != AT_CHAT[0]
