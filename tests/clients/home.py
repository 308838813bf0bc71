"""What the Python scripts begin with: Authlib signs a person in at home, as a relying party."""

import json
import os
import subprocess

import httpx2
from authlib.common.security import generate_token
from authlib.integrations.httpx_client import OAuth2Client
from joserfc import jwt
from joserfc.jwk import KeySet

ISSUER = os.environ["ISSUER"]
CHAT = f"{ISSUER}/services/chat"
RESOURCE = "http://127.0.0.1:18770/mcp"
AT_HOME = ("wiki-agent", "wiki-agent-secret-0123456789-0123456789")
AT_CHAT = ("wiki-at-chat", "wiki-at-chat-secret-0123456789-0123456789")

TYPE = "urn:ietf:params:oauth:token-type:"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"


def client_at_home(credentials: tuple[str, str] = AT_HOME) -> OAuth2Client:
    """A session that knows where home's endpoints are by its metadata."""
    client = OAuth2Client(
        *credentials,
        redirect_uri="http://127.0.0.1:18765/callback",
        scope="openid profile offline_access",
        code_challenge_method="S256",
    )
    client.metadata.update(httpx2.get(f"{ISSUER}/.well-known/openid-configuration").json())
    return client


def signed_in(client: OAuth2Client) -> dict:
    """The tokens of a fresh sign-in by code and PKCE."""
    verifier, nonce = generate_token(48), generate_token()
    address, state = client.create_authorization_url(
        client.metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce
    )
    person = subprocess.run(
        ["node", "person.mjs", address], check=True, capture_output=True, text=True
    )
    tokens = client.fetch_token(
        client.metadata["token_endpoint"],
        authorization_response=person.stdout.strip(),
        state=state,
        code_verifier=verifier,
    )
    claims = jwt.decode(tokens["id_token"], keys_of(ISSUER), algorithms=["RS256", "ES256"])
    assert claims.claims["nonce"] == nonce and claims.claims["iss"] == ISSUER
    return tokens


def keys_of(issuer: str) -> KeySet:
    """The published keys of an issuer."""
    return KeySet.import_key_set(httpx2.get(f"{issuer}/oauth2/jwks").json())


def id_jag(
    client: OAuth2Client,
    subject: str,
    typ: str,
    audience: str,
    resource: str,
    scope: str = "chat.read",
) -> dict:
    """The answer to a token exchange."""
    response = httpx2.post(
        client.metadata["token_endpoint"],
        auth=(client.client_id, client.client_secret),
        data={
            "grant_type": TOKEN_EXCHANGE,
            "requested_token_type": f"{TYPE}id-jag",
            "audience": audience,
            "resource": resource,
            "scope": scope,
            "subject_token": subject,
            "subject_token_type": f"{TYPE}{typ}",
        },
    )
    assert response.status_code == 200, response.text
    return response.json()


def claims_of(token: str) -> dict:
    """The payload of a JWT, unverified."""
    import base64

    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
