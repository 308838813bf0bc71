"""The load generators: wrk for as fast as it goes, oha for a constant rate."""

import json
import os
import pathlib
import subprocess

HERE = pathlib.Path(__file__).parent


def wrk(server, seconds, url, script, more=None, threads=2, connections=16):
    """Loads `server` for a while. What comes back has times in milliseconds, CPU in microseconds
    for each operation."""
    command = [
        "wrk",
        f"-t{min(threads, connections)}",
        f"-c{connections}",
        f"-d{seconds}s",
        "--timeout=10s",
        "-s",
        script,
        url,
    ]
    environment = {**os.environ, **(more or {})}
    # On a machine that is busy elsewhere, a second can pass without one answer.
    for _ in range(3):
        before = server.cpu()
        done = subprocess.run(
            command, cwd=HERE, env=environment, capture_output=True, text=True, check=False
        )
        after = server.cpu()
        result = [it.split()[1:] for it in done.stdout.splitlines() if it.startswith("RESULT ")]
        if not result:
            raise SystemExit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
        operations, microseconds, p50, p99, refused = map(int, result[0])
        if operations:
            break
    else:
        raise SystemExit(f"{server.name}: not one answer was right\n{done.stdout}{server.log()}")
    cpu, database = (
        used / operations * 1e6 for used in (after[0] - before[0], after[1] - before[1])
    )
    return {
        "rate": operations / (microseconds / 1e6),
        "p50_ms": p50 / 1000,
        "p99_ms": p99 / 1000,
        "cpu_us": cpu,
        "database_cpu_us": database if server.postgres else None,
        "refused": refused,
    }


def oha(seconds, rate, url, authorization, form, connections=16):
    """POSTs `form` at a constant rate; a request that had to wait for its turn counts from when its
    turn was."""
    command = [
        "oha",
        "--no-tui",
        "--output-format=json",
        "--latency-correction",
        "--disable-compression",
        f"-q{rate}",
        f"-c{connections}",
        f"-z{seconds}s",
        "--method=POST",
        f"-HAuthorization: {authorization}",
        "-HContent-Type: application/x-www-form-urlencoded",
        f"-d{form}",
        url,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:8])} …\n{done.stderr}")
    report = json.loads(done.stdout)
    statuses, errors = report["statusCodeDistribution"], report["errorDistribution"]
    # What is under way when the time is over is no failure.
    failed = sum(number for error, number in errors.items() if "deadline" not in error)
    percentiles = report["latencyPercentiles"]
    return {
        "asked": rate,
        "rate": statuses.get("200", 0) / report["summary"]["total"],
        "p50_ms": percentiles["p50"] * 1000,
        "p99_ms": percentiles["p99"] * 1000,
        "p99_9_ms": percentiles["p99.9"] * 1000,
        "refused": sum(number for status, number in statuses.items() if status != "200") + failed,
    }


def open_loop(rate, url, authorization, forms, connections=16):
    """The same for `forms` that count once: `benches/open_loop.rs`."""
    address, slash, path = url.removeprefix("http://").partition("/")
    command = [
        os.environ["OPEN_LOOP"],
        address,
        slash + path,
        authorization,
        str(rate),
        str(connections),
    ]
    forms = "".join(form + "\n" for form in forms)
    done = subprocess.run(command, input=forms, capture_output=True, text=True, check=False)
    if done.returncode or not done.stdout.startswith("RESULT "):
        raise SystemExit(f"{' '.join(command[:3])} …\n{done.stdout}{done.stderr}")
    answered, microseconds, p50, p99, p99_9, refused = map(int, done.stdout.split()[1:])
    return {
        "asked": rate,
        "rate": answered / (microseconds / 1e6),
        "p50_ms": p50 / 1000,
        "p99_ms": p99 / 1000,
        "p99_9_ms": p99_9 / 1000,
        "refused": refused,
    }
