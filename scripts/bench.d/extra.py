"""What is not a flow at full load: starting, a request alone, a constant rate, a long run."""

import pathlib
import sqlite3
import statistics
import tempfile
import threading
import time

import flows
import load
from person import basic


def startup(make, name, times):
    """Milliseconds from the start of the process to its first answer, with a database that is not
    there yet and with one that is, and the memory of a server that has done nothing."""
    fresh, existing, idle = [], [], []
    for turn in range(times):
        server = make(f"{name}-start-{turn}")
        try:
            fresh.append(server.start() * 1000)
            server.stop()
            existing.append(server.start() * 1000)
            time.sleep(1)
            idle.append(server.resident())
        finally:
            server.stop()
    return {
        "fresh_ms": statistics.median(fresh),
        "existing_ms": statistics.median(existing),
        "idle_mib": statistics.median(idle),
    }


def alone(server, bench):
    """One connection, one request after the other."""
    one = bench.with_connections(1)
    return {
        "client_credentials ES256": flows.client_credentials_es256(server, one),
        "ID-JAG redemption": flows.redemption(server, one),
    }


def commit_ms(folder):
    """The median of one commit with one row to SQLite as tegata keeps it: WAL, synchronous=FULL."""
    with tempfile.TemporaryDirectory(dir=folder) as inside:
        database = sqlite3.connect(pathlib.Path(inside, "commits.db"), isolation_level=None)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("CREATE TABLE rows (jti TEXT PRIMARY KEY, entry TEXT)")
        times = []
        for number in range(300):
            begin = time.perf_counter()
            database.execute("INSERT INTO rows VALUES (?, ?)", (f"jti-{number}", "x" * 300))
            times.append((time.perf_counter() - begin) * 1000)
        database.close()
    return statistics.median(times)


def open_loop(server, bench, rate):
    """A constant rate of token requests, then of redemptions."""
    credentials = client_credentials_at(server, bench.seconds, rate)
    forms = id_jag_forms(server, bench, rate * bench.seconds)
    redemption = load.open_loop(rate, flows.redemption_url(server), basic(flows.AT_CHAT), forms)
    return {"client_credentials ES256": credentials, "ID-JAG redemption": redemption}


def client_credentials_at(server, seconds, rate):
    more = flows.client_credentials(server)
    url = flows.client_credentials_url(server)
    return load.oha(seconds, rate, url, more["AUTHORIZATION"], more["FORM"])


def id_jag_forms(server, bench, enough):
    """Redemption requests with an ID-JAG of its own each."""
    forms = []
    while len(forms) < enough:
        with tempfile.TemporaryDirectory() as folder:
            flows.collect(server, bench, folder)
            for file in pathlib.Path(folder).iterdir():
                for id_jag in file.read_text().splitlines():
                    forms.append(
                        flows.encode(grant_type=f"{flows.GRANT}jwt-bearer", assertion=id_jag)
                    )
    return forms[:enough]


def while_signing_in(server, bench, rate=200):
    """Token requests at a constant rate while as many people sign in as the server lets in."""
    signing_in = {}

    def sign_in():
        signing_in.update(flows.sign_in(server, bench.for_seconds(bench.seconds + 2)))

    other = threading.Thread(target=sign_in)
    other.start()
    time.sleep(1)
    tokens = client_credentials_at(server, bench.seconds, rate)
    other.join()
    return {"tokens": tokens, "sign_ins": signing_in}


def soak(server, minutes, bench):
    """Full load, flow after flow, with the memory of each second."""
    samples, over = [], threading.Event()

    def watch():
        while not over.wait(1):
            samples.append(server.resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    rates = []
    until = time.monotonic() + minutes * 60
    try:
        while time.monotonic() < until:
            for flow in (flows.client_credentials_es256, flows.redemption, flows.refresh):
                rates.append(flow(server, bench)["rate"])
    finally:
        over.set()
        watcher.join()
    tenth = max(1, len(samples) // 10)
    return {
        "minutes": minutes,
        "first_mib": statistics.mean(samples[:tenth]),
        "last_mib": statistics.mean(samples[-tenth:]),
        "peak_mib": max(samples),
        "samples_mib": samples[:: max(1, len(samples) // 200)],
        "rates": rates,
    }
