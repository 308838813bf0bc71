"""The MCP Python SDK's provider for enterprise-managed authorization, before an API of our own."""

import asyncio
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx2
from mcp.client.auth.extensions.identity_assertion import IdentityAssertionOAuthProvider

from home import AT_CHAT, CHAT, claims_of, client_at_home, id_jag, signed_in

home = client_at_home()
tokens = signed_in(home)
seen = []


class Api(BaseHTTPRequestHandler):
    """Lets in whoever has a token with the scope that the request's path names."""

    def do_GET(self):
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        claims = claims_of(given) if given else None
        seen.append(claims)
        self.send_response(200 if claims else 401)
        if not claims:
            self.send_header("WWW-Authenticate", 'Bearer scope="chat.read"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Storage:
    """Keeps what the provider gives it."""

    tokens = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return None

    async def set_client_info(self, _):
        pass


async def assertion(audience: str, resource: str) -> str:
    assert audience == CHAT
    return id_jag(home, tokens["id_token"], "id_token", audience, resource)["access_token"]


async def calls(method: str) -> None:
    storage = Storage()
    provider = IdentityAssertionOAuthProvider(
        server_url="http://127.0.0.1:18770/mcp",
        storage=storage,
        client_id=AT_CHAT[0],
        client_secret=AT_CHAT[1],
        issuer=CHAT,
        assertion_provider=assertion,
        scope="chat.read",
        token_endpoint_auth_method=method,
    )
    async with httpx2.AsyncClient(auth=provider) as client:
        response = await client.get("http://127.0.0.1:18770/mcp")
    assert response.status_code == 200, response.text
    assert storage.tokens.scope == "chat.read" and storage.tokens.refresh_token is None
    assert seen[-1]["iss"] == CHAT and seen[-1]["client_id"] == AT_CHAT[0], seen[-1]


server = HTTPServer(("127.0.0.1", 18770), Api)
threading.Thread(target=server.serve_forever, daemon=True).start()
for method in ["client_secret_post", "client_secret_basic"]:
    asyncio.run(calls(method))
server.shutdown()
