"""What `scripts/bench` does once everything is built. See its --help."""

import argparse
import json
import os
import pathlib
import platform
import signal
import statistics
import subprocess
import sys
import time

import extra
import flows
import growth
import report
from servers import Bare, Postgres, Rival, Tegata


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if options.check:
        sys.exit(0 if report.check(json.loads(options.check.read_text())) else 3)
    if options.write_docs:
        return report.write_docs(json.loads(options.write_docs.read_text()))
    world = Contenders(options)
    results = {"machine": machine(), "options": settings(options), "flows": {}, "start": {}}
    try:
        run(world, options, results)
    finally:
        world.stop()
        if options.json:
            options.json.write_text(json.dumps(results, indent=1) + "\n")
    print()
    report.table(results)
    print()
    report.check(results)


def run(world, options, results):
    bench = flows.Bench(options.seconds, options.connections)
    servers = {name: world.open(name) for name in options.servers}
    for server in servers.values():
        server.start()
    measure_flows(servers, bench, options, results)
    results["resident_mib"] = {name: server.resident() for name, server in servers.items()}
    ours = {name: server for name, server in servers.items() if server.kind == "tegata"}
    results["commit_ms"] = extra.commit_ms(world.folder)
    if not options.only:
        results["alone"] = {
            name: told(f"{name}: a request alone", extra.alone, server, bench)
            for name, server in ours.items()
        }
        for name in servers:
            results["start"][name] = told(
                f"{name}: starting", extra.startup, world.unopened(name), name, options.starts
            )
    if options.open_loop:
        open_loops(ours, bench, options, results)
    if options.soak:
        results["soak"] = {
            name: told(
                f"{name}: {options.soak} minutes at full load",
                extra.soak,
                server,
                options.soak,
                bench,
            )
            for name, server in ours.items()
        }
    if options.growth:
        grow(ours, bench, options, results)


def measure_flows(servers, bench, options, results):
    """Round robin, so that what else happens on the machine happens to all alike."""
    chosen = [
        name
        for name in flows.FLOWS
        if not options.only or any(it.lower() in name.lower() for it in options.only)
    ]
    if not chosen:
        raise SystemExit(f"--only: there is none of {', '.join(flows.FLOWS)}")
    for turn in range(options.rounds + 1):
        # The first round is for warming up: caches, pools, and the compiler of node.
        now = bench.for_seconds(options.warm_up) if turn == 0 else bench
        for name in chosen:
            for server in servers.values():
                if not turn:
                    say(f"warming up: {name}, {server.name}")
                measured = flows.FLOWS[name](server, now)
                if measured and turn:
                    results["flows"].setdefault(name, {}).setdefault(server.name, []).append(
                        measured
                    )
                    say(f"round {turn}: {report.line(name, server.name, measured)}")


def open_loops(ours, bench, options, results):
    results["open_loop"], results["half_peak"], results["while_signing_in"] = {}, {}, {}
    for name, server in ours.items():
        results["open_loop"][name] = told(
            f"{name}: {options.rate}/s", extra.open_loop, server, bench, options.rate
        )
        measured = results["flows"].get("client_credentials ES256", {}).get(name)
        if measured:
            half = int(statistics.median(it["rate"] for it in measured) / 2)
            half_peak = extra.client_credentials_at(server, bench.seconds, half)
            results["half_peak"][name] = half_peak
        results["while_signing_in"][name] = told(
            f"{name}: tokens while people sign in", extra.while_signing_in, server, bench
        )


def grow(ours, bench, options, results):
    curves = {
        "connections": (growth.connections, 256),
        "people": (growth.people, options.people),
        "rows": (growth.rows, options.rows),
    }
    for curve, (measure, most) in curves.items():
        results.setdefault("growth", {})[curve] = {
            name: told(f"{name}: growing {curve}", measure, server, bench, most)
            for name, server in ours.items()
        }


def told(what, measure, *details):
    say(what)
    return measure(*details)


def say(text):
    print(text, file=sys.stderr, flush=True)


