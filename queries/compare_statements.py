"""Statements of the reconciliation engine, built for one plan and compiled to plain text.

They are sent as ``COPY (…) TO STDOUT``: rows stream without a cursor, so that the planner may
use parallel workers, and nothing piles up in this process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import sqlalchemy as sa

from queries import compare_sql as build
from queries.compare_bucket import Bucketing, Selection
from queries.compare_plan import Field, Kind, Plan, Relation
from queries.compare_sql import as_text

# The transaction that wrote a row. Whatever changes a bucket either writes a row in a transaction
# that no earlier snapshot has seen, or leaves fewer rows: count and sum together tell.
# A difference of ages is the number of that transaction, for which there is no cast; hashes of
# numbers are cheaper than those of records.
_ROW_VERSION = "hashint8extended(age(xmin)::bigint - age('3'::xid), 0)"


class Hashing(Enum):
    """How records are hashed: as every engine can, or as fast as two PostgreSQL can."""

    PORTABLE = "portable"
    FAST = "fast"


@dataclass(frozen=True, slots=True)
class Statements:
    """Everything the engine asks about one plan under one bucketing.

    ``chosen_by`` is another bucketing by which records are chosen; their bucket stays the one's.
    """

    plan: Plan
    bucketing: Bucketing
    chosen_by: Bucketing | None = None

    def _within(self, identity: list[build.Expression], buckets: Selection) -> Any:
        """Whether a record lies in the buckets chosen, which may be finer than those named."""
        if buckets is None:
            return sa.true()
        return build.within(self.plan, self.chosen_by or self.bucketing, identity, buckets)

    def survey(
        self,
        *,
        source: bool,
        marked: bool,
        hashing: Hashing | None,
        buckets: Selection = None,
    ) -> str:
        """Per bucket: rows kept, rows filtered, mark of the row versions, sum of row hashes.

        The mark changes whenever a record of the
        bucket is inserted, updated or deleted, because PostgreSQL never changes a row in place.
        """
        side = self._side(source)
        identity = self._identity(source)
        keep = build.kept(side)
        is_kept = sa.true() if keep is None else keep
        columns: list[build.Expression] = [
            build.bucket(self.plan, self.bucketing, identity).label("bucket")
        ]
        columns.append(_count(keep))
        columns.append(
            sa.literal_column("0")
            if keep is None
            else sa.func.count().filter(keep.is_not(sa.true()))
        )
        row_version: build.Expression = sa.literal_column(_ROW_VERSION)
        columns.append(sa.func.sum(row_version) if marked else sa.null())
        if hashing is not None:
            hashes = sa.func.sum(self._hash(source, hashing))
            columns.append(hashes if keep is None else hashes.filter(is_kept))
        else:
            columns.append(sa.null())
        statement = sa.select(*columns).select_from(build.relation(side))
        if buckets is not None:
            statement = statement.where(self._within(identity, buckets))
        return as_text(statement.group_by(sa.literal_column("1")))

    def duplicates(self, *, source: bool) -> str:
        """The buckets in which a key of this side stands more than once."""
        side = self._side(source)
        names = [f"k{i}" for i in range(len(self.plan.identity))]
        identity = self._identity(source)
        keys = [key.label(name) for key, name in zip(identity, names, strict=True)]
        inner = sa.select(*keys).select_from(build.relation(side))
        keep = build.kept(side)
        if keep is not None:
            inner = inner.where(keep)
        repeated = inner.group_by(*_positions(keys)).having(sa.func.count() > 1).subquery("d")
        values = [repeated.c[name] for name in names]
        return as_text(sa.select(build.bucket(self.plan, self.bucketing, values)).distinct())

    def survey_keys(self, *, source: bool, marked: bool, buckets: Selection) -> str:
        """:meth:`survey` and :meth:`duplicates` of a few buckets in one.

        Columns: those of the survey, and whether a key stands there more than once.
        """
        side = self._side(source)
        names = [f"k{i}" for i in range(len(self.plan.identity))]
        identity = self._identity(source)
        keys = [key.label(name) for key, name in zip(identity, names, strict=True)]
        row_version: build.Expression = sa.literal_column(_ROW_VERSION)
        keep = build.kept(side)
        inner = (
            sa.select(
                *keys,
                _count(keep).label("kept"),
                sa.func.count().label("found"),
                (sa.func.sum(row_version) if marked else sa.null()).label("mark"),
            )
            .select_from(build.relation(side))
            .where(self._within(identity, buckets))
            .group_by(*_positions(keys))
            .subquery("d")
        )
        statement = sa.select(
            build.bucket(self.plan, self.bucketing, [inner.c[name] for name in names]),
            sa.func.sum(inner.c.kept),
            sa.func.sum(inner.c.found - inner.c.kept),
            sa.func.sum(inner.c.mark) if marked else sa.null(),
            sa.null(),
            sa.func.bool_or(inner.c.kept > 1),
        )
        return as_text(statement.group_by(sa.literal_column("1")))

    def join(self, buckets: Selection) -> str:
        """The null-safe full join: every pair that differs and every record without a partner.

        Records with a null in their key are left to :meth:`net`: an equality that joins null with
        null could neither be hashed nor use an index.


        Columns: bucket, whether there is a source and a target record, keys, source values,
        target values, source labels, target labels.
        """
        s = self._rows(source=True, buckets=buckets, null_key=False, written=True).subquery("s")
        t = self._rows(source=False, buckets=buckets, null_key=False, written=True).subquery("t")
        matches: list[sa.ColumnElement[bool]] = []
        keys: list[build.Expression] = []
        typed_keys: list[build.Expression] = []
        for i, column in enumerate(self.plan.keys):
            first: build.Expression = s.c[f"k{i}"]
            second: build.Expression = t.c[f"k{i}"]
            collide = not (column.source.plain_collation and column.target.plain_collation)
            if column.kind is Kind.TEXT and collide:
                first, second = first.collate("C"), second.collate("C")
            matches.append(first == second)
            either = sa.func.coalesce(first, second)
            typed_keys.append(either)
            keys.append(build.canonical(column.kind, either))
        # No record here has a null key, so that a null key says that there is no record.
        unequal: list[sa.ColumnElement[bool]] = [s.c.k0.is_(None), t.c.k0.is_(None)]
        held = [
            self._retyped([side.c[f"v{i}"] for i in range(len(self.plan.fields))], source=side is s)
            for side in (s, t)
        ]
        values = [
            build.canonical(field.column.kind, value)
            for side in held
            for field, value in zip(self.plan.fields, side, strict=True)
        ]
        for i, field in enumerate(self.plan.fields):
            pair = (s.c[f"v{i}"], t.c[f"v{i}"]) if _padded(field) else (held[0][i], held[1][i])
            unequal.append(build.differs(field, *pair))
        statement = (
            sa.select(
                build.bucket(self.plan, self.bucketing, typed_keys),
                sa.func.num_nonnulls(s.c.k0),
                sa.func.num_nonnulls(t.c.k0),
                *keys,
                *values,
                *(side.c.get(name, sa.null()) for side in (s, t) for name in ("batch", "system")),
            )
            .select_from(s.join(t, sa.and_(*matches), full=True))
            .where(sa.or_(*unequal))
        )
        return as_text(statement)

    def net(self, buckets: Selection, *, null_key: bool | None = None) -> str:
        """What is left of both sides of one database when equal records have cancelled.

        Columns: bucket, copies in the source and in the target, copies of the key on either
        side, keys, values, labels; in the order of the keys. Grouping treats nulls as equal and
        is exact, whatever is repeated how often.
        """
        parts = []
        for source in (True, False):
            rows = self._rows(
                source=source, buckets=buckets, comparable=True, null_key=null_key
            ).subquery()
            here, there = ("1", "0") if source else ("0", "1")
            parts.append(
                sa.select(
                    *rows.c,
                    sa.literal_column(here).label("ours"),
                    sa.literal_column(there).label("theirs"),
                )
            )
        both = sa.union_all(*parts).subquery("b")
        names = [f"k{i}" for i in range(len(self.plan.identity))]
        names += [f"v{i}" for i in range(len(self.plan.judged))]
        grouped = [both.c[name] for name in names]
        counted = sa.select(
            *grouped,
            sa.func.sum(both.c.ours).label("ours"),
            sa.func.sum(both.c.theirs).label("theirs"),
            sa.func.min(both.c.batch).label("batch"),
            sa.func.min(both.c.system).label("system"),
        ).group_by(*grouped)
        return self._ordered_net(counted)

    def _ordered_net(self, counted: sa.Select[Any]) -> str:
        inner = counted.subquery("c")
        window = [inner.c[f"k{i}"] for i in range(len(self.plan.keys))]
        totals = [
            sa.func.sum(each).over(partition_by=window) if window else each
            for each in (inner.c.ours, inner.c.theirs)
        ]
        held = sa.select(*inner.c, totals[0].label("all_ours"), totals[1].label("all_theirs"))
        rows = held.subquery("n")
        keys, texts = self._texts(rows)
        identity = [rows.c[f"k{i}"] for i in range(len(self.plan.identity))]
        statement = (
            sa.select(
                build.bucket(self.plan, self.bucketing, identity),
                rows.c.ours,
                rows.c.theirs,
                rows.c.all_ours,
                rows.c.all_theirs,
                *keys,
                *texts,
                rows.c.batch,
                rows.c.system,
            )
            .where(rows.c.ours != rows.c.theirs)
            .order_by(*(key.collate("C").nulls_first() for key in keys))
        )
        return as_text(statement)

    def records(self, buckets: Selection, *, source: bool) -> str:
        """The records of these buckets in the order of their keys: bucket, keys, values, labels."""
        rows = self._rows(source=source, buckets=buckets).subquery("r")
        keys, texts = self._texts(rows)
        identity = [rows.c[f"k{i}"] for i in range(len(self.plan.identity))]
        statement = sa.select(
            build.bucket(self.plan, self.bucketing, identity),
            *keys,
            *texts,
            rows.c.batch,
            rows.c.system,
        ).order_by(*(key.collate("C").nulls_first() for key in keys))
        return as_text(statement)

    def _texts(self, rows: sa.Subquery) -> tuple[list[build.Expression], list[build.Expression]]:
        """Keys and values of a subquery of ours in canonical text."""
        keys = [
            build.canonical(column.kind, rows.c[f"k{i}"])
            for i, column in enumerate(self.plan.identity)
        ]
        values = [
            build.canonical(field.column.kind, rows.c[f"v{i}"])
            for i, field in enumerate(self.plan.judged)
        ]
        return keys, values

    def _side(self, source: bool) -> Relation:
        return self.plan.source if source else self.plan.target

    def _identity(self, source: bool) -> list[build.Expression]:
        """The typed identity; code maps belong to fields, also where they are the identity."""
        if self.plan.keyed:
            return [
                build.typed(build.value_of(column, source=source), column.kind)
                for column in self.plan.keys
            ]
        return self._values(source)

    def _values(self, source: bool) -> list[build.Expression]:
        return self._retyped(self._written(source), source=source)

    def _written(self, source: bool) -> list[build.Expression]:
        """The values before their types change, so that a join need not build records anew."""
        values = [build.value_of(field.column, source=source) for field in self.plan.fields]
        return [build.as_written(value) for value in values]

    def _retyped(self, written: list[build.Expression], *, source: bool) -> list[build.Expression]:
        """What became of :meth:`_written`, typed and after the code map; null stays null."""
        found = []
        for field, raw in zip(self.plan.fields, written, strict=True):
            column = field.column
            value = build.retyped(raw, build.value_of(column, source=source), column.kind)
            found.append(build.translated(field.rules, value) if source else value)
        return found

    def _rows(
        self,
        *,
        source: bool,
        buckets: Selection,
        comparable: bool = False,
        null_key: bool | None = None,
        written: bool = False,
    ) -> sa.Select[Any]:
        """One side under our own names: k0 …, v0 …, batch, system.

        ``comparable`` collates text by bytes and widens integers, so that both sides group.
        ``null_key`` keeps only records with, or only records without, a null in their key.
        ``written`` leaves values in the types that they have; see :meth:`_retyped`.
        """
        side = self._side(source)
        identity = self._identity(source)
        plan = self.plan
        columns: list[build.Expression] = []
        for i, (column, value) in enumerate(zip(plan.identity, identity, strict=True)):
            columns.append((_groupable(column.kind, value) if comparable else value).label(f"k{i}"))
        fields = self._written(source) if written else self._values(source)
        for i, value in enumerate(fields if plan.keyed else []):
            kind = plan.fields[i].column.kind
            columns.append((_groupable(kind, value) if comparable else value).label(f"v{i}"))
        for name, label in (("batch", side.batch), ("system", side.system)):
            # A constant would make the join build a new record for each of the table's.
            if label or null_key is not False:
                columns.append(build.label(label).label(name))
        statement = sa.select(*columns).select_from(build.relation(side))
        keep = build.kept(side)
        if keep is not None:
            statement = statement.where(keep)
        if buckets is not None:
            statement = statement.where(self._within(identity, buckets))
        if null_key is not None:
            absent = sa.or_(sa.false(), *(identity[i].is_(None) for i in self.nullable(source)))
            statement = statement.where(absent if null_key else sa.not_(absent))
        return statement

    def nullable(self, source: bool) -> list[int]:
        """Positions of the keys that may be null on this side."""
        keys = enumerate(self.plan.keys)
        return [i for i, column in keys if build.value_of(column, source=source).nullable]

    def _hash(self, source: bool, hashing: Hashing | None) -> build.Expression:
        columns = [*self.plan.keys, *(field.column for field in self.plan.fields)]
        values = [*(self._identity(source) if self.plan.keyed else ()), *self._folded(source)]
        kinds = [column.kind for column in columns]
        fast = hashing is Hashing.FAST
        text_of = build.printed if fast else build.canonical
        texts = [text_of(kind, value) for kind, value in zip(kinds, values, strict=True)]
        record = build.encoded(kinds, texts)
        return build.fast_hash(record) if fast else build.text_hash(record)

    def _folded(self, source: bool) -> list[build.Expression]:
        pairs = zip(self.plan.fields, self._values(source), strict=True)
        return [build.folded(field, value) for field, value in pairs]


def _positions(columns: Sequence[build.Expression]) -> list[build.Expression]:
    return [sa.literal_column(str(i + 1)) for i in range(len(columns))]


def _count(keep: sa.ColumnElement[bool] | None) -> build.Expression:
    return sa.func.count() if keep is None else sa.func.count().filter(keep)


def _padded(field: Field) -> bool:
    """Whether both sides are ``char(n)`` and nothing is folded.

    Their own comparison leaves out trailing blanks, as their text does, without making a copy of
    every value.
    """
    column, rules = field.column, field.rules
    both = all(
        side.is_column and side.native == "bpchar" for side in (column.source, column.target)
    )
    return both and column.kind is Kind.TEXT and not rules.codes and not rules.folds_text


def _groupable(kind: Kind, value: build.Expression) -> build.Expression:
    if kind is Kind.INTEGER:
        return sa.cast(value, sa.BigInteger())
    return build.binary_collated(kind, value)
