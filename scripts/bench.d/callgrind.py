"""Instructions per request of the two ID-JAG legs, and of what is smaller. Called by
`scripts/callgrind`."""

import http.client
import os
import pathlib
import re
import shutil
import sys

import extra
import flows
from servers import Tegata

# Before these many requests, caches and pools are still filling.
FEWER = 50


def main():
    more = int(sys.argv[1])
    folder = pathlib.Path(os.environ["FOLDER"])
    server = UnderCallgrind("tegata", folder, os.environ["TEGATA"])
    legs = prepared(server, FEWER + more)
    # What every run begins with: keys made, the person signed in.
    template = folder / "template"
    shutil.copytree(server.folder, template)
    for name, (path, authorization, forms) in legs.items():
        counts = []
        for number in (FEWER, FEWER + more):
            shutil.rmtree(server.folder)
            shutil.copytree(template, server.folder)
            counts.append(counted(server, path, authorization, forms[:number], f"{name}.{number}"))
        print(
            f"{name:20}{(counts[1] - counts[0]) / more / 1000:10,.0f} thousand instructions per request",
            flush=True,
        )


def prepared(server, number):
    """The requests of each leg, made with a server at full speed."""
    bench = flows.Bench(1, 2)
    server.is_counting = False
    server.start()
    try:
        path, more = flows.to_issue(server, bench)
        redemptions = extra.id_jag_forms(server, bench, number)
    finally:
        server.stop()
    server.is_counting = True
    at_chat = flows.basic(flows.AT_CHAT)
    itself = flows.client_credentials(server)
    chat_token = "/services/chat" + server.token
    return {
        "JWKS": (server.jwks, "", [None] * number),
        "discovery": ("/.well-known/openid-configuration", "", [None] * number),
        "client_credentials": (chat_token, itself["AUTHORIZATION"], [itself["FORM"]] * number),
        "ID-JAG issuance": (path, more["AUTHORIZATION"], [more["FORM"]] * number),
        "ID-JAG redemption": (chat_token, at_chat, redemptions),
    }


def counted(server, path, authorization, forms, name):
    """All instructions of a run that answers `forms`, from start to end."""
    server.start()
    try:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        headers = {
            "Authorization": authorization,
            "Content-Type": "application/x-www-form-urlencoded",
        }
        for form in forms:
            method, known = ("GET", {}) if form is None else ("POST", headers)
            connection.request(method, path, form, known)
            response = connection.getresponse()
            body = response.read()
            if response.status != 200:
                raise SystemExit(f"{name}: {response.status} {body}")
        connection.close()
    finally:
        server.stop()
    out = server.folder / "callgrind.out"
    if keep := os.environ.get("KEEP"):
        pathlib.Path(keep).mkdir(exist_ok=True)
        shutil.copy(out, pathlib.Path(keep, "callgrind.out." + name.replace(" ", "-")))
    return int(re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.M)[1])


class UnderCallgrind(Tegata):
    is_counting = True
    longest_start = 600

    def command(self):
        command = super().command()
        if not self.is_counting:
            return command
        return ["valgrind", "--tool=callgrind", "--callgrind-out-file=callgrind.out", *command]


if __name__ == "__main__":
    main()
