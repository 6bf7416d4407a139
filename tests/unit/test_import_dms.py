"""AWS DMS's failures: positional keys, details that are no JSON, and what was cut off."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.imports.dms import COLUMNS, RESYNC_COLUMNS, Failure, details, failures
from dashboard.imports.reading import from_file
from dashboard.reconcile.spec import Specification, parse
from queries.errors import InvalidInputError

SPEC = """
name = "members"
[source]
url = "postgresql://a/b"
[target]
url = "postgresql://a/b"
[[table]]
name = "members"
source = "LEGACY.MEMBERS"
target = "rise.members"
key = ["system", "member_no"]
[[table.field]]
name = "family_name"
critical = true
[[table.field]]
name = "rate"
type = "numeric"
"""
ROW = {
    "TASK_NAME": "TASK",
    "TABLE_OWNER": "legacy",
    "TABLE_NAME": "members",
    "FAILURE_TIME": "2026-06-11 21:58:44.123",
    "KEY_TYPE": "Row",
    "KEY": '{"key":  ["PENSYS", "00012"]}',
    "FAILURE_TYPE": "RECORD_DIFF",
    "DETAILS": "[[{'FAMILY_NAME': 'Robertson'}, {'FAMILY_NAME': 'Roberts'}],]",
}


def specification() -> Specification:
    return parse(SPEC, "members.toml")[0]


def read(folder: Path, *rows: dict[str, str], resync: bool = False) -> tuple[Failure, ...]:
    path = folder / "failures.csv"
    names = [name.upper() for name in (*COLUMNS, *(RESYNC_COLUMNS if resync else ()))]
    with path.open("w", newline="", encoding="utf-8") as file:
        sheet = csv.DictWriter(file, names)
        sheet.writeheader()
        sheet.writerows({**ROW, **row} for row in rows)
    return failures(from_file("dms", path, COLUMNS), specification())


def test_a_difference_with_its_key_named_and_its_cause(tmp_path: Path) -> None:
    (found,) = read(tmp_path, {})
    assert (found.pair, found.kind, found.field) == ("members", "differs", "family_name")
    assert found.critical is True
    assert dict(zip(found.key_columns, found.key, strict=True)) == {
        "system": "PENSYS",
        "member_no": "00012",
    }
    assert (found.source_value, found.target_value) == ("Robertson", "Roberts")
    assert found.cause == "truncation"
    assert found.failed_at.isoformat() == "2026-06-11T21:58:44.123000+00:00"


def test_each_value_is_an_exception_and_an_unknown_field_keeps_its_name(tmp_path: Path) -> None:
    text = "[[{'FAMILY_NAME': 'a', 'OTHER': None}, {'FAMILY_NAME': 'b', 'OTHER': 'x'}],]"
    first, second = read(tmp_path, {"DETAILS": text})
    assert (second.field, second.critical) == ("OTHER", None)
    assert (second.source_value, second.target_value) == (None, "x")
    assert first.row_no == second.row_no == 1


@pytest.mark.parametrize(
    ("kind", "word", "cause"),
    [
        ("MISSING_TARGET", "missing", "missing"),
        ("MISSING_SOURCE", "extra", "extra"),
        ("TABLE_WARNING", "warning", "other"),
    ],
)
def test_whole_records(tmp_path: Path, kind: str, word: str, cause: str) -> None:
    (found,) = read(tmp_path, {"FAILURE_TYPE": kind, "DETAILS": ""})
    assert (found.kind, found.cause, found.field) == (word, cause, None)


def test_one_float_in_two_spellings_is_equal_and_a_reference_is_not(tmp_path: Path) -> None:
    text = (
        "[[{'A': '+1.10e-01', 'B': '007', 'RATE': '1.50'}, {'A': '1.1e-1', 'B': '7', "
        "'RATE': '1.5'}]]"
    )
    found = {each.field: each.equal for each in read(tmp_path, {"DETAILS": text})}
    assert found == {"A": True, "B": False, "rate": True}


@pytest.mark.parametrize(
    "text",
    [
        "[[{'FAMILY_NAME': 'Robert",
        '{"FAMILY_NAME": "a"}',
        "[[{'A': '1'}]]",
        "__import__('os').system('true')",
        "[[{'A': open('x')}, {'A': '1'}]]",
        "[" * 5000,
        "",
    ],
)
def test_details_that_cannot_be_read_leave_the_exception(tmp_path: Path, text: str) -> None:
    (found,) = read(tmp_path, {"DETAILS": text})
    assert (found.readable, found.kind, found.critical) == (False, "differs", True)
    assert found.source_value is found.target_value is None


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    assert details(text) is None or isinstance(details(text), list)


@given(
    st.dictionaries(st.text(min_size=1, max_size=9), st.none() | st.text(max_size=20), max_size=4)
)
def test_what_was_written_is_what_is_read(source: dict[str, str | None]) -> None:
    target = dict.fromkeys(source, "other")
    found = details(f"[[{source!r}, {target!r}],]")
    readable = sum(repr(source).count(bracket) for bracket in "([{") < 18
    assert found == [(name, value, "other") for name, value in source.items()] or not readable


def test_version_two_keeps_the_result_of_the_repair(tmp_path: Path) -> None:
    (found,) = read(tmp_path, {"RESYNC_RESULT": "SUCCESS"}, resync=True)
    assert found.resync == "SUCCESS"


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("KEY", '{"key": ["PENSYS"]}', "KEY has 1 parts, but members has the key system, member"),
        ("KEY", "PENSYS", "KEY is no list"),
        ("TABLE_NAME", "others", "legacy.others is not in the specification"),
        ("FAILURE_TYPE", "ODD", "FAILURE_TYPE"),
        ("FAILURE_TIME", "yesterday", "FAILURE_TIME is no time"),
    ],
)
def test_rows_that_do_not_fit_are_refused_by_number(
    tmp_path: Path, column: str, value: str, message: str
) -> None:
    with pytest.raises(InvalidInputError, match=f"row 2: .*{message}"):
        read(tmp_path, {}, {column: value})
