"""Two equal tables of members, of which tests change one, and a run that compares them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from dashboard.progress import SilentProgress
from dashboard.reconcile.basis import Options
from dashboard.reconcile.resolve import Place
from dashboard.reconcile.run import Outcome, run_table
from dashboard.reconcile.spec import parse
from queries.compare_results import ExceptionRow, page_of
from queries.database import own_engine
from tests.conftest import connected, grant, new_database

ROWS = 20_000
SHAPE = (
    "(id bigint PRIMARY KEY, name text, amount numeric(12, 4), at timestamptz, state text, "
    "batch text)"
)
FILL = (
    "INSERT INTO {} SELECT n, 'name ' || n, n / 7.0, timestamptz '2024-01-01' + n * interval '1s', "
    "CASE WHEN n % 1000 = 0 THEN 'X' ELSE 'A' END, 'batch ' || n % 10 "
    f"FROM generate_series(1, {ROWS}) AS n"
)
SPEC = """
name = "pair"
[source]
url = "{source}"
[target]
url = "{target}"
[[table]]
name = "members"
source = "{relation}"
target = "new_members"
key = ["id"]
{more}
"""


@contextmanager
def members(server_url: str) -> Iterator[str]:
    """A database with two equal tables; the second one is what tests change."""
    with new_database(server_url) as url:
        with connected(url) as connection, connection.begin():
            for name in ("old_members", "new_members"):
                connection.execute(sa.text(f"CREATE TABLE {name} {SHAPE}"))
                connection.execute(sa.text(FILL.format(name)))
            connection.execute(sa.text("ALTER TABLE new_members DROP CONSTRAINT new_members_pkey"))
            connection.execute(sa.text("CREATE INDEX ON new_members (id)"))
            connection.execute(sa.text("ANALYZE"))
        grant(url)
        yield url


def sqlite_copy(target: str, path: Path) -> str:
    asked = "SELECT id, name, amount::text, at::text, state, batch FROM old_members"
    with connected(target) as connection:
        rows = [tuple(row) for row in connection.execute(sa.text(asked))]
    with sqlite3.connect(path) as copy:
        shape = SHAPE.replace("timestamptz", "text").replace("numeric(12, 4)", "text")
        copy.execute(f"CREATE TABLE old_members {shape}")
        copy.executemany("INSERT INTO old_members VALUES (?, ?, ?, ?, ?, ?)", rows)
    copy.close()
    return f"sqlite:///{path}"


def change(url: str, *statements: str) -> None:
    with connected(url) as connection, connection.begin():
        for statement in statements:
            connection.execute(sa.text(statement))


def run(
    source: str,
    target: str,
    *,
    more: str = "",
    options: Options | None = None,
    relation: str = "old_members",
) -> Outcome:
    text = SPEC.format(source=source, target=target, relation=relation, more=more)
    held, lines = parse(text, "pair.toml")
    own = own_engine(target)
    try:
        place = Place("pair.toml", lines, ("table", 0))
        return run_table(held, held.table[0], place, own, options or Options(), SilentProgress())
    finally:
        own.dispose()


def ledger(url: str, outcome: Outcome) -> tuple[ExceptionRow, ...]:
    with connected(url) as connection:
        return page_of(connection, outcome.run_id, rows=100_000).rows
