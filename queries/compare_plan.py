"""What is to be compared: relations, keys, fields and their rules, free of any file format."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from enum import StrEnum


class Kind(StrEnum):
    """How a value is compared. Every kind has one canonical text on every engine."""

    INTEGER = "integer"
    NUMERIC = "numeric"
    FLOAT = "float"
    TEXT = "text"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    TIMESTAMPTZ = "timestamptz"
    BYTES = "bytes"
    JSON = "json"


NUMBERS = frozenset({Kind.INTEGER, Kind.NUMERIC, Kind.FLOAT})
TIMES = frozenset({Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMPTZ})


class Whitespace(StrEnum):
    """Which white space counts."""

    EXACT = "exact"
    TRIM = "trim"
    COLLAPSE = "collapse"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class Value:
    """One side of a key or field: a column or an SQL expression over the relation.

    ``native`` is the column's type as the engine names it, empty for an expression.
    """

    sql: str
    is_column: bool = True
    native: str = ""
    nullable: bool = True
    plain_collation: bool = True


@dataclass(frozen=True, slots=True)
class Column:
    """A key or a field as it stands on both sides."""

    name: str
    kind: Kind
    source: Value
    target: Value


@dataclass(frozen=True, slots=True)
class Rules:
    """How far two values of a field may differ and still be the same.

    ``relative`` is a share of the larger magnitude; ``seconds`` holds for times.
    ``codes`` translates source values; ``default`` names values that stand for nothing.
    """

    critical: bool = False
    absolute: Decimal | None = None
    relative: Decimal | None = None
    seconds: Decimal | None = None
    ignore_case: bool = False
    whitespace: Whitespace = Whitespace.EXACT
    codes: Mapping[str, str] = field(default_factory=dict)

    @property
    def tolerant(self) -> bool:
        return any(bound is not None for bound in (self.absolute, self.relative, self.seconds))

    @property
    def folds_text(self) -> bool:
        return self.ignore_case or self.whitespace is not Whitespace.EXACT


@dataclass(frozen=True, slots=True)
class Field:
    """A compared column and its rules."""

    column: Column
    rules: Rules = field(default_factory=Rules)


@dataclass(frozen=True, slots=True)
class Relation:
    """One side: where the rows are, which of them count, and how they are labelled.

    ``keep`` is an SQL condition; rows for which it is not true are counted as filtered.
    ``batch`` and ``system`` are SQL expressions, empty where the side has none.
    """

    name: str
    schema: str | None = None
    keep: str = ""
    keep_reason: str = ""
    batch: str = ""
    system: str = ""

    @property
    def title(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name


@dataclass(frozen=True, slots=True)
class Plan:
    """One pair of relations. Without keys, whole records are compared as multisets."""

    name: str
    source: Relation
    target: Relation
    keys: tuple[Column, ...]
    fields: tuple[Field, ...]

    @property
    def keyed(self) -> bool:
        return bool(self.keys)

    @property
    def identity(self) -> tuple[Column, ...]:
        """What tells records apart: the key, or every column where there is none."""
        return self.keys or tuple(each.column for each in self.fields)

    @property
    def judged(self) -> tuple[Field, ...]:
        """The fields compared beside the identity."""
        return self.fields if self.keyed else ()

    @property
    def digest(self) -> str:
        """Changes with anything that could change a result."""
        text = json.dumps(asdict(self), sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()
