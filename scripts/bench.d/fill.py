"""Fills tables with millions of rows, by copying a real one: the schema is read, not known.

Columns that tell rows apart get a value of their own, all others stay as they are. Secondary
indexes are dropped while the table grows, and made again."""

import sqlite3

# In the order in which both databases sort; with it new keys are spread over the whole index.
ALPHABET = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
PLACES = 64**3
# Columns that tell rows apart, though no index says so.
TELLING = {"jti", "parent", "request"}
# So that nothing is swept away while it is measured: a month.
LATER = {"forget_after", "expires_at"}
MONTH = 30 * 86_400


def grow(server, table, rows):
    """Makes `table` of a stopped tegata have `rows` rows. There has to be one already."""
    database = OnPostgres(server) if server.postgres else OnSqlite(server)
    try:
        table = database.behind(table)
        there = database.number(f"SELECT count(*) FROM {table}")
        if not there:
            raise SystemExit(f"{table} is empty: there is nothing to copy")
        if rows > there:
            database.copy(table, there, rows - there)
    finally:
        database.close()


class Database:
    def behind(self, table):
        """The table that is really meant."""
        return table

    def copy(self, table, there, more):
        columns = self.columns(table)
        unique = self.unique_columns(table)
        last = self.newest(table, columns)
        names, values = [], []
        for name, (is_text, is_automatic) in columns.items():
            if is_automatic:
                continue
            value = f'it."{name}"'
            if is_text and name in unique | TELLING:
                # What is NULL stays NULL.
                value = f'CASE WHEN it."{name}" IS NULL THEN NULL ELSE {self.key(there, more)} END'
            elif name in unique:
                top = self.number(f'SELECT max("{name}") FROM {table}')
                value = f"{top} + series.n + 1"
            elif name in LATER and not is_text:
                value = f'it."{name}" + {MONTH}'
            names.append(f'"{name}"')
            values.append(value)
        self.insert(table, ", ".join(names), ", ".join(values), last, more)

    def key(self, there, more):
        """Text that grows with n, spread over all places of an index, and told apart from what
        another call made by how many rows there were."""
        place = f"(series.n * {PLACES} / {more})"
        digit = "substr('{0}', CAST({1} / {2} % 64 AS integer) + 1, 1)"
        digits = " || ".join(digit.format(ALPHABET, place, 64**power) for power in (2, 1, 0))
        return f"{digits} || '{there:09}' || {self.hexadecimal('series.n')}"


class OnSqlite(Database):
    def __init__(self, server):
        self.database = sqlite3.connect(server.file, isolation_level=None)
        # Of what is filled in nothing has to outlive the power; of what is measured all has.
        for pragma in ("synchronous = OFF", "cache_size = -2000000", "foreign_keys = OFF"):
            self.database.execute(f"PRAGMA {pragma}")

    def behind(self, table):
        """The ledger is a view of its months: it grows in the one that has the newest row."""
        months = self.database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB ? ORDER BY name DESC",
            (f"{table}_[0-9][0-9][0-9][0-9][0-9][0-9]",),
        ).fetchall()
        filled = (name for (name,) in months if self.number(f"SELECT count(*) FROM {name}"))
        return next(filled, table)

    def close(self):
        self.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.database.close()

    def number(self, sql):
        return self.database.execute(sql).fetchone()[0]

    def columns(self, table):
        rows = self.database.execute(f'PRAGMA table_info("{table}")').fetchall()
        keys = sum(1 for row in rows if row[5])
        return {
            name: (
                "INT" not in kind.upper() and "BOOL" not in kind.upper(),
                keys == 1 and bool(key) and kind.upper() == "INTEGER",
            )
            for _, name, kind, _, _, key in rows
        }

    def unique_columns(self, table):
        """The last column of each unique index, but those that point to other tables."""
        pointing = {row[3] for row in self.database.execute(f'PRAGMA foreign_key_list("{table}")')}
        last = set()
        for _, name, is_unique, *_ in self.database.execute(
            f'PRAGMA index_list("{table}")'
        ).fetchall():
            columns = self.database.execute(f'PRAGMA index_info("{name}")').fetchall()
            if is_unique:
                last.add(columns[-1][2])
        return last - pointing

    def newest(self, table, _):
        return f"(SELECT * FROM {table} WHERE rowid = (SELECT max(rowid) FROM {table}))"

    def hexadecimal(self, number):
        return f"printf('%010x', {number})"

    def insert(self, table, names, values, it, more):
        indexes = self.database.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL",
            (table,),
        ).fetchall()
        self.database.execute("BEGIN")
        for name, _ in indexes:
            self.database.execute(f'DROP INDEX "{name}"')
        self.database.execute(
            f"WITH RECURSIVE series(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM series WHERE n < {more - 1}) "
            f"INSERT INTO {table} ({names}) SELECT {values} FROM series, {it} AS it"
        )
        for _, sql in indexes:
            self.database.execute(sql)
        self.database.execute("COMMIT")
        self.database.execute("ANALYZE")


class OnPostgres(Database):
    def __init__(self, server):
        self.postgres, self.url = server.postgres, server.database

    def close(self):
        self.query("CHECKPOINT")

    def query(self, sql):
        return self.postgres.psql(self.url, sql)

    def number(self, sql):
        return int(self.query(sql)[0][0])

    def columns(self, table):
        rows = self.query(
            "SELECT column_name, data_type, column_default IS NOT NULL OR is_identity = 'YES' "
            f"FROM information_schema.columns WHERE table_name = '{table}' "
            "AND table_schema = 'public' ORDER BY ordinal_position"
        )
        return {
            name: (kind in ("text", "character varying"), auto == "t") for name, kind, auto in rows
        }

    def unique_columns(self, table):
        rows = self.query(
            "SELECT DISTINCT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid "
            "AND a.attnum = i.indkey[i.indnkeyatts - 1] "
            f"WHERE i.indrelid = 'public.\"{table}\"'::regclass AND i.indisunique"
        )
        return {name for (name,) in rows}

    def newest(self, table, columns):
        automatic = [name for name, (_, is_automatic) in columns.items() if is_automatic]
        order = f'ORDER BY "{automatic[0]}" DESC ' if automatic else ""
        return f"(SELECT * FROM {table} {order}LIMIT 1)"

    def hexadecimal(self, number):
        return f"lpad(to_hex({number}), 10, '0')"

    def insert(self, table, names, values, it, more):
        indexes = self.query(
            "SELECT indexrelid::regclass, pg_get_indexdef(indexrelid) FROM pg_index "
            f"WHERE indrelid = 'public.\"{table}\"'::regclass AND NOT indisunique AND NOT indisprimary"
        )
        drop = "".join(f"DROP INDEX {name};" for name, _ in indexes)
        make = "".join(f"{sql};" for _, sql in indexes)
        self.query(
            f"SET synchronous_commit = off; SET maintenance_work_mem = '512MB'; {drop}"
            f"INSERT INTO {table} ({names}) SELECT {values} "
            f"FROM generate_series(0::bigint, {more - 1}) AS series(n), {it} AS it;"
            f"{make} ANALYZE {table};"
        )
