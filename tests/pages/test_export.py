"""The one export: what it holds, that it opens safely, and that no record means no file."""

from __future__ import annotations

import csv
import hashlib
import io
import math
from datetime import UTC, datetime
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.reports.export import Heading, csv_bytes, escaped, file_name, recorded_export
from queries.errors import DatabaseDownError
from queries.own_schema import AccessRecord
from queries.scope import Scope

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SCOPE = Scope(
    start=datetime(2026, 10, 4, tzinfo=UTC),
    end=datetime(2026, 11, 1, tzinfo=UTC),
    as_of=datetime(2026, 11, 1, tzinfo=UTC),
    regions=("North",),
)
HEADING = Heading("Gates: RISE", SCOPE, "a" * 64, "qa", recorded=True)


def parts(content: bytes) -> tuple[list[str], str]:
    """Heading lines and table, as the file's own instructions say."""
    lines = content.decode("utf-8-sig").splitlines(keepends=True)
    length = next(place for place, line in enumerate(lines) if not line.startswith("#"))
    return lines[:length], "".join(lines[length:])


def test_the_heading_says_what_the_file_holds() -> None:
    content, digest = csv_bytes(pd.DataFrame({"n": [1, 2]}), HEADING, now=NOW)

    heading, table = parts(content)
    text = "".join(heading)
    assert content.startswith(b"\xef\xbb\xbf")
    assert "Gates: RISE" in text
    assert "4 Oct 2026 to 31 Oct 2026 (UTC) · production · region: North" in text
    assert "As of: 2026-11-01 00:00 UTC" in text
    assert "Policy: " + "a" * 64 in text
    assert digest in text
    assert hashlib.sha256(table.encode("utf-8")).hexdigest() == digest


def test_an_unrecorded_export_says_so() -> None:
    heading = Heading("x", SCOPE, "p", "qa", recorded=False)

    content, _ = csv_bytes(pd.DataFrame({"n": [1]}), heading, now=NOW)

    assert "Not recorded" in "".join(parts(content)[0])


@given(st.lists(st.text(max_size=30), min_size=1, max_size=8))
def test_no_text_becomes_a_formula_and_the_digest_can_be_checked(values: list[str]) -> None:
    content, digest = csv_bytes(pd.DataFrame({"text": values}), HEADING, now=NOW)

    _, table = parts(content)
    body = content.decode("utf-8-sig")
    start = body.index(f"{digest}\r\n") + len(digest) + 2
    assert hashlib.sha256(body[start:].encode("utf-8")).hexdigest() == digest
    rows = list(csv.reader(io.StringIO(body[start:], newline="")))
    assert len(rows) == len(values) + 1
    for row, value in zip(rows[1:], values, strict=True):
        shown = row[0] if row else ""
        assert not shown.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
        assert shown.removeprefix("'") == value.removeprefix("'")
    assert table


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-5, "-5"),
        (Decimal("-0.10"), "-0.10"),
        (True, "true"),
        (math.nan, ""),
        (None, ""),
        (pd.NaT, ""),
        (datetime(2026, 1, 2, 3, tzinfo=UTC), "2026-01-02T03:00:00+00:00"),
        ("=1+1", "'=1+1"),
    ],
)
def test_cells(value: object, text: str) -> None:
    content, _ = csv_bytes(pd.DataFrame({"v": pd.Series([value], dtype=object)}), HEADING, now=NOW)

    assert list(csv.reader(io.StringIO(parts(content)[1])))[1:] == ([[text]] if text else [[""]])


def test_a_column_name_cannot_be_a_formula_either() -> None:
    assert escaped("=cmd()") == "'=cmd()"


def test_without_the_record_there_is_no_file() -> None:
    def fails(_: AccessRecord) -> None:
        raise DatabaseDownError("The database cannot be reached.")

    with pytest.raises(DatabaseDownError):
        recorded_export(pd.DataFrame({"n": [1]}), HEADING, pseudonym="viewer-1", record=fails)


def test_the_record_names_role_pseudonym_and_digest() -> None:
    taken: list[AccessRecord] = []

    content = recorded_export(
        pd.DataFrame({"n": [1]}), HEADING, pseudonym="viewer-1", record=taken.append
    )

    record = taken[0]
    assert (record.role, record.viewer, record.action) == ("qa", "viewer-1", "export")
    assert record.detail["rows"] == 1
    assert str(record.detail["sha256"]) in "".join(parts(content)[0])


def test_file_names_hold_letters_and_digits_alone() -> None:
    name = file_name("Gates: “RISE” / ../etc", SCOPE)

    assert name == "plumbline-gates-rise-etc-20261101T0000Z.csv"
