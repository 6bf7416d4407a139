"""Expressions of the reconciliation engine: typed values, canonical texts, buckets, policies.

A value of the user is an SQL expression over one relation. Each side is wrapped in a subquery
with columns of our own names (``k0`` …, ``v0`` …), so that expressions of both sides never meet.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import BIT, JSONB

from queries.compare_bucket import NULL_BUCKET, Bucketing, ByRange, Span, runs
from queries.compare_plan import Column, Field, Kind, Plan, Relation, Rules, Value, Whitespace
from queries.compare_values import PREFIXED

_INTEGERS = frozenset({"int2", "int4", "int8"})
_TEXTS = frozenset({"text", "varchar"})
_TYPES: dict[Kind, sa.types.TypeEngine[Any]] = {
    Kind.INTEGER: sa.BigInteger(),
    Kind.NUMERIC: sa.Numeric(),
    Kind.FLOAT: sa.Double(),
    Kind.TEXT: sa.Text(),
    Kind.BOOLEAN: sa.Boolean(),
    Kind.DATE: sa.Date(),
    Kind.TIMESTAMP: sa.DateTime(),
    Kind.TIMESTAMPTZ: sa.DateTime(timezone=True),
    Kind.BYTES: sa.LargeBinary(),
    Kind.JSON: JSONB(),
}
_NATIVE = {
    Kind.NUMERIC: {"numeric"},
    Kind.FLOAT: {"float8"},
    Kind.BOOLEAN: {"bool"},
    Kind.DATE: {"date"},
    Kind.TIMESTAMP: {"timestamp"},
    Kind.TIMESTAMPTZ: {"timestamptz"},
    Kind.BYTES: {"bytea"},
    Kind.JSON: {"jsonb"},
}
_FLOATS = frozenset({"float4", "float8"})
_SPACE_CHARACTERS = " \t\n\r\f\v"
_MICROSECOND = Decimal("0.000001")

Expression = sa.ColumnElement[Any]
_DIALECT = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]


def as_text(statement: sa.sql.expression.ClauseElement) -> str:
    """The statement with its values written out; percent signs stay single."""
    return str(statement.compile(dialect=_DIALECT, compile_kwargs={"literal_binds": True}))


def typed(value: Value, kind: Kind) -> Expression:
    """The value in the kind's own type. A column that has it already keeps its index."""
    return retyped(as_written(value), value, kind)


def as_written(value: Value) -> Expression:
    """The column or expression as it stands in the relation."""
    return sa.literal_column(value.sql if value.is_column else f"({value.sql})")


def retyped(raw: Expression, value: Value, kind: Kind) -> Expression:
    """What was written, in the kind's own type; null stays null."""
    if value.native in (_INTEGERS if kind is Kind.INTEGER else _NATIVE.get(kind, set())):
        return raw
    if kind is Kind.TEXT and value.native in _TEXTS:
        return raw
    if kind is Kind.NUMERIC and value.native in _FLOATS:
        # A float means its shortest decimal: 0.1 is 0.1, not 0.1000000000000000055.
        return sa.cast(sa.cast(raw, sa.Text()), sa.Numeric())
    if kind is Kind.FLOAT and value.native == "float4":
        return sa.cast(sa.cast(raw, sa.Text()), sa.Double())
    return sa.cast(raw, _TYPES[kind])


def canonical(kind: Kind, value: Expression) -> Expression:
    """The text that :mod:`queries.compare_values` makes of the same value."""
    if kind is Kind.NUMERIC:
        return sa.cast(sa.func.trim_scale(value), sa.Text())
    if kind is Kind.FLOAT:
        exact = sa.cast(sa.cast(value, sa.Text()), sa.Numeric())
        return sa.cast(sa.func.trim_scale(exact), sa.Text())
    if kind is Kind.TIMESTAMPTZ:
        return sa.cast(sa.func.timezone(sa.literal_column("'UTC'"), value), sa.Text())
    if kind is Kind.BYTES:
        return sa.func.encode(value, sa.literal_column("'hex'"))
    return sa.cast(value, sa.Text())


