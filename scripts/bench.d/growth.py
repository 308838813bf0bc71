"""Curves: more connections, more people, more rows in the ledger and in the table of replays."""

import fill
import flows

CONNECTIONS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
PEOPLE = (100, 10_000, 100_000, 1_000_000)
ROWS = (0, 10_000, 100_000, 1_000_000, 10_000_000)
LEDGER, REPLAYS, USERS = "ledger", "single_uses", "users"

MEASURED = {
    "client_credentials ES256": flows.client_credentials_es256,
    "ID-JAG issuance": flows.issuance,
    "ID-JAG redemption": flows.redemption,
}


def connections(server, bench, most):
    points = []
    for number in (it for it in CONNECTIONS if it <= most):
        points.append({"at": number, **measured(server, bench.with_connections(number))})
    return points


def people(server, bench, most):
    """The server is stopped while people are added."""
    points = []
    for number in (it for it in PEOPLE if it <= most):
        server.stop()
        fill.grow(server, USERS, number)
        started = server.start() * 1000
        point = {"at": number, "start_ms": started, **measured(server, bench)}
        points.append(
            {**point, "sign-in": flows.sign_in(server, bench), "resident_mib": server.resident()}
        )
    return points


def rows(server, bench, most):
    """Both tables grow together. The first redemption makes the rows that are copied."""
    measured(server, bench.for_seconds(1))
    points = []
    for number in (it for it in ROWS if it <= most):
        server.stop()
        if number:
            fill.grow(server, LEDGER, number)
            fill.grow(server, REPLAYS, number)
        started = server.start() * 1000
        point = {"at": number, "start_ms": started, **measured(server, bench)}
        points.append({**point, "resident_mib": server.resident()})
    return points


def measured(server, bench):
    return {name: flow(server, bench) for name, flow in MEASURED.items()}
