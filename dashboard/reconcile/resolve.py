"""From names in a specification to a plan over relations that are really there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import sqlalchemy as sa

from dashboard.reconcile.lines import Lines, Path
from dashboard.reconcile.spec import (
    FieldRule,
    Filter,
    Labels,
    Pairing,
    SpecificationError,
    Table,
)
from dashboard.reconcile.spec import Reference as ReferenceRule
from queries.compare_catalog import ColumnInfo
from queries.compare_open import Side, look
from queries.compare_plan import (
    NUMBERS,
    TIMES,
    Column,
    Field,
    Kind,
    Plan,
    Relation,
    Rules,
    Value,
)
from queries.errors import ForbiddenError, MissingRelationError
from queries.reference_check import Reference

_WIDER: dict[frozenset[Kind], Kind] = {
    frozenset({Kind.INTEGER, Kind.NUMERIC}): Kind.NUMERIC,
    frozenset({Kind.INTEGER, Kind.FLOAT}): Kind.NUMERIC,
    frozenset({Kind.NUMERIC, Kind.FLOAT}): Kind.NUMERIC,
    frozenset({Kind.DATE, Kind.TIMESTAMP}): Kind.TIMESTAMP,
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a table stands in its specification, for messages."""

    title: str
    lines: Lines
    path: Path

    def error(self, message: str, *inner: str | int) -> SpecificationError:
        line = self.lines.of((*self.path, *inner))
        return SpecificationError(f"{self.title}, line {line}: {message}")


def resolve(
    table: Table, place: Place, source: sa.Engine, target: sa.Engine
) -> tuple[Plan, Side, Side]:
    """The plan of one pair of relations.

    Raises:
        SpecificationError: a relation or column is not there, or types need a rule.
    """
    ours = _look(
        source, _relation(table.source, table.source_filter, table.source_labels), place, "source"
    )
    theirs = _look(
        target, _relation(table.target, table.target_filter, table.target_labels), place, "target"
    )
    resolver = _Resolver(table, place, ours, theirs)
    keys = resolver.keys()
    fields = resolver.fields(keys)
    if not fields and not keys:
        raise place.error("nothing is compared. Name a key or a field.")
    return Plan(table.name, ours.relation, theirs.relation, keys, fields), ours, theirs


def references(table: Table, place: Place, target: Side) -> tuple[Reference, ...]:
    """The references of the target, over relations and columns that are really there.

    Raises:
        SpecificationError: a relation or a column is not there.
    """
    return tuple(
        _reference(rule, place, target, position) for position, rule in enumerate(table.reference)
    )


def _reference(rule: ReferenceRule, place: Place, target: Side, position: int) -> Reference:
    parent = _look(
        target.engine, _relation(rule.to, None, Labels()), place, "reference", position, "to"
    )
    wanted = rule.to_columns or rule.columns
    for side, names, setting in ((target, rule.columns, "columns"), (parent, wanted, "to_columns")):
        unknown = [name for name in names if name not in side.info.columns]
        if unknown:
            raise place.error(
                f"{side.relation.title} has no column {unknown[0]}. "
                f"It has: {', '.join(side.info.columns)}. Correct {setting}.",
                "reference",
                position,
                setting,
            )
    return Reference(rule.name, rule.columns, parent.relation, wanted)


def _look(engine: sa.Engine, relation: Relation, place: Place, *setting: str | int) -> Side:
    try:
        found = look(engine, relation)
    except (MissingRelationError, ForbiddenError) as error:
        raise place.error(str(error), *setting) from error
    return replace(found, relation=replace(relation, schema=found.info.schema))


def _relation(name: str, keep: Filter | None, labels: Labels) -> Relation:
    parts = [part.strip('"') for part in re.findall(r'"[^"]+"|[^."]+', name)]
    return Relation(
        parts[-1],
        parts[0] if len(parts) > 1 else None,
        keep.keep if keep else "",
        keep.reason if keep else "",
        labels.batch,
        labels.system,
    )


def plain(name: str) -> str:
    """A name without case and underscores: CustomerId and customer_id are one."""
    return re.sub(r"[\W_]", "", name).lower()


