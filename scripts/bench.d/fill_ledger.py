"""Puts many rows into the ledger of a SQLite database that `tegata` has made, for benches/ledger.rs.

    python3 scripts/bench.d/fill_ledger.py /tmp/ledger.db 10000000

The rows have no true hashes: `tegata ledger verify` would say so.
"""

import sqlite3
import sys
import time

path, rows = sys.argv[1], int(sys.argv[2])
month = time.strftime("%Y%m", time.gmtime())
table = f"ledger_{month}"
with sqlite3.connect(path) as db:
    db.execute("PRAGMA journal_mode = wal")
    db.execute("PRAGMA synchronous = off")
    db.execute("PRAGMA cache_size = -400000")
    if not db.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [table]).fetchone():
        sys.exit(f"there is no {table} yet: let tegata write a row first")
    first = db.execute(f"SELECT COALESCE(MAX(number), 0) FROM {table}").fetchone()[0] + 1
    step = 500_000
    for begin in range(first, first + rows, step):
        db.execute(
            f"""
            WITH RECURSIVE n(i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
            INSERT INTO {table} (number, at, request, issuer, event, client, user, service, scope,
                resource, jti, parent, outcome, chain, place, hash)
            SELECT i, 1700000000000 + i, printf('%032x', i), 'https://home.example/services/chat',
                'access_token', 'wiki-at-chat', printf('%032x', i % 100000),
                'https://home.example/services/chat', 'chat.read chat.write',
                'https://chat.example/mcp', printf('%016x%016x', i, i * 7919 % 1000003),
                printf('%016x%016x', i - 1, i * 7907 % 1000003), 'issued', 0, i, randomblob(32)
            FROM n
            """,
            [begin, min(begin + step, first + rows) - 1],
        )
        db.commit()
        print(begin - first + step, end="\r", flush=True)
print()
