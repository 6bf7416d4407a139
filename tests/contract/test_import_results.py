"""``plumbline import``: all of a file or nothing, once, and never into the source."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from dashboard.commands.import_results import command
from dashboard.imports.dvt import COLUMNS
from dashboard.settings import settings
from queries.import_results import imported, totals
from tests.conftest import connected, grant

SPEC = """
name = "members"
[source]
url = "postgresql://a/b"
[target]
url = "postgresql://a/b"
[[table]]
name = "members"
source = "legacy.members"
target = "rise.members"
key = ["member_no"]
"""


@pytest.fixture
def own(
    empty_database: str, writer_url: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    grant(empty_database)
    monkeypatch.setenv("PLUMBLINE_OWN_URL", writer_url(empty_database))
    monkeypatch.setenv("PLUMBLINE_SOURCE_URL", empty_database)
    settings.cache_clear()
    yield empty_database
    settings.cache_clear()


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(each) for each in arguments])


def dvt_file(folder: Path, *targets: str) -> Path:
    path = folder / "results.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        sheet = csv.DictWriter(file, COLUMNS)
        sheet.writeheader()
        for target in targets:
            sheet.writerow(
                {
                    "validation_name": "sum__amount",
                    "source_table_name": "legacy.members",
                    "target_table_name": "rise.members",
                    "target_column_name": "amount",
                    "source_agg_value": "209715212.01",
                    "target_agg_value": target,
                    "difference": "0.0",
                    "pct_threshold": "0.0",
                    "validation_status": "success",
                }
            )
    return path


def rows(url: str, statement: str) -> list[tuple[object, ...]]:
    with connected(url) as connection:
        return [tuple(row) for row in connection.execute(sa.text(statement))]


def test_a_false_pass_is_named_and_kept(own: str, tmp_path: Path) -> None:
    result = run("dvt", dvt_file(tmp_path, "209715212.01", "209715215.02"))
    assert result.exit_code == 1, result.output
    assert "rise.members.amount differs by +3.01; the tool says success" in result.output
    kept = rows(
        own,
        "select judgement, false_pass, exact_difference::text from plumbline.imported_totals "
        "order by row_no",
    )
    assert kept == [("equal", False, "0.00"), ("differs", True, "3.01")]


def test_equal_totals_leave_with_success(own: str, tmp_path: Path) -> None:
    assert run("dvt", dvt_file(tmp_path, "209715212.01")).exit_code == 0


def test_the_same_file_is_imported_once(own: str, tmp_path: Path) -> None:
    path = dvt_file(tmp_path, "1")
    run("dvt", path)
    again = run("dvt", path)
    assert again.exit_code == 2
    assert "imported before, as import 1" in again.stderr
    assert rows(own, "select count(*) from plumbline.imported_totals") == [(1,)]


def test_a_fault_in_the_last_row_leaves_nothing(own: str, tmp_path: Path) -> None:
    path = dvt_file(tmp_path, "1", "2")
    path.write_text(path.read_text().removesuffix("success,,,,\n") + "odd,,,,\n")
    result = run("dvt", path)
    assert result.exit_code == 2
    assert "results.csv, row 2" in result.stderr
    assert rows(own, "select to_regclass('plumbline.imports')") == [(None,)]


def test_a_failure_while_writing_leaves_nothing(own: str, tmp_path: Path) -> None:
    assert run("dvt", dvt_file(tmp_path, "1")).exit_code == 1
    with connected(own) as connection, connection.begin():
        connection.execute(
            sa.text("alter table plumbline.imported_totals add check (target_agg_value <> '3')")
        )
    result = run("dvt", dvt_file(tmp_path, "2", "3"))
    assert result.exit_code == 2
    assert rows(own, "select count(*) from plumbline.imports") == [(1,)]
    assert rows(own, "select count(*) from plumbline.imported_totals") == [(1,)]


def test_a_wrong_specification_is_refused_before_the_file_is_read(own: str, tmp_path: Path) -> None:
    spec = tmp_path / "spec.toml"
    spec.write_text("name = 1\n")
    result = run("dvt", tmp_path / "there-is-none.csv", "--spec", spec)
    assert result.exit_code == 2
    assert "spec.toml, line 1" in result.stderr


def test_tables_outside_the_specification_are_refused(own: str, tmp_path: Path) -> None:
    spec = tmp_path / "spec.toml"
    spec.write_text(SPEC.replace("rise.members", "rise.others"))
    result = run("dvt", dvt_file(tmp_path, "1"), "--spec", spec)
    assert result.exit_code == 2
    assert "row 1: the table rise.members is not in the specification" in result.stderr


def test_dms_reads_its_own_table_with_upper_case_columns(own: str, tmp_path: Path) -> None:
    with connected(own) as connection, connection.begin():
        connection.execute(
            sa.text(
                'create table awsdms_validation_failures_v1 ("TASK_NAME" text, '
                '"TABLE_OWNER" text, "TABLE_NAME" text, "FAILURE_TIME" timestamp, '
                '"KEY_TYPE" text, "KEY" text, "FAILURE_TYPE" text, "DETAILS" text)'
            )
        )
        connection.execute(
            sa.text(
                "insert into awsdms_validation_failures_v1 values "
                "('T', 'rise', 'members', '2026-06-11 21:58', 'Row', :key, 'RECORD_DIFF', :details)"
            ),
            {"key": '{"key": ["00012"]}', "details": "[[{'A': 'x'}, {'A': None}],]"},
        )
        connection.execute(
            sa.text("grant select on awsdms_validation_failures_v1 to plumbline_writer")
        )
    spec = tmp_path / "spec.toml"
    spec.write_text(SPEC)
    result = run("dms", "--table", "awsdms_validation_failures_v1", "--spec", spec)
    assert result.exit_code == 1, result.output
    kept = rows(
        own,
        "select pair, key_columns, key, field, source_value, target_value, cause "
        "from plumbline.imported_exceptions",
    )
    assert kept == [("members", ["member_no"], ["00012"], "A", "x", None, "null_out")]
    assert rows(own, "select count(*) from awsdms_validation_failures_v1") == [(1,)]


def test_dms_needs_a_specification(own: str, tmp_path: Path) -> None:
    result = run("dms", tmp_path / "x.csv")
    assert result.exit_code == 2
    assert "--spec is needed" in result.stderr


def test_without_a_place_for_results_nothing_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PLUMBLINE_OWN_URL", raising=False)
    settings.cache_clear()
    result = run("dvt", tmp_path / "there-is-none.csv")
    assert result.exit_code == 2
    assert "PLUMBLINE_OWN_URL" in result.stderr


def test_the_page_reads_what_was_imported_false_passes_first(own: str, tmp_path: Path) -> None:
    run("dvt", dvt_file(tmp_path, "209715212.01", "209715215.02"))
    with connected(own) as connection:
        (made,) = imported(connection, datetime.now(UTC)).rows
        listed = totals(connection, made.import_id).rows
        assert imported(connection, datetime(2020, 1, 1, tzinfo=UTC)).rows == ()
    assert (made.rows, made.differing, made.settled, made.false_passes) == (2, 1, 1, 1)
    assert [(row.false_pass, row.exact_difference) for row in listed] == [
        (True, Decimal("3.01")),
        (False, Decimal(0)),
    ]