class _Resolver:
    def __init__(self, table: Table, place: Place, source: Side, target: Side) -> None:
        self._table = table
        self._place = place
        self._sides = {"source": source, "target": target}

    def keys(self) -> tuple[Column, ...]:
        pairings = self._table.keys or tuple(Pairing(name=name) for name in self._table.key)
        what = "keys" if self._table.keys else "key"
        return tuple(self._column(each, what, i) for i, each in enumerate(pairings))

    def fields(self, keys: tuple[Column, ...]) -> tuple[Field, ...]:
        listed = [self._field(rule, i) for i, rule in enumerate(self._table.field)]
        if self._table.columns == "listed":
            return tuple(listed)
        used = [*keys, *(field.column for field in listed)]
        return (*listed, *(Field(column) for column in self._matching(used)))

    def _matching(self, used: list[Column]) -> list[Column]:
        """The columns that nobody named, paired by their plain names; none may be left over."""
        left = {side: self._left(side, used) for side in ("source", "target")}
        names = [name for name in left["target"] if name in left["source"]]
        for side, other in (("source", "target"), ("target", "source")):
            alone = [left[side][name].name for name in left[side] if name not in left[other]]
            if alone:
                raise self._place.error(
                    f"the column {alone[0]} of the {side} has no partner in the {other}. "
                    f"Map it in [[table.field]], or add it to ignore_{side}.",
                    "columns",
                )
        return [
            self._column(
                Pairing(
                    name=left["target"][name].name,
                    source=left["source"][name].name,
                    target=left["target"][name].name,
                ),
                "columns",
            )
            for name in names
        ]

    def _left(self, side: str, used: list[Column]) -> dict[str, ColumnInfo]:
        ignored = self._table.ignore_source if side == "source" else self._table.ignore_target
        columns = self._sides[side].info.columns
        unknown = [name for name in ignored if name not in columns]
        if unknown:
            raise self._place.error(
                f"there is no column {unknown[0]} to ignore. Correct or remove it.",
                f"ignore_{side}",
            )
        taken = {getattr(column, side).sql for column in used if getattr(column, side).is_column}
        quoted = self._sides[side].quoted
        return {
            plain(name): info
            for name, info in columns.items()
            if name not in ignored and quoted(name) not in taken
        }

    def _field(self, rule: FieldRule, position: int) -> Field:
        column = self._column(rule, "field", position)
        numeric = rule.tolerance_absolute is not None or rule.tolerance_relative is not None
        if numeric and column.kind not in NUMBERS:
            raise self._place.error(
                f"{rule.name} is compared as {column.kind}, but its tolerance is one of numbers. "
                "Remove it or set type.",
                "field", position, "tolerance_absolute",
            )  # fmt: skip
        if rule.tolerance_seconds is not None and column.kind not in TIMES:
            raise self._place.error(
                f"{rule.name} is compared as {column.kind}, but tolerance_seconds is for times. "
                "Remove it or set type.",
                "field", position, "tolerance_seconds",
            )  # fmt: skip
        texts = rule.codes or rule.case != "exact" or rule.whitespace != "exact"
        if texts and column.kind is not Kind.TEXT:
            raise self._place.error(
                f"{rule.name} is compared as {column.kind}; codes, case and whitespace are for "
                'text. Remove them or set type = "text".',
                "field", position,
            )  # fmt: skip
        rules = Rules(
            rule.critical,
            rule.tolerance_absolute,
            rule.tolerance_relative,
            rule.tolerance_seconds,
            rule.case == "ignore",
            rule.whitespace,
            dict(rule.codes),
        )
        return Field(column, rules)

    def _column(self, pairing: Pairing, *inner: str | int) -> Column:
        source, kind = self._value(pairing, "source", inner)
        target, other = self._value(pairing, "target", inner)
        return Column(pairing.name, self._kind(pairing, kind, other, inner), source, target)

    def _value(
        self, pairing: Pairing, side: str, inner: tuple[str | int, ...]
    ) -> tuple[Value, Kind | None]:
        sql = getattr(pairing, f"{side}_sql")
        if sql is not None:
            return Value(sql, is_column=False), None
        wanted = getattr(pairing, side) or pairing.name
        info = _find(self._sides[side].info.columns, wanted, exact=getattr(pairing, side))
        if info is None:
            columns = ", ".join(self._sides[side].info.columns)
            raise self._place.error(
                f"the {side} has no column {wanted}. It has: {columns}. "
                f"Name one of them in {side}, or write an expression in {side}_sql.",
                *inner,
            )
        value = Value(
            self._sides[side].quoted(info.name),
            True,
            info.native,
            info.nullable,
            info.plain_collation,
        )
        return value, info.kind

    def _kind(
        self,
        pairing: Pairing,
        first: Kind | None,
        second: Kind | None,
        inner: tuple[str | int, ...],
    ) -> Kind:
        if pairing.type is not None:
            return pairing.type
        # The other engine's types are looser, so PostgreSQL's decide.
        if second is not None and not self._sides["source"].is_postgres:
            return second
        if first is not None and not self._sides["target"].is_postgres:
            return first
        found = frozenset(kind for kind in (first, second) if kind is not None)
        if len(found) == 1:
            return next(iter(found))
        if found in _WIDER:
            return _WIDER[found]
        what = " and ".join(sorted(found)) or "expressions on both sides"
        raise self._place.error(
            f'{pairing.name} joins {what}. Set type = "text" or another type, '
            "or transform one side with source_sql or target_sql.",
            *inner,
        )


def _find(
    columns: Mapping[str, ColumnInfo], wanted: str, *, exact: str | None
) -> ColumnInfo | None:
    if wanted in columns:
        return columns[wanted]
    alike = [info for name, info in columns.items() if plain(name) == plain(wanted)]
    return alike[0] if exact is None and len(alike) == 1 else None