class Contenders:
    """Makes servers by their names, and stops whatever it made."""

    NAMES = (
        "tegata-sqlite",
        "tegata-postgres",
        "oidc-provider-memory",
        "oidc-provider-postgres",
        "bare",
    )
    # Another build of tegata, on SQLite: whether a change made it slower.
    BEFORE = "tegata-before"

    def __init__(self, options):
        self.options, self.folder, self.made = options, pathlib.Path(os.environ["FOLDER"]), []
        self.postgres = None
        if url := os.environ.get("POSTGRES_URL"):
            self.postgres = Postgres(
                url, os.environ["POSTGRES_PROGRAMS"], os.environ["POSTGRES_FOLDER"]
            )

    def open(self, name):
        return self.unopened(name, applied=True)(name)

    def unopened(self, name, applied=False):
        postgres = self.postgres if name.endswith("-postgres") else None

        def make(called):
            if name.startswith("tegata"):
                which = "TEGATA_BEFORE" if name == self.BEFORE else "TEGATA"
                server = Tegata(called, self.folder, os.environ[which], postgres, applied)
            elif name.startswith("oidc-provider"):
                server = Rival(called, self.folder, pathlib.Path(os.environ["RIVAL"]), postgres)
            else:
                server = Bare(called, self.folder, os.environ["BARE"])
            self.made.append(server)
            return server

        return make

    def stop(self):
        for server in self.made:
            server.stop()


def arguments():
    names = ", ".join(flows.FLOWS)
    it = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measures tegata beside node oidc-provider and the bare program of benches/bare, all on loopback "
        "and in turn, and says whether what we promise holds. docs/benchmarks.md explains the method.",
    )
    it.add_argument(
        "--quick",
        action="store_true",
        help="one round of one second each: whether it runs, not how fast",
    )
    it.add_argument(
        "--only",
        action="append",
        metavar="FLOW",
        help=f"flows with this in their name; may be repeated. There are: {names}",
    )
    it.add_argument(
        "--servers",
        metavar="NAMES",
        default=",".join(Contenders.NAMES),
        help="with commas; default: all of %(default)s. tegata-before is another build, on SQLite, that "
        "TEGATA_BEFORE names",
    )
    it.add_argument("--rounds", type=int, metavar="N", help="default 3")
    it.add_argument("--seconds", type=int, metavar="N", help="for each measurement; default 5")
    it.add_argument("--connections", type=int, default=16, metavar="N", help="default 16")
    it.add_argument(
        "--json", type=pathlib.Path, metavar="FILE", help="where all that was measured is written"
    )
    it.add_argument("--open-loop", action="store_true", help="constant rates as well")
    it.add_argument(
        "--rate",
        type=int,
        default=1000,
        metavar="N",
        help="of --open-loop, per second; default 1000",
    )
    it.add_argument(
        "--growth", action="store_true", help="curves as well: connections, people, rows"
    )
    it.add_argument(
        "--people", type=int, default=1_000_000, metavar="N", help="the most of --growth"
    )
    it.add_argument(
        "--rows",
        type=int,
        default=10_000_000,
        metavar="N",
        help="the most of --growth; takes 10 GB of disk",
    )
    it.add_argument(
        "--soak",
        type=int,
        default=0,
        metavar="MINUTES",
        help="full load for so long, watching the memory",
    )
    it.add_argument(
        "--check",
        type=pathlib.Path,
        metavar="FILE",
        help="measures nothing: what holds by the figures in FILE",
    )
    it.add_argument(
        "--write-docs",
        type=pathlib.Path,
        metavar="FILE",
        help="measures nothing: puts the figures in FILE into docs/benchmarks.md",
    )
    options = it.parse_args()
    quick = options.quick
    options.rounds = options.rounds or (1 if quick else 3)
    options.seconds = options.seconds or (1 if quick else 5)
    options.warm_up = min(2, options.seconds)
    options.starts = 1 if quick else 5
    options.servers = options.servers.split(",")
    if wrong := set(options.servers) - {*Contenders.NAMES, Contenders.BEFORE}:
        it.error(f"--servers: {', '.join(wrong)} is none of {', '.join(Contenders.NAMES)}")
    if Contenders.BEFORE in options.servers and not os.environ.get("TEGATA_BEFORE"):
        it.error(f"--servers: TEGATA_BEFORE does not say which program {Contenders.BEFORE} is")
    return options


def settings(options):
    kept = ("rounds", "seconds", "connections", "rate", "servers")
    return {name: getattr(options, name) for name in kept}


def machine():
    cpu = pathlib.Path("/proc/cpuinfo").read_text()
    models = [
        line.partition(":")[2].strip() for line in cpu.splitlines() if line.startswith("model name")
    ]
    memory = int(pathlib.Path("/proc/meminfo").read_text().split()[1]) / 1024 / 1024
    postgres = os.environ.get("POSTGRES_PROGRAMS")
    here = str(pathlib.Path(__file__).parent)
    return {
        "cpu": models[0] if models else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory),
        "kernel": platform.release(),
        "disk": said("findmnt", "-no", "FSTYPE", "--target", os.environ["FOLDER"]),
        "rustc": said("rustc", "--version"),
        "postgres": said(f"{postgres}/postgres", "--version") if postgres else None,
        "commit": said("git", "-C", here, "describe", "--always", "--dirty"),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def said(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip()


if __name__ == "__main__":
    main()
