"""Who and what there is at a tegata that is measured: the world of the tests, and more people."""

import pathlib

ROOT = pathlib.Path(__file__).parent.parent.parent

# So many that each of 16 connections always has people of its own.
PEOPLE = 96

CONFIG = """\
public_url = "{url}"
listen = "127.0.0.1:{port}"
database = "{database}"
trusted_proxies = "127.0.0.1"

[outbound]
allow_private_networks = true

[lifetimes]
# Collected ID-JAGs wait until it is their turn.
id_jag = 3600
"""

# Agents like the one of the tests, but with a pinned algorithm of their ID Tokens.
AGENTS = """
[[client]]
client_id = "bench-agent"
name = "Agent of the benchmark"
agent = true
client_secret = "bench-agent-secret-0123456789-0123456789"
redirect_uris = ["http://127.0.0.1:18765/callback"]
grant_types = ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:token-exchange"]
scope = "openid profile email offline_access"
id_token_signed_response_alg = "ES256"

[[client]]
client_id = "bench-agent-rs256"
name = "Agent of the benchmark"
client_secret = "bench-agent-rs256-secret-0123456789-0123456789"
redirect_uris = ["http://127.0.0.1:18765/callback"]
grant_types = ["authorization_code", "refresh_token"]
scope = "openid profile email offline_access"
id_token_signed_response_alg = "RS256"

[[service]]
id = "archive"
scopes = { "chat.read" = "Read what was said" }
access_token_signing_alg = "RS256"

[[client]]
at = "archive"
client_id = "nightly-report"
client_secret = "nightly-report-secret-0123456789-0123456789"
grant_types = ["client_credentials"]
scope = "chat.read"

[[connection]]
client = "bench-agent"
service = "chat"
client_id = "wiki-at-chat"
scopes = ["chat.read", "chat.write"]
approval = "admin"
"""

# "alice-password", hashed by tegata.
PERSON = """
[[user]]
username = "person-{number}"
email = "person-{number}@example.com"
name = "Person {number}"
password_hash = "{hash}"
"""
HASH = "$argon2id$v=19$m=19456,t=2,p=1$c05ki0+J7t1snuwpH8Ev/g$8ip5J8+VSCTPdM5OOIHinUBmbWjTD3qUJgmYI6H6Wv4"


def write(folder, port, database):
    """Writes `tegata.toml` and `directory.toml` into `folder`."""
    config = CONFIG.format(url=f"http://127.0.0.1:{port}", port=port, database=database)
    (folder / "tegata.toml").write_text(config)
    people = "".join(PERSON.format(number=number, hash=HASH) for number in range(PEOPLE))
    tests = (ROOT / "tests/support/directory.toml").read_text()
    (folder / "directory.toml").write_text(tests + AGENTS + people)
