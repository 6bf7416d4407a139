"""After a fix: only the buckets that had held exceptions are compared again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from dashboard.commands.reconcile import command
from dashboard.reconcile.basis import Options
from dashboard.reconcile.run import InterruptedRunError, Outcome
from dashboard.settings import settings
from queries.compare import SameDatabase
from queries.errors import InvalidInputError
from queries.reconciliation_results import latest_runs
from tests.conftest import connected
from tests.contract.test_compare_runs import (
    DAMAGE,
    FOUND,
    ROWS,
    SPEC,
    change,
    database,
    interrupted_after,
    ledger,
    run,
    source,
)

__all__ = ["database", "source"]
OPEN, CHANGED = Options(suspects=True), Options(changed=True)
FIX = "UPDATE new_members SET name = 'name 17' WHERE id = 17"
ELSEWHERE = "UPDATE new_members SET name = 'other' WHERE id = 3000"


def found(url: str, outcome: Outcome) -> set[tuple[str | None, str | None, str]]:
    return {(row.key[0], row.field, row.cause) for row in ledger(url, outcome)}


def recorded(url: str, outcome: Outcome) -> tuple[str, str, int]:
    asked = "SELECT mode, status, matched FROM plumbline.reconciliation_runs WHERE run_id = :run"
    with connected(url) as connection:
        return tuple(connection.execute(sa.text(asked), {"run": outcome.run_id}).one())


def test_a_fix_is_seen_and_new_damage_elsewhere_only_by_changed(
    database: str, source: Callable
) -> None:
    start = source(database)
    change(database, *DAMAGE)
    first = run(start, database)
    change(database, FIX, ELSEWHERE)
    again = run(start, database, options=OPEN)
    left = FOUND - {("17", "name", "null_out")}
    assert found(database, again) == left
    assert 0 < again.compared < again.buckets == first.buckets
    assert (again.based_on, again.exceptions_before) == (first.run_id, len(FOUND))
    assert (again.source_rows, again.target_rows) == (ROWS, ROWS)
    mode, status, matched = recorded(database, again)
    assert "only buckets with exceptions" in mode
    assert (status, matched) == ("rechecked", ROWS - 2)
    whole = run(start, database, options=CHANGED)
    assert found(database, whole) == left | {("3000", "name", "other")}
    assert (whole.compared, whole.based_on) == (1, again.run_id)


def test_a_fix_that_breaks_its_neighbour_or_empties_its_bucket_is_told(database: str) -> None:
    change(database, *DAMAGE)
    run(database, database)
    change(
        database,
        "UPDATE new_members SET name = 'oops' WHERE id = 18",
        "DELETE FROM new_members WHERE id = 100001",
        "INSERT INTO new_members SELECT * FROM old_members WHERE id = 18",
    )
    again = run(database, database, options=OPEN)
    gone = {("100001", None, "extra")}
    assert found(database, again) - FOUND == {("18", None, "surplus_copy")}
    assert FOUND - found(database, again) == gone
    assert found(database, run(database, database)) == found(database, again)


def test_rechecks_build_on_each_other(database: str) -> None:
    change(database, *DAMAGE)
    first = run(database, database)
    change(database, FIX)
    second = run(database, database, options=OPEN)
    change(database, "DELETE FROM new_members WHERE id = 100001")
    third = run(database, database, options=OPEN)
    assert (third.based_on, third.exceptions_before) == (second.run_id, second.exceptions)
    left = FOUND - {("17", "name", "null_out"), ("100001", None, "extra")}
    assert found(database, third) == left
    assert (third.buckets, third.target_rows) == (first.buckets - 1, first.target_rows - 1)
    change(database, ELSEWHERE)
    whole = run(database, database, options=CHANGED)
    assert (whole.compared, whole.buckets) == (1, third.buckets)
    assert found(database, whole) == left | {("3000", "name", "other")}


def test_nothing_is_built_on_a_recheck_that_was_interrupted(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(database, *DAMAGE)
    first = run(database, database)
    change(database, FIX, ELSEWHERE)
    with (
        interrupted_after(monkeypatch, SameDatabase, 0),
        pytest.raises(InterruptedRunError),
    ):
        run(database, database, options=OPEN)
    again = run(database, database, options=OPEN)
    assert again.based_on == first.run_id
    assert found(database, again) == FOUND - {("17", "name", "null_out")}
    with (
        interrupted_after(monkeypatch, SameDatabase, 0),
        pytest.raises(InterruptedRunError),
    ):
        run(database, database, options=OPEN)
    whole = run(database, database, options=CHANGED)
    expected = FOUND - {("17", "name", "null_out")} | {("3000", "name", "other")}
    assert found(database, whole) == expected


def test_no_gate_takes_a_recheck_for_a_whole_comparison(database: str) -> None:
    change(database, *DAMAGE)
    first = run(database, database)
    change(database, FIX)
    run(database, database, options=OPEN)
    with connected(database) as connection:
        latest = latest_runs(connection, datetime.now(UTC)).rows
    assert [row.run_id for row in latest] == [first.run_id]
    afterwards = run(database, database)
    assert afterwards.compared == afterwards.buckets


def test_without_a_complete_run_there_is_nothing_to_recheck(database: str) -> None:
    with pytest.raises(InvalidInputError, match="Run without --open first"):
        run(database, database, options=OPEN)


def test_the_command_says_what_a_recheck_does_not_see(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUMBLINE_OWN_URL", database)
    monkeypatch.setenv("PAIR_URL", database)
    settings.cache_clear()
    path = tmp_path / "pair.toml"
    text = SPEC.format(source="", target="", relation="old_members", more="")
    path.write_text(text.replace('url = ""', 'url_env = "PAIR_URL"'))
    change(database, DAMAGE[0])
    first = CliRunner().invoke(command, [str(path)])
    change(database, FIX, ELSEWHERE)
    again = CliRunner().invoke(command, [str(path), "--open"])
    both = CliRunner().invoke(command, [str(path), "--open", "--changed"])
    settings.cache_clear()
    assert (first.exit_code, again.exit_code, both.exit_code) == (1, 0, 2)
    assert "1 exception in run 1, 0 left there" in again.output
    assert "new damage elsewhere is not seen" in again.output
    assert "agree" not in again.output