def binary_collated(kind: Kind, value: Expression) -> Expression:
    """Text compared and ordered by its bytes, whatever the column's collation folds."""
    if kind is not Kind.TEXT:
        return value
    collated: Expression = value.collate("C")
    return collated


def folded(field: Field, value: Expression) -> Expression:
    """The value without the case and white space that do not count."""
    rules = field.rules
    if field.column.kind is not Kind.TEXT:
        return value
    if rules.whitespace in {Whitespace.TRIM, Whitespace.COLLAPSE}:
        value = sa.func.btrim(value, _SPACE_CHARACTERS)
    if rules.whitespace is Whitespace.COLLAPSE:
        value = sa.func.regexp_replace(value, r"\s+", " ", "g")
    elif rules.whitespace is Whitespace.IGNORE:
        value = sa.func.regexp_replace(value, r"\s+", "", "g")
    if rules.ignore_case:
        value = sa.func.lower(value)
    return binary_collated(Kind.TEXT, value)


def translated(rules: Rules, value: Expression) -> Expression:
    """The value after the code map; an unknown code stays as it is."""
    if not rules.codes:
        return value
    whens = [(value == old, sa.literal(new)) for old, new in rules.codes.items()]
    return sa.case(*whens, else_=value)


def differs(field: Field, source: Expression, target: Expression) -> sa.ColumnElement[bool]:
    """Null-safe: whether two values differ by more than the rules allow."""
    first, second = folded(field, source), folded(field, target)
    if field.column.kind is Kind.TEXT:
        first, second = binary_collated(Kind.TEXT, first), binary_collated(Kind.TEXT, second)
    distinct = first.is_distinct_from(second)
    close = _close(field, source, target)
    return distinct if close is None else distinct & sa.not_(sa.func.coalesce(close, sa.false()))


def _close(field: Field, source: Expression, target: Expression) -> sa.ColumnElement[bool] | None:
    rules, kind = field.rules, field.column.kind
    if rules.seconds is not None:
        both = sa.func.isfinite(source) & sa.func.isfinite(target)
        apart = sa.extract("epoch", sa.cast(source, sa.DateTime()) - sa.cast(target, sa.DateTime()))
        return sa.case((both, sa.func.abs(apart) <= exact(rules.seconds)), else_=sa.false())
    if not rules.tolerant:
        return None
    if kind is Kind.FLOAT:
        source, target = _decimal(source), _decimal(target)
    gap = sa.func.abs(source - target)
    finite = sa.func.abs(source) < sa.literal_column("'Infinity'::numeric")
    finite &= sa.func.abs(target) < sa.literal_column("'Infinity'::numeric")
    bounds = []
    if rules.absolute is not None:
        bounds.append(gap <= exact(rules.absolute))
    if rules.relative is not None:
        larger = sa.func.greatest(sa.func.abs(source), sa.func.abs(target))
        bounds.append(gap <= exact(rules.relative) * larger)
    return sa.case((finite, sa.or_(*bounds)), else_=sa.false())


def _decimal(value: Expression) -> Expression:
    return sa.cast(sa.cast(value, sa.Text()), sa.Numeric())


def exact(number: Decimal) -> Expression:
    """A decimal as SQL, digit for digit."""
    return sa.literal_column(f"{number:f}::numeric")


def encoded(kinds: Sequence[Kind], texts: Sequence[Expression]) -> Expression:
    """Several canonical texts as one; see :func:`queries.compare_values.encode`."""
    parts: list[Expression] = []
    for kind, text in zip(kinds, texts, strict=True):
        if kind in PREFIXED:
            parts += [sa.func.length(text), sa.literal_column("':'"), text]
        else:
            parts += [text, sa.literal_column("';'")]
    # An SQL function takes at most a hundred arguments.
    pieces: list[Expression] = [
        sa.func.concat(*parts[at : at + 90]) for at in range(0, len(parts), 90)
    ]
    return pieces[0] if len(pieces) == 1 else sa.func.concat(*pieces)


