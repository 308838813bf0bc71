"""Runs the loads one after the other and prints a line for each. Called by `scripts/bench`."""

import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.parse

from person import WIKI, Person, basic

HERE = pathlib.Path(__file__).parent
AT_CHAT = ("wiki-at-chat", "wiki-at-chat-secret-0123456789-0123456789")
NIGHTLY = ("nightly-report", "nightly-report-secret-0123456789-0123456789")
RESOURCE = "http://127.0.0.1:18770/mcp"
GRANT = "urn:ietf:params:oauth:grant-type:"
TOKEN_TYPE = "urn:ietf:params:oauth:token-type:"
CHAINS = 8


def main(issuer, server, seconds):
    chat = f"{issuer}/services/chat"
    person = Person(issuer)
    tokens = [person.tokens() for _ in range(CHAINS)]
    token_exchange = form(
        grant_type=f"{GRANT}token-exchange",
        requested_token_type=f"{TOKEN_TYPE}id-jag",
        subject_token=tokens[0]["id_token"],
        subject_token_type=f"{TOKEN_TYPE}id_token",
        audience=chat,
        resource=RESOURCE,
        scope="chat.read",
    )
    client_credentials = form(grant_type="client_credentials", scope="chat.read")
    home_token, chat_token = f"{issuer}/oauth2/token", f"{chat}/oauth2/token"
    as_wiki = {"AUTHORIZATION": basic(*WIKI)}

    with tempfile.TemporaryDirectory() as folder:
        load = Load(server, seconds, folder)
        print(f"{'':22}{'requests/s':>12}{'p50':>11}{'p99':>11}{'CPU/request':>14}{'refused':>9}")
        load.show("discovery", f"{issuer}/.well-known/openid-configuration", "get.lua")
        load.show("JWKS", f"{issuer}/oauth2/jwks", "get.lua")
        load.show(
            "client_credentials",
            chat_token,
            "post.lua",
            {"AUTHORIZATION": basic(*NIGHTLY), "FORM": client_credentials},
        )
        to_exchange = {**as_wiki, "FORM": token_exchange}
        load.show("ID-JAG issuance", home_token, "post.lua", to_exchange)
        load.run(home_token, "collect.lua", to_exchange)
        load.show("ID-JAG redemption", chat_token, "redeem.lua", {"AUTHORIZATION": basic(*AT_CHAT)})

        # One connection for each thread: wrk does not tell a script which connection it serves,
        # and each rotation needs the token of the one before.
        chains = pathlib.Path(folder, "refresh-tokens")
        chains.write_text("".join(token["refresh_token"] + "\n" for token in tokens))
        load.show("refresh", home_token, "refresh.lua", as_wiki, threads=CHAINS, connections=CHAINS)


class Load:
    """wrk against one server, whose CPU time is read before and after."""

    def __init__(self, server, seconds, folder):
        self.server, self.seconds, self.folder = server, seconds, folder

    def show(self, name, url, script, more=None, **shape):
        before = cpu_seconds(self.server)
        done, microseconds, p50, p99, refused = self.run(url, script, more or {}, **shape)
        used = cpu_seconds(self.server) - before
        rate = done / (microseconds / 1e6)
        each = used / done * 1e6 if done else float("nan")
        print(
            f"{name:22}{rate:12.0f}{p50 / 1000:8.2f} ms{p99 / 1000:8.2f} ms{each:11.0f} µs{refused:9}",
            flush=True,
        )

    def run(self, url, script, more, threads=2, connections=16):
        command = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{self.seconds}s", "-s", script, url]
        environment = {**os.environ, **more, "FOLDER": self.folder}
        wrk = subprocess.run(
            command, cwd=HERE, env=environment, capture_output=True, text=True, check=False
        )
        result = [line.split()[1:] for line in wrk.stdout.splitlines() if line.startswith("RESULT ")]
        if not result:
            raise SystemExit(f"{' '.join(command)}\n{wrk.stdout}{wrk.stderr}")
        return map(int, result[0])


def cpu_seconds(process):
    """User and system time of all threads, proc(5)."""
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def form(**fields):
    return urllib.parse.urlencode(fields)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
