"""Authlib: relying party at home, client at chat, and in the end the server that takes the ID-JAG."""

import httpx2
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oauth2.drafts.id_jag import IDJAGGrant

from home import AT_CHAT, CHAT, ISSUER, RESOURCE, claims_of, client_at_home, id_jag, keys_of, signed_in

home = client_at_home()
tokens = signed_in(home)

# By the ID token, and by the refresh token in its place.
for subject, typ in [(tokens["id_token"], "id_token"), (tokens["refresh_token"], "refresh_token")]:
    grant = id_jag(home, subject, typ, CHAT, RESOURCE)
    assert grant["token_type"] == "N_A" and "refresh_token" not in grant

    chat = OAuth2Client(*AT_CHAT)
    chat.metadata.update(
        httpx2.get(f"{ISSUER}/.well-known/oauth-authorization-server/services/chat").json()
    )
    token = chat.fetch_token(
        chat.metadata["token_endpoint"],
        grant_type="urn:ietf:params:oauth:grant-type:jwt-bearer",
        assertion=grant["access_token"],
    )
    claims = claims_of(token["access_token"])
    assert claims["aud"] in (RESOURCE, [RESOURCE]) and claims["iss"] == CHAT, claims

    told = chat.introspect_token(chat.metadata["introspection_endpoint"], token["access_token"])
    assert told.json()["active"] is True, told.text


class Elsewhere(IDJAGGrant):
    """Chat, if Authlib were it."""

    def get_audiences(self):
        return [CHAT]

    def resolve_issuer_key(self, issuer, headers):
        assert issuer == ISSUER
        return keys_of(ISSUER)


grant = id_jag(home, tokens["id_token"], "id_token", CHAT, RESOURCE)
claims = Elsewhere(request=None, server=None)._process_assertion_claims(grant["access_token"])
assert claims["client_id"] == AT_CHAT[0] and claims["scope"] == "chat.read", claims

# RFC 7009: then nothing of it goes on.
revoked = home.revoke_token(home.metadata["revocation_endpoint"], tokens["refresh_token"])
assert revoked.status_code == 200, revoked.text
told = home.introspect_token(home.metadata["introspection_endpoint"], tokens["access_token"])
assert told.json() == {"active": False}, told.text
