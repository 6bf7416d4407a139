"""What a comparison of a database with the contract can say."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import IntEnum

CLEAN, DIFFERENCES = 0, 1


class Severity(IntEnum):
    """How much a finding matters, gravest first.

    A problem makes a number wrong or a page fail. A warning costs speed or safety, or leaves
    a page without data. Information is worth knowing and needs no action.
    """

    PROBLEM = 0
    WARNING = 1
    INFORMATION = 2

    @property
    def word(self) -> str:
        """As it is written on a screen and in JSON."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference between the database and the contract.

    ``relation`` is None where the finding is about the server, the role or the schema.
    ``count`` is how many rows are concerned, where rows were read. ``examples`` holds up to
    three keys of such rows: ids and times, never another value of the row.
    """

    severity: Severity
    relation: str | None
    column: str | None
    message: str
    remedy: str
    count: int | None = None
    examples: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """Relation and column in one word."""
        return ".".join(part for part in (self.relation, self.column) if part) or "database"


@dataclass(frozen=True, slots=True)
class RowsRead:
    """How much of one relation the comparison read.

    ``days`` is the length of the period of data that was read, or None for every row;
    ``rows`` is how many rows that were.
    """

    relation: str
    rows: int
    days: int | None


@dataclass(frozen=True, slots=True)
class Report:
    """All findings, gravest first, and what was looked at."""

    contract_version: str
    server_version: str
    schema: str
    role: str
    findings: tuple[Finding, ...]
    present: tuple[str, ...]
    rows_read: tuple[RowsRead, ...]

    @property
    def exit_code(self) -> int:
        """0 where nothing asks for action, else 1."""
        grave = any(finding.severity < Severity.INFORMATION for finding in self.findings)
        return DIFFERENCES if grave else CLEAN

    def number_of(self, severity: Severity) -> int:
        """How many findings have this severity."""
        return Counter(finding.severity for finding in self.findings)[severity]


def in_order(findings: list[Finding]) -> tuple[Finding, ...]:
    """Gravest first, then those about the database, then by relation and column."""
    return tuple(
        sorted(
            findings,
            key=lambda f: (f.severity, f.relation or "", f.column or "", f.message),
        )
    )
