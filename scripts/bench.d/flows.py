"""The flows: what each asks of tegata, of the rival, and of the bare program for comparison.

A flow is a function of a server and a `Bench`; it answers None where a server has nothing like it.
"""

import pathlib
import tempfile
import urllib.parse
import urllib.request

import load
import world
from person import Person, authorize, basic, redeem

AGENT, AGENT_RS256 = "bench-agent", "bench-agent-rs256"
AT_CHAT, NIGHTLY = "wiki-at-chat", "nightly-report"
RESOURCE, RESOURCE_RS256 = "http://127.0.0.1:18770/mcp", "http://127.0.0.1:18771/mcp"
GRANT = "urn:ietf:params:oauth:grant-type:"
TOKEN_TYPE = "urn:ietf:params:oauth:token-type:"
VERIFIER = "a-verifier-of-the-benchmark-which-need-not-be-random"


class Bench:
    """How long a measurement is, and by how many connections at a time."""

    def __init__(self, seconds, connections=16):
        self.seconds, self.connections = seconds, connections
        self.subject_tokens = {}
        self.lengths = {"jwks": 1000, "discovery": 2000}

    def for_seconds(self, seconds):
        other = Bench(seconds, self.connections)
        other.subject_tokens, other.lengths = self.subject_tokens, self.lengths
        return other

    def with_connections(self, connections):
        other = self.for_seconds(self.seconds)
        other.connections = connections
        return other

    def wrk(self, server, path, script="get.lua", more=None, url=None, **shape):
        url = url or server.url + path
        shape = {"connections": self.connections, **shape}
        return load.wrk(server, self.seconds, url, script, more, **shape)

    def each_alone(self, server, script, more):
        """A thread for each connection: wrk does not tell a script which connection it serves."""
        return self.wrk(server, "/", script, more, threads=self.connections)


def document(name, path_of):
    def flow(server, bench):
        if server.kind == "bare":
            return bench.wrk(server, f"/bytes/{bench.lengths[name]}")
        path = path_of(server)
        if server.kind == "tegata":
            with urllib.request.urlopen(server.url + path) as response:
                bench.lengths[name] = len(response.read())
        return bench.wrk(server, path)

    return flow


def client_credentials_es256(server, bench):
    if server.kind == "bare":
        # The same request as for the others.
        return bench.wrk(server, "/sign-es256", "post.lua", client_credentials(server))
    return bench.wrk(
        server, None, "post.lua", client_credentials(server), client_credentials_url(server)
    )


def client_credentials_url(server):
    return getattr(server, "chat", server.url) + server.token


def client_credentials(server):
    resource = {"resource": RESOURCE} if server.kind == "rival" else {}
    form = encode(grant_type="client_credentials", scope="chat.read", **resource)
    return {"AUTHORIZATION": basic(NIGHTLY), "FORM": form}


def client_credentials_rs256(server, bench):
    if server.kind == "bare":
        return bench.wrk(server, "/sign-rs256", "post.lua", client_credentials(server))
    resource = {"resource": RESOURCE_RS256} if server.kind == "rival" else {}
    form = encode(grant_type="client_credentials", scope="chat.read", **resource)
    more = {"AUTHORIZATION": basic(NIGHTLY), "FORM": form}
    url = getattr(server, "archive", server.url) + server.token
    return bench.wrk(server, None, "post.lua", more, url)


def issuance(server, bench, without_row=False):
    if server.kind == "rival":
        return None
    path, more = to_issue(server, bench, "/issue" if without_row else "/issue-row")
    return bench.wrk(server, path, "post.lua", more)


def issuance_without_row(server, bench):
    return issuance(server, bench, without_row=True) if server.kind == "bare" else None


