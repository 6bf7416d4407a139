"""Whole runs: filters, tolerances, batches, re-validation, interruption, roles."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from dashboard.commands.reconcile import command
from dashboard.progress import SilentProgress
from dashboard.reconcile.basis import Options
from dashboard.reconcile.resolve import Place
from dashboard.reconcile.run import InterruptedRunError, Outcome, run_table
from dashboard.reconcile.spec import SpecificationError, parse
from dashboard.settings import settings
from queries.compare import SameDatabase
from queries.compare_across import AcrossDatabases
from queries.compare_judge import Finding
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


@pytest.fixture
def database(server_url: str) -> Iterator[str]:
    """Two equal tables; the second one is what tests change."""
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


def test_text_that_postgres_cannot_hold_is_spelt_out(database: str, tmp_path: Path) -> None:
    start = sqlite_copy(database, tmp_path / "old.sqlite")
    with sqlite3.connect(tmp_path / "old.sqlite") as copy:
        copy.execute("UPDATE old_members SET name = 'a' || char(0) || 'b' WHERE id = 1")
        copy.execute("UPDATE old_members SET name = CAST(x'ff61' AS TEXT) WHERE id = 2")
    copy.close()
    rows = ledger(database, run(start, database))
    assert [row.source_value for row in rows] == ["a\\x00b", "\\udcffa"]


def test_no_digit_of_a_time_is_lost_and_no_zone_makes_a_difference(
    database: str, tmp_path: Path
) -> None:
    """SQLite keeps times as text, finer than PostgreSQL's microsecond and in any zone."""
    start = sqlite_copy(database, tmp_path / "old.sqlite")
    with sqlite3.connect(tmp_path / "old.sqlite") as copy:
        for number, text in (
            (1, "2024-01-01T00:00:01.0000001Z"),
            (2, "2023-12-31 19:00:02.000000-05:00"),
            (3, "2024-01-01T00:00:03.0000000Z"),
        ):
            copy.execute("UPDATE old_members SET at = ? WHERE id = ?", (text, number))
    copy.close()
    (row,) = ledger(database, run(start, database))
    assert (row.key, row.field, row.source_value) == (
        ["1"],
        "at",
        "2024-01-01 00:00:01.0000001",
    )


@pytest.mark.parametrize(
    ("more", "line", "words"),
    [
        ('ignore_source = ["nope"]', 12, "nope"),
        ('[[table.field]]\nname = "nme"', 12, "has no column nme"),
        ('[[table.field]]\nname = "name"\ntolerance_absolute = 1', 14, "numbers"),
        ('[[table.field]]\nname = "x"\nsource = "name"\ntarget = "amount"', 12, "joins numeric"),
        ('ignore_source = ["state"]', 7, "no partner"),
    ],
)
def test_what_does_not_fit_the_relations_is_told_with_its_line(
    database: str, more: str, line: int, words: str
) -> None:
    with pytest.raises(SpecificationError) as refusal:
        run(database, database, more=more)
    assert f"line {line}: " in str(refusal.value)
    assert words in str(refusal.value)


def test_the_command_tells_the_defects_and_the_exit_code(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUMBLINE_OWN_URL", database)
    monkeypatch.setenv("PAIR_URL", database)
    settings.cache_clear()
    path = tmp_path / "pair.toml"
    text = SPEC.format(source="", target="", relation="old_members", more="")
    path.write_text(text.replace('url = ""', 'url_env = "PAIR_URL"'))
    equal = CliRunner().invoke(command, [str(path)])
    assert (equal.exit_code, "Source and target agree." in equal.output) == (0, True)
    change(database, "UPDATE new_members SET name = upper(name) WHERE id % 2 = 0")
    different = CliRunner().invoke(command, [str(path), "--changed"])
    settings.cache_clear()
    assert different.exit_code == 1
    assert (
        "10,000 of 10,000 differences are one rule: members.name, became upper case (100%)."
        in different.output
    )
    assert database not in different.output
