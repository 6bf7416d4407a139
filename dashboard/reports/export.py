"""The one export: a table as a CSV that says where it came from and that opens safely."""

from __future__ import annotations

import csv
import hashlib
import io
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pandas as pd

from queries.own_schema import AccessRecord
from queries.scope import Scope

LOG = logging.getLogger("plumbline.export")
ACTION = "export"
BOM = "\ufeff"
COMMENT = "# "
# A cell that begins with one of these is a formula to a spreadsheet.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
NOT_RECORDED = "Not recorded: no schema of Plumbline's own is configured"


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands above the table: its title and everything needed to make it again."""

    title: str
    scope: Scope
    policy_version: str
    viewer_role: str
    recorded: bool


def csv_bytes(frame: pd.DataFrame, heading: Heading, *, now: datetime) -> tuple[bytes, str]:
    """The file, and the SHA-256 of its table.

    The digest covers what follows the heading, exactly as it stands in the file, so anybody
    can check it: remove the lines at the top that begin with ``#`` and hash the rest. The
    first line of the table never begins with that sign.
    """
    table = _table(frame)
    digest = hashlib.sha256(table.encode("utf-8")).hexdigest()
    return (BOM + _heading(heading, len(frame), digest, now) + table).encode("utf-8"), digest


def file_name(title: str, scope: Scope) -> str:
    """A file name from the title and the as-of: letters, digits and hyphens alone."""
    words = "".join(letter if letter.isalnum() else " " for letter in title.lower()).split()
    return f"plumbline-{'-'.join(words)[:60]}-{scope.as_of.astimezone(UTC):%Y%m%dT%H%MZ}.csv"


def recorded_export(
    frame: pd.DataFrame,
    heading: Heading,
    *,
    pseudonym: str,
    record: Callable[[AccessRecord], None] | None,
) -> bytes:
    """Make the file and record that it was taken; without the record there is no file.

    Where the product has no schema of its own, the file says so and the process log keeps
    the event.
    """
    now = datetime.now(UTC)
    content, digest = csv_bytes(frame, heading, now=now)
    taken = AccessRecord(
        occurred_at=now,
        role=heading.viewer_role,
        viewer=pseudonym,
        action=ACTION,
        detail={
            "title": heading.title,
            "filter": heading.scope.sentence,
            "as_of": heading.scope.as_of.astimezone(UTC).isoformat(),
            "policy": heading.policy_version,
            "rows": len(frame),
            "sha256": digest,
        },
    )
    if record is not None:
        record(taken)
    LOG.info("export role=%s rows=%d sha256=%s", taken.role, len(frame), digest)
    return content


def _heading(heading: Heading, rows: int, digest: str, now: datetime) -> str:
    lines = (
        f"Plumbline: {heading.title}",
        f"Filter: {heading.scope.sentence}",
        f"As of: {heading.scope.as_of.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
        f"Made: {now:%Y-%m-%d %H:%M:%S} UTC, for role {heading.viewer_role}",
        f"Policy: {heading.policy_version}",
        f"Rows: {rows}",
        *(() if heading.recorded else (NOT_RECORDED,)),
        f"SHA-256 of all that follows this line: {digest}",
    )
    return "".join(f"{COMMENT}{' '.join(line.split())}\r\n" for line in lines)


def _table(frame: pd.DataFrame) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([escaped(str(name)) for name in frame.columns])
    for row in frame.itertuples(index=False, name=None):
        writer.writerow([cell(value) for value in row])
    return buffer.getvalue()


def cell(value: Any) -> str:
    """One value as text: numbers stay numbers, text can never become a formula."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return "" if pd.isna(value) else value.isoformat()
    if isinstance(value, int | float | Decimal):
        return "" if value != value else str(value)
    if value is None or value is pd.NaT or value is pd.NA:
        return ""
    return escaped(str(value))


def escaped(text: str) -> str:
    """Text with a leading apostrophe where a spreadsheet would run it."""
    return f"'{text}" if text.startswith((*_FORMULA_STARTS, "#")) else text
