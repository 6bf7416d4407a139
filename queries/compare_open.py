"""From two URLs to an open comparison: engines, what the sides are, which road to take."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import exc

from queries.compare import SameDatabase
from queries.compare_across import AcrossDatabases, PostgresSide
from queries.compare_bucket import Bucketing, ByRange, by_rows
from queries.compare_catalog import RelationInfo, choose_bucketing, inspect
from queries.compare_foreign import ForeignSide, open_foreign
from queries.compare_plan import Kind, Plan, Relation
from queries.database import source_engine, translated
from queries.errors import ForbiddenError, InvalidInputError

Comparison = SameDatabase | AcrossDatabases
_IDENTITY = sa.text(
    "SELECT pg_postmaster_start_time()::text, current_database(), "
    "(SELECT oid FROM pg_database WHERE datname = current_database())"
)


@dataclass(frozen=True, slots=True)
class Side:
    """One relation on an open engine, as found."""

    engine: sa.Engine
    relation: Relation
    info: RelationInfo

    @property
    def is_postgres(self) -> bool:
        return self.engine.dialect.name == "postgresql"

    def quoted(self, column: str) -> str:
        return str(self.engine.dialect.identifier_preparer.quote(column))


def engine_for(url: str) -> sa.Engine:
    """A read-only engine for any SQLAlchemy URL.

    Raises:
        InvalidInputError: the URL cannot be used; it is never repeated in the message.
    """
    try:
        parsed = sa.make_url(url)
        if parsed.get_backend_name() == "postgresql":
            return source_engine(url, statement_timeout_s=0)
        return open_foreign(parsed)
    except (exc.ArgumentError, exc.NoSuchModuleError, ModuleNotFoundError):
        raise InvalidInputError(
            "The URL is none that SQLAlchemy can open here. It has the form "
            "postgresql://user:password@host:5432/database or sqlite:////folder/file.sqlite; "
            "other databases need their driver installed."
        ) from None


def look(engine: sa.Engine, relation: Relation) -> Side:
    """Find the relation.

    Raises:
        MissingRelationError: it is not there.
        ForbiddenError: it is there, but may not be read.
    """
    with translated(), engine.connect() as connection:
        info = inspect(connection, relation)
    if not info.readable:
        raise ForbiddenError(
            f"The database role may not read {relation.title}. Ask its owner to grant SELECT."
        )
    return Side(engine, relation, info)


def in_one_database(source: Side, target: Side) -> bool:
    """Whether one connection can read both relations."""
    if not (source.is_postgres and target.is_postgres):
        return False
    if source.engine is target.engine:
        return True
    with translated(), source.engine.connect() as ours, target.engine.connect() as theirs:
        here, there = ours.execute(_IDENTITY).one(), theirs.execute(_IDENTITY).one()
        if tuple(here) != tuple(there):
            return False
        return inspect(ours, target.relation).readable


def bucketing_for(source: Side, target: Side, plan: Plan) -> Bucketing:
    """Buckets that suit the keys of the larger side."""
    rows = max(source.info.rows, target.info.rows)
    ranged = len(plan.keys) == 1 and plan.keys[0].kind is Kind.INTEGER
    measured = target if target.is_postgres else source
    if not ranged or not measured.is_postgres:
        return by_rows(rows)
    with translated(), measured.engine.connect() as connection:
        return choose_bucketing(connection, plan, rows, source=measured is source)


def open_comparison(
    source: Side, target: Side, plan: Plan, bucketing: Bucketing, *, together: bool
) -> Comparison:
    """The comparison, not yet entered; ``together`` is what :func:`in_one_database` said."""
    if together:
        return SameDatabase(
            source.engine,
            plan,
            bucketing,
            marked=(source.info.versioned, target.info.versioned),
            unique=(_unique(source, plan, True), _unique(target, plan, False)),
        )
    return AcrossDatabases(
        plan, _one(source, plan, bucketing, True), _one(target, plan, bucketing, False)
    )


def _one(side: Side, plan: Plan, bucketing: Bucketing, source: bool) -> PostgresSide | ForeignSide:
    if side.is_postgres:
        return PostgresSide(side.engine, plan, bucketing, source=source, marked=side.info.versioned)
    return ForeignSide(side.engine, plan, bucketing, source=source)


def _unique(side: Side, plan: Plan, source: bool) -> bool:
    """Whether an index guarantees that no key stands twice."""
    values = [column.source if source else column.target for column in plan.keys]
    if not all(value.is_column for value in values):
        return False
    names = frozenset(value.sql for value in values)
    known = (frozenset(side.quoted(name) for name in each) for each in side.info.unique)
    return any(each <= names for each in known)


def skewed(bucketing: Bucketing, largest: int, rows: int) -> bool:
    """Whether ranges put so many records into one bucket that hashes serve better."""
    return isinstance(bucketing, ByRange) and largest > max(50_000, rows // 20)
