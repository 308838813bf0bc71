"""What was measured, for people: a table, what was promised beside what is, and the documents."""

import pathlib
import statistics

import plot

DOCS = pathlib.Path(__file__).parent.parent.parent / "docs"
BEGIN, END = "<!-- begin: scripts/bench --write-docs -->", "<!-- end -->"
SQLITE, POSTGRES, BARE = "tegata-sqlite", "tegata-postgres", "bare"
MEMORY, ON_POSTGRES = "oidc-provider-memory", "oidc-provider-postgres"
CREDENTIALS, CREDENTIALS_RS256 = "client_credentials ES256", "client_credentials RS256"
ISSUANCE, REDEMPTION = "ID-JAG issuance", "ID-JAG redemption"
WIDTHS = (29, 24, 9, 9, 11, 11, 10, 10, 8)
# Ratios take the better side of each: what a busy machine takes away is no property of a server.
BEST = {"rate": max, "cpu_us": min, "p50_ms": min, "p99_ms": min}


def line(flow, server, measured):
    return (
        f"{flow:28} {server:23} {measured['rate']:8.0f}/s"
        f"{measured['p50_ms']:8.2f} ms{measured['p99_ms']:9.2f} ms{measured['cpu_us']:8.0f} µs"
        f"{database_cpu(measured):>9}{measured['refused'] or '':>8}"
    )


def database_cpu(measured):
    used = measured.get("database_cpu_us")
    return "" if used is None else f"{used:.0f} µs"


def table(results):
    print(
        "Operations per second (best, median), latency, CPU of the server for each, and of its database."
    )
    for row in rows(results):
        print("".join(f"{cell:<{width}}" for cell, width in zip(row, WIDTHS, strict=True)))
    for name, start in results.get("start", {}).items():
        print(
            f"{name}: first start {start['fresh_ms']:.0f} ms, start {start['existing_ms']:.0f} ms,"
            f" idle {start['idle_mib']:.0f} MiB, after all flows {results['resident_mib'][name]:.0f} MiB"
        )


def rows(results):
    yield ("", "", "best/s", "median/s", "p50 ms", "p99 ms", "CPU µs", "DB µs", "refused")
    for flow, servers in results["flows"].items():
        for name, rounds in servers.items():
            database = [it["database_cpu_us"] for it in rounds if it["database_cpu_us"] is not None]
            yield (
                flow,
                name,
                f"{max(it['rate'] for it in rounds):.0f}",
                f"{median(rounds, 'rate'):.0f}",
                f"{median(rounds, 'p50_ms'):.2f}",
                f"{median(rounds, 'p99_ms'):.2f}",
                f"{median(rounds, 'cpu_us'):.0f}",
                f"{statistics.median(database):.0f}" if database else "",
                str(sum(it["refused"] for it in rounds) or ""),
            )


def median(rounds, what):
    return statistics.median(it[what] for it in rounds)


def check(results):
    """Prints each promise. Answers whether all hold that could be looked at."""
    kept = True
    for what, at_least, limit, measured, unit in promises(results):
        if measured is None:
            word, shown = "not measured", "–"
        else:
            holds = measured >= limit if at_least else measured <= limit
            word, shown = "met" if holds else "NOT MET", f"{measured:.2f}{unit}"
            kept = kept and holds
        promised = f"{'≥' if at_least else '≤'} {limit:g}{unit}"
        print(f"{word:13}{what:74}{promised:12}{shown:>12}")
    return kept