def to_issue(server, bench, bare_path="/issue"):
    if server.kind == "bare":
        if server.name not in bench.subject_tokens:
            request = urllib.request.Request(f"{server.url}/sign-es256", b"")
            with urllib.request.urlopen(request) as response:
                bench.subject_tokens[server.name] = response.read().decode().split('"')[3]
        form = encode(assertion=bench.subject_tokens[server.name])
        return bare_path, {"AUTHORIZATION": "", "FORM": form}
    if server.name not in bench.subject_tokens:
        bench.subject_tokens[server.name] = Person(server, "alice", AGENT).tokens()["id_token"]
    form = encode(
        grant_type=f"{GRANT}token-exchange",
        requested_token_type=f"{TOKEN_TYPE}id-jag",
        subject_token=bench.subject_tokens[server.name],
        subject_token_type=f"{TOKEN_TYPE}id_token",
        audience=server.chat,
        resource=RESOURCE,
        scope="chat.read",
    )
    return server.token, {"AUTHORIZATION": basic(AGENT), "FORM": form}


def redemption(server, bench):
    if server.kind == "rival":
        return None
    with tempfile.TemporaryDirectory() as folder:
        collect(server, bench, folder)
        more = {"AUTHORIZATION": basic(AT_CHAT), "FOLDER": folder}
        return bench.wrk(server, None, "redeem.lua", more, url=redemption_url(server))


def redemption_url(server):
    return f"{server.url}/redeem" if server.kind == "bare" else server.chat + server.token


def collect(server, bench, folder, threads=2):
    path, more = to_issue(server, bench)
    bench.wrk(server, path, "collect.lua", {**more, "FOLDER": folder}, threads=threads)


def code_flow(client_id):
    def flow(server, bench):
        if server.kind == "bare":
            return None
        with tempfile.TemporaryDirectory() as folder:
            people = signed_in(server, bench, client_id)
            write_lines(folder, "cookies", [person.cookies() for person in people])
            more = {
                "FOLDER": folder,
                "AUTHORIZATION": basic(client_id),
                "AUTHORIZE": authorize(server, client_id, VERIFIER),
                "TOKEN_PATH": server.token,
                "FORM": encode(**redeem(VERIFIER)),
            }
            return bench.each_alone(server, "code.lua", more)

    return flow


def refresh(server, bench):
    if server.kind == "bare":
        return None
    with tempfile.TemporaryDirectory() as folder:
        people = signed_in(server, bench, AGENT)
        write_lines(folder, "refresh-tokens", [it.tokens()["refresh_token"] for it in people])
        more = {
            "FOLDER": folder,
            "AUTHORIZATION": basic(AGENT),
            "TOKEN_PATH": server.token,
        }
        return bench.each_alone(server, "refresh.lua", more)


def sign_in(server, bench):
    if server.kind == "rival":
        return None
    if server.kind == "bare":
        return bench.wrk(server, "/argon2", "post.lua", {"FORM": "", "AUTHORIZATION": ""})
    return bench.each_alone(server, "sign_in.lua", {"PEOPLE": str(world.PEOPLE)})


def signed_in(server, bench, client_id):
    """As many people as there are connections, each with a session and a remembered consent.
    Their sessions are new, so that what a server keeps for each begins small."""
    people = [Person(server, f"person-{it}", client_id) for it in range(bench.connections)]
    for person in people:
        person.tokens()
    return people


def write_lines(folder, name, lines):
    pathlib.Path(folder, name).write_text("".join(line + "\n" for line in lines))


def encode(**fields):
    return urllib.parse.urlencode(fields)


FLOWS = {
    "JWKS": document("jwks", lambda server: server.jwks),
    "discovery": document("discovery", lambda _: "/.well-known/openid-configuration"),
    "client_credentials ES256": client_credentials_es256,
    "client_credentials RS256": client_credentials_rs256,
    "ID-JAG issuance": issuance,
    "ID-JAG issuance, no row": issuance_without_row,
    "ID-JAG redemption": redemption,
    "code + PKCE": code_flow(AGENT),
    "code + PKCE, RS256 ID token": code_flow(AGENT_RS256),
    "refresh": refresh,
    "sign-in": sign_in,
}