def printed(kind: Kind, value: Expression) -> Expression:
    """What ``concat`` prints for equal values alike on every PostgreSQL, without a cast each."""
    if kind is Kind.NUMERIC:
        return sa.func.trim_scale(value)
    if kind in PREFIXED:
        return sa.cast(value, sa.Text())
    return canonical(kind, value) if kind is Kind.FLOAT else value


def sha256(text: Expression) -> Expression:
    return sa.func.sha256(sa.func.convert_to(text, sa.literal_column("'UTF8'")))


def text_hash(text: Expression) -> Expression:
    """The first 64 bits of SHA-256 as a signed number; Python makes the same."""
    head = sa.func.encode(sa.func.substring(sha256(text), 1, 8), sa.literal_column("'hex'"))
    return sa.cast(sa.cast(sa.literal_column("'x'").concat(head), BIT(64)), sa.BigInteger())


def fast_hash(text: Expression) -> Expression:
    """64 bits from PostgreSQL's own hash of a text.

    Never its hash of a record or of a number: the one is linear in its members, so that two
    records may trade a value unseen, and the other leaves out the sign. Servers whose hash of a
    text differs see every bucket differ, and compare record by record: slower, never wrong.
    """
    return sa.func.hashtextextended(text.collate("C"), sa.literal_column("0"))


def bucket(plan: Plan, bucketing: Bucketing, values: Sequence[Expression]) -> Expression:
    """The bucket of a record from the typed values of its identity."""
    if isinstance(bucketing, ByRange):
        shifted = sa.cast(values[0], sa.BigInteger()).op(">>")(
            sa.literal_column(str(bucketing.shift))
        )
        return sa.func.coalesce(shifted, sa.literal_column(f"({NULL_BUCKET})::bigint"))
    kinds = [column.kind for column in plan.identity]
    digest = sha256(encoded(kinds, [canonical(k, v) for k, v in zip(kinds, values, strict=True)]))
    two = sa.func.get_byte(digest, 0) * 256 + sa.func.get_byte(digest, 1)
    return sa.cast(two.op("&")(bucketing.count - 1), sa.BigInteger())


def within(
    plan: Plan, bucketing: Bucketing, values: Sequence[Expression], chosen: Span | Collection[int]
) -> sa.ColumnElement[bool]:
    """Whether a record lies in these buckets; by index where buckets are ranges."""
    spans = (
        [(chosen.first, chosen.last)]
        if isinstance(chosen, Span)
        else runs(each for each in chosen if each != NULL_BUCKET)
    )
    by_range = bucketing if isinstance(bucketing, ByRange) else None
    place = as_text(values[0] if by_range else bucket(plan, bucketing, values))
    # Written out, because hundreds of conditions take long to compile one by one.
    conditions = [
        f"({place}) BETWEEN {_big(low)} AND {_big(high)}"
        for low, high in (by_range.bounds(*span) if by_range else span for span in spans)
    ]
    if by_range and not isinstance(chosen, Span) and NULL_BUCKET in chosen:
        conditions.append(f"({place}) IS NULL")
    return sa.literal_column(f"({' OR '.join(conditions) or 'false'})", sa.Boolean())


def _big(number: int) -> str:
    """A bigint: a numeric bound would lose the index."""
    return f"({number})::bigint"


def relation(side: Relation) -> sa.TableClause:
    return sa.table(side.name, schema=side.schema)


def kept(side: Relation) -> sa.ColumnElement[bool] | None:
    """The declared filter; a null is not true."""
    return sa.literal_column(f"({side.keep})", sa.Boolean()) if side.keep else None


def label(expression: str) -> Expression:
    return sa.cast(sa.literal_column(f"({expression})") if expression else sa.null(), sa.Text())


def value_of(column: Column, *, source: bool) -> Value:
    return column.source if source else column.target