def promises(results):
    """What must hold, whether it is a least or a most, the limit, what was measured, its unit."""
    flows = results.get("flows", {})

    def best(flow, server, what):
        rounds = flows.get(flow, {}).get(server)
        return BEST[what](it[what] for it in rounds) if rounds else None

    def ratio(flow, ours, theirs, what="rate"):
        a, b = best(flow, ours, what), best(flow, theirs, what)
        return a / b if a and b else None

    def of(group, *path):
        found = results.get(group) or {}
        for name in path:
            found = found.get(name) if found else None
        return found

    for flow in (ISSUANCE, REDEMPTION):
        yield (
            f"{flow}: CPU ÷ bare program, both with a row",
            False,
            1.3,
            ratio(flow, SQLITE, BARE, "cpu_us"),
            " ×",
        )
        yield f"{flow}: rate ÷ bare program", True, 0.6, ratio(flow, SQLITE, BARE), " ×"
    yield (
        f"{CREDENTIALS}: rate ÷ bare program (without row)",
        True,
        0.6,
        ratio(CREDENTIALS, SQLITE, BARE),
        " ×",
    )
    yield (
        f"{CREDENTIALS}: rate ÷ oidc-provider in memory",
        True,
        2.5,
        ratio(CREDENTIALS, SQLITE, MEMORY),
        " ×",
    )
    yield (
        f"{CREDENTIALS}: rate ÷ oidc-provider on PostgreSQL",
        True,
        4.5,
        ratio(CREDENTIALS, SQLITE, ON_POSTGRES),
        " ×",
    )
    yield (
        f"{CREDENTIALS_RS256}: rate ÷ bare program",
        True,
        0.85,
        ratio(CREDENTIALS_RS256, SQLITE, BARE),
        " ×",
    )
    for flow in ("refresh", "code + PKCE"):
        yield (
            f"{flow}: rate ÷ oidc-provider in memory",
            True,
            2.5,
            ratio(flow, SQLITE, MEMORY),
            " ×",
        )
        yield (
            f"{flow}: rate ÷ oidc-provider on PostgreSQL",
            True,
            5,
            ratio(flow, SQLITE, ON_POSTGRES),
            " ×",
        )
    for flow in ("JWKS", "discovery"):
        yield f"{flow}: rate ÷ bare program", True, 0.65, ratio(flow, SQLITE, BARE), " ×"
    for flow in (CREDENTIALS, ISSUANCE, REDEMPTION, "code + PKCE", "refresh"):
        yield (
            f"{flow}: rate on PostgreSQL ÷ on SQLite",
            True,
            0.5,
            ratio(flow, POSTGRES, SQLITE),
            " ×",
        )
    yield "sign-in: rate ÷ bare argon2id", True, 0.85, ratio("sign-in", SQLITE, BARE), " ×"
    for server in (SQLITE, POSTGRES):
        yield (
            f"{server}: p99 of {CREDENTIALS} at a constant 1,000/s",
            False,
            5,
            of("open_loop", server, CREDENTIALS, "p99_ms"),
            " ms",
        )
        yield (
            f"{server}: p99 of {REDEMPTION} at a constant 1,000/s",
            False,
            8,
            of("open_loop", server, REDEMPTION, "p99_ms"),
            " ms",
        )
        yield (
            f"{server}: p99 of {CREDENTIALS} at half of its peak",
            False,
            25,
            of("half_peak", server, "p99_ms"),
            " ms",
        )
        yield (
            f"{server}: p99 of tokens while sign-ins saturate",
            False,
            50,
            of("while_signing_in", server, "tokens", "p99_ms"),
            " ms",
        )
    commit = results.get("commit_ms")
    alone = of("alone", SQLITE, CREDENTIALS, "p50_ms")
    above = alone - commit if alone and commit else None
    yield "a lone request on SQLite: its time above that of one commit", False, 1, above, " ms"
    yield (
        "first start: fresh database, keys made",
        False,
        1000,
        of("start", SQLITE, "fresh_ms"),
        " ms",
    )
    yield "start to first answer", False, 50, of("start", SQLITE, "existing_ms"), " ms"
    yield "resident when idle", False, 30, of("start", SQLITE, "idle_mib"), " MiB"
    yield "resident at peak, over the long run", False, 80, of("soak", SQLITE, "peak_mib"), " MiB"
    first, last = of("soak", SQLITE, "first_mib"), of("soak", SQLITE, "last_mib")
    yield (
        "memory at the end of the long run ÷ at its beginning",
        False,
        1.1,
        last / first if first else None,
        " ×",
    )
    curve = of("growth", "rows", SQLITE)
    for flow in (CREDENTIALS, REDEMPTION):
        whole = curve[-1][flow]["rate"] / curve[0][flow]["rate"] if curve else None
        most = f"{curve[-1]['at']:,}" if curve else "10,000,000"
        yield f"{flow}: rate with {most} rows ÷ with none", True, 0.9, whole, " ×"


def write_docs(results):
    """Puts the figures between the markers of docs/benchmarks.md, and draws the plot."""
    page = DOCS / "benchmarks.md"
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{figures(results)}\n{END}{after}")
    (DOCS / "benchmarks.svg").write_text(plot.flows(results))
    if "growth" in results:
        (DOCS / "growth.svg").write_text(plot.growth(results))


def figures(results):
    it, options = results["machine"], results["options"]
    text = [
        f"Measured on {it['date']} at `{it['commit']}`: {it['cpu']}, {it['cores']} cores shared by server, database and"
        f" load generator, {it['memory_gib']} GiB, Linux {it['kernel']}, {it['disk']}; {it['rustc']}"
        + (f"; {it['postgres']}" if it["postgres"] else "")
        + f". {options['rounds']} rounds of {options['seconds']} seconds, {options['connections']} connections.",
        "",
        "![operations per second, by flow and server](benchmarks.svg)",
        "",
        *markdown(list(rows(results))),
        "",
    ]
    starts = [("", "first start", "start", "idle", "after all flows")] + [
        (
            name,
            f"{start['fresh_ms']:.0f} ms",
            f"{start['existing_ms']:.0f} ms",
            f"{start['idle_mib']:.0f} MiB",
            f"{results['resident_mib'][name]:.0f} MiB",
        )
        for name, start in results.get("start", {}).items()
    ]
    text += [*markdown(starts), ""]
    promised = [("promise", "limit", "measured", "")]
    for what, at_least, limit, measured, unit in promises(results):
        holds = measured is not None and (measured >= limit if at_least else measured <= limit)
        word = "not measured" if measured is None else "met" if holds else "**not met**"
        shown = "" if measured is None else f"{measured:.2f}{unit}"
        promised.append((what, f"{'≥' if at_least else '≤'} {limit:g}{unit}", shown, word))
    text += ["### What must hold", "", *markdown(promised)]
    if "growth" in results:
        text += ["", "### Growth", "", "![rates as connections, people and rows grow](growth.svg)"]
    return "\n".join(text) + "\n"


def markdown(cells):
    head, *body = cells
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in body:
        yield "| " + " | ".join(row) + " |"
