"""References of the target: every one is followed, every orphan is kept, on any engine."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from dashboard.progress import SilentProgress
from dashboard.reconcile.basis import Options
from dashboard.reconcile.resolve import Place
from dashboard.reconcile.run import Outcome, run_table
from dashboard.reconcile.spec import SpecificationError, parse
from queries.database import own_engine
from queries.reconciliation_results import OrphanRow, orphans, references
from tests.conftest import connected, new_database

TABLES = (
    "CREATE TABLE members (plan text, no integer)",
    "CREATE TABLE payments (id integer, plan text, member integer, batch text)",
    "INSERT INTO members VALUES ('A', 1), ('A', 2), ('B', 1)",
    "INSERT INTO payments VALUES (1, 'A', 1, 'b1'), (2, 'A', 2, 'b1'), (3, 'B', 1, 'b2'), "
    "(4, 'B', 2, 'b2'), (5, 'A', NULL, 'b2'), (6, 'C', 1, 'test')",
)
SPEC = """
name = "pension"
[source]
url = "{url}"
[target]
url = "{url}"
[[table]]
name = "payments"
source = "payments"
target = "payments"
key = ["id"]
[table.target_labels]
batch = "batch"
[[table.reference]]
name = "member"
columns = ["plan", "member"]
to = "members"
to_columns = ["plan", "no"]
{more}
"""


@pytest.fixture(params=["PostgreSQL", "SQLite"])
def target(request: pytest.FixtureRequest, empty_database: str, tmp_path: Path) -> Iterator[str]:
    if request.param == "PostgreSQL":
        with connected(empty_database) as connection, connection.begin():
            for statement in TABLES:
                connection.execute(sa.text(statement))
        yield empty_database
        return
    path = tmp_path / "target.sqlite"
    with sqlite3.connect(path) as made:
        for statement in TABLES:
            made.execute(statement)
    made.close()
    yield f"sqlite:///{path}"


@pytest.fixture
def results(server_url: str) -> Iterator[str]:
    with new_database(server_url) as url:
        yield url


def run(url: str, results: str, *, more: str = "", options: Options | None = None) -> Outcome:
    held, lines = parse(SPEC.format(url=url, more=more), "pension.toml")
    own = own_engine(results)
    try:
        place = Place("pension.toml", lines, ("table", 0))
        return run_table(held, held.table[0], place, own, options or Options(), SilentProgress())
    finally:
        own.dispose()


def kept(results: str, outcome: Outcome) -> list[OrphanRow]:
    with connected(results) as connection:
        return list(orphans(connection, outcome.run_id, "member").rows)


def test_every_orphan_is_kept_with_its_key_value_and_batch(target: str, results: str) -> None:
    outcome = run(target, results)
    assert (outcome.exceptions, outcome.orphans) == (0, 2)
    found = {(tuple(row.key), tuple(row.value), row.batch) for row in kept(results, outcome)}
    assert found == {(("4",), ("B", "2"), "b2"), (("6",), ("C", "1"), "test")}
    with connected(results) as connection:
        (row,) = references(connection, (outcome.run_id,)).rows
    assert (row.rows, row.empty, row.orphans, row.parent) == (6, 1, 2, row.parent)
    assert row.parent.endswith("members")


def test_a_declared_filter_leaves_records_out_of_their_references(
    target: str, results: str
) -> None:
    same = 'keep = "batch <> \'test\'"\nreason = "tests"'
    more = f"[table.source_filter]\n{same}\n[table.target_filter]\n{same}"
    assert [row.key for row in kept(results, run(target, results, more=more))] == [["4"]]


def test_references_are_followed_anew_where_no_record_changed(target: str, results: str) -> None:
    run(target, results)
    again = run(target, results, options=Options(changed=True))
    assert (again.compared, again.orphans) == (0, 2)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ('to = "members"', 'to = "nobody"', 17, "nobody"),
        ('["plan", "no"]', '["plan", "number"]', 18, "members has no column number"),
        ('["plan", "member"]', '["plan", "person"]', 16, "payments has no column person"),
    ],
)
def test_what_is_not_there_is_told_with_its_line(
    target: str, results: str, old: str, new: str, line: int, words: str
) -> None:
    text = SPEC.format(url=target, more="").replace(old, new)
    held, lines = parse(text, "pension.toml")
    own = own_engine(results)
    try:
        with pytest.raises(SpecificationError, match=f"line {line}: .*{words}"):
            run_table(
                held, held.table[0], Place("pension.toml", lines, ("table", 0)), own, Options(),
                SilentProgress(),
            )  # fmt: skip
    finally:
        own.dispose()
