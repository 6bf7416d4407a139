"""Whole runs: filters, tolerances, batches, re-validation, interruption, roles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from dashboard.progress import SilentProgress
from dashboard.reconcile.basis import Options
from dashboard.reconcile.resolve import Place
from dashboard.reconcile.run import InterruptedRunError, Outcome, run_table
from dashboard.reconcile.spec import parse
from queries.compare import SameDatabase
from queries.compare_across import AcrossDatabases
from queries.compare_judge import Finding
from queries.database import own_engine
from tests.conftest import connected, new_database
from tests.contract.members_pair import (
    FILL,
    ROWS,
    SHAPE,
    SPEC,
    change,
    ledger,
    members,
    run,
    sqlite_copy,
)


@pytest.fixture
def database(server_url: str) -> Iterator[str]:
    with members(server_url) as url:
        yield url


@pytest.fixture(params=["one database", "across databases", "another engine"])
def source(request: pytest.FixtureRequest, server_url: str, tmp_path: Path) -> Iterator[Callable]:
    """Makes the URL of the source for a target: the same database, another one, a SQLite file."""
    with new_database(server_url) as elsewhere:

        def url(target: str) -> str:
            if request.param == "one database":
                return target
            if request.param == "across databases":
                with connected(elsewhere) as connection, connection.begin():
                    connection.execute(sa.text(f"CREATE TABLE old_members {SHAPE}"))
                    connection.execute(sa.text(FILL.format("old_members")))
                return elsewhere
            return sqlite_copy(target, tmp_path / "old members.sqlite")

        yield url


DAMAGE = (
    "UPDATE new_members SET name = NULL WHERE id = 17",
    "UPDATE new_members SET at = at + interval '1 microsecond' WHERE id = 9000",
    "UPDATE new_members SET amount = amount + 0.0001 WHERE id IN (5, 15000)",
    "DELETE FROM new_members WHERE id IN (100, 19999)",
    "INSERT INTO new_members SELECT * FROM new_members WHERE id = 12000",
    "INSERT INTO new_members SELECT id + 100000, name FROM new_members WHERE id = 1",
)
FOUND = {
    ("5", "amount", "other"),
    ("17", "name", "null_out"),
    ("100", None, "missing"),
    ("9000", "at", "other"),
    ("12000", None, "surplus_copy"),
    ("15000", "amount", "other"),
    ("19999", None, "missing"),
    ("100001", None, "extra"),
}


def test_every_damage_is_found_and_nothing_else(database: str, source: Callable) -> None:
    start = source(database)
    assert run(start, database).exceptions == 0
    change(database, *DAMAGE)
    outcome = run(start, database)
    assert {(row.key[0], row.field, row.cause) for row in ledger(database, outcome)} == FOUND
    assert (outcome.source_rows, outcome.target_rows) == (ROWS, ROWS)
    with connected(database) as connection:
        asked = "SELECT matched FROM plumbline.reconciliation_runs WHERE run_id = :run"
        matched = connection.execute(sa.text(asked), {"run": outcome.run_id}).scalar_one()
    assert matched == ROWS - 2


def test_only_changed_buckets_are_compared_again(database: str, source: Callable) -> None:
    start = source(database)
    change(database, *DAMAGE)
    first = run(start, database)
    again = run(start, database, options=Options(changed=True))
    assert (again.compared, again.exceptions) == (0, len(FOUND))
    change(database, "UPDATE new_members SET name = 'name 17' WHERE id = 17")
    repaired = run(start, database, options=Options(changed=True))
    assert repaired.compared == 1 < first.buckets
    assert {(row.key[0], row.field, row.cause) for row in ledger(database, repaired)} == FOUND - {
        ("17", "name", "null_out")
    }


def test_a_rule_that_changed_makes_everything_new(database: str) -> None:
    run(database, database)
    outcome = run(
        database, database, more='ignore_source = ["name"]\nignore_target = ["name"]',
        options=Options(changed=True),
    )  # fmt: skip
    assert outcome.compared == outcome.buckets


def test_filters_are_declared_and_counted(database: str, source: Callable) -> None:
    start = source(database)
    change(database, "DELETE FROM new_members WHERE state = 'X'")
    more = '[table.source_filter]\nkeep = "state <> \'X\'"\nreason = "closed before the move"'
    outcome = run(start, database, more=more)
    assert (outcome.exceptions, outcome.source_filtered) == (0, ROWS // 1000)
    assert outcome.source_rows == outcome.target_rows == ROWS - ROWS // 1000


@pytest.mark.parametrize(
    ("rule", "within", "beyond"),
    [
        ('name = "amount"\ntolerance_absolute = 0.01', "amount = amount + 0.01", "amount + 0.0101"),
        (
            'name = "amount"\ntolerance_relative = 0.001',
            "amount = amount * 1.0005",
            "amount * 1.01",
        ),
        (
            'name = "at"\ntype = "timestamptz"\ntolerance_seconds = 2',
            "at = at + interval '2 s'",
            "at + interval '1 microsecond'",
        ),
        ('name = "name"\ncase = "ignore"', "name = upper(name)", "upper(name) || '.'"),
        ('name = "name"\nwhitespace = "collapse"', "name = ' ' || name || '  '", "name || ' x'"),
        ('name = "state"\ncodes = { A = "active", X = "closed" }', None, "'A'"),
    ],
)
def test_rules_allow_what_they_say_and_no_more(
    database: str, source: Callable, rule: str, within: str | None, beyond: str
) -> None:
    start = source(database)
    field = within.split(" ")[0] if within else "state"
    allowed = within or "state = CASE state WHEN 'A' THEN 'active' ELSE 'closed' END"
    change(database, f"UPDATE new_members SET {allowed} WHERE id > 1000 OR state <> ''")
    more = f"[[table.field]]\n{rule}"
    assert run(start, database, more=more).exceptions == 0
    change(database, f"UPDATE new_members SET {field} = {beyond} WHERE id = 7777")
    outcome = run(start, database, more=more)
    assert [row.key for row in ledger(database, outcome)] == [["7777"]]


def test_batches_come_from_the_records(database: str, source: Callable) -> None:
    start = source(database)
    change(database, "UPDATE new_members SET name = upper(name) WHERE batch = 'batch 7'")
    more = '[table.target_labels]\nbatch = "batch"\n[table.source_labels]\nsystem = "\'LEGACY\'"'
    outcome = run(start, database, more=more)
    with connected(database) as connection:
        asked = "SELECT field, cause, batch, source_system, exceptions "
        asked += "FROM plumbline.reconciliation_groups WHERE run_id = :run"
        groups = connection.execute(sa.text(asked), {"run": outcome.run_id}).all()
    assert [tuple(group) for group in groups] == [("name", "case", "batch 7", "LEGACY", ROWS // 10)]


def test_a_view_is_compared_and_compared_again(database: str) -> None:
    change(database, "CREATE VIEW seen AS SELECT * FROM old_members", *DAMAGE)
    for options in (Options(), Options(changed=True)):
        outcome = run(database, database, relation="seen", options=options)
        assert outcome.exceptions == len(FOUND)


def test_repeated_keys_everywhere_are_multisets(database: str) -> None:
    """A batch loaded twice: every key stands twice, and each copy is an exception."""
    change(database, "INSERT INTO new_members SELECT * FROM new_members")
    outcome = run(database, database)
    assert outcome.exceptions == ROWS
    assert {row.kind for row in ledger(database, outcome)} == {"surplus_copy"}


def test_padding_is_no_difference_but_all_before_it_is(database: str, source: Callable) -> None:
    start = source(database)
    change(
        database,
        "ALTER TABLE old_members ALTER state TYPE char(2)",
        "ALTER TABLE new_members ALTER state TYPE char(6)",
        "UPDATE new_members SET state = 'A B' WHERE id = 7",
        "UPDATE new_members SET state = NULL WHERE id = 8",
        "UPDATE new_members SET state = '' WHERE id = 9",
    )
    rows = ledger(database, run(start, database))
    found = {(row.key[0], row.source_value, row.target_value) for row in rows}
    assert found == {("7", "A", "A B"), ("8", "A", None), ("9", "A", "")}


def test_a_lonely_far_key_does_not_crowd_the_buckets(database: str) -> None:
    for table in ("old_members", "new_members"):
        change(database, f"INSERT INTO {table} VALUES ({2**63 - 1}, 'far')")
    change(database, "ANALYZE", *DAMAGE)
    outcome = run(database, database)
    assert outcome.buckets > 10
    assert outcome.exceptions == len(FOUND)


@contextmanager
def interrupted_after(
    monkeypatch: pytest.MonkeyPatch, comparison: type, portions: int
) -> Iterator[None]:
    """Ctrl-C in the middle of a later portion; portions are small, so that there are several."""
    compare = comparison.compare
    calls = iter(range(1000))

    def until_stopped(self: object, chosen: object) -> Iterator[Finding]:
        stopping = next(calls) == portions
        for finding in compare(self, chosen):
            yield finding
            if stopping:
                raise KeyboardInterrupt
        if stopping:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(comparison, "compare", until_stopped)
        patch.setattr("dashboard.reconcile.run.ROWS_PER_WINDOW", 2_000)
        patch.setattr(SameDatabase, "rows_per_portion", 2_000)
        patch.setattr(AcrossDatabases, "rows_per_portion", 2_000)
        yield


def test_an_interrupted_run_is_partial_and_goes_on(
    database: str, source: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = source(database)
    change(database, *DAMAGE, "UPDATE new_members SET name = name || '!' WHERE id % 500 = 1")
    kind = SameDatabase if start == database else AcrossDatabases
    with (
        interrupted_after(monkeypatch, kind, 2),
        pytest.raises(InterruptedRunError) as interruption,
    ):
        run(start, database)
    partial = interruption.value.outcome
    assert partial.status == "partial"
    assert 0 < partial.exceptions < len(FOUND) + 40
    resumed = run(start, database)
    assert resumed.status == "completed"
    assert resumed.compared < resumed.buckets
    fresh = run(start, database, options=Options(fresh=True))
    assert fresh.compared == fresh.buckets

    def content(outcome: Outcome) -> list[tuple]:
        rows = ledger(database, outcome)
        return sorted(str((row.key, row.field, row.cause, row.copies)) for row in rows)

    assert content(resumed) == content(fresh)
    assert len(content(resumed)) == len(FOUND) + 40


def test_a_role_that_may_only_select_is_enough(
    database: str, reader_url: Callable[[str], str], writer_url: Callable[[str], str]
) -> None:
    change(database, *DAMAGE)
    text = SPEC.format(
        source=reader_url(database), target=reader_url(database), relation="old_members", more=""
    )
    held, lines = parse(text, "pair.toml")
    own = own_engine(writer_url(database))
    place = Place("pair.toml", lines, ("table", 0))
    outcome = run_table(held, held.table[0], place, own, Options(), SilentProgress())
    own.dispose()
    assert outcome.exceptions == len(FOUND)
