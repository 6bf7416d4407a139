"""Which database roll-ups were built from: they answer for that one alone.

A source is told by the server's system identifier, its database and the schema in which
``prediction_audit`` is found. A standby and a renamed database are the same source; a copy is
another, until a refresh has compared its days with those that are rolled up.
"""

from __future__ import annotations

import logging
from enum import StrEnum
from hashlib import sha256

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from queries.contract import prediction_audit
from queries.own_tables import schema_parts
from queries.rollup_schema import PART, VERSION, rollup_days, rollup_origin
from queries.snapshot import once

LOG = logging.getLogger("plumbline.rollups")
OTHER_SOURCE = (
    "The roll-ups were built from another database, or it is not on record from which: they are "
    "not used. Run `plumbline refresh`."
)
_SERVER = sa.text("SELECT system_identifier::text FROM pg_control_system()")
# Where the role may not look at the server: its relation's number, which restores change too.
_DATABASE = sa.text(
    "SELECT has_function_privilege('pg_control_system()', 'execute') AS may_look, "
    "coalesce(to_regclass(:name)::oid::text, '') AS relation, "
    "d.oid::text || ' ' || coalesce("
    "(SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.oid = to_regclass(:name)), '') AS database "
    "FROM pg_database d WHERE d.datname = current_database()"
)
_ONLY = 1


class Origin(StrEnum):
    """Whose roll-ups a schema holds, seen from a source."""

    SAME = "same"
    OTHER = "other"
    NONE = "none"
    NEWER = "newer"


@once
def identity(source: sa.Connection) -> str:
    """What tells this source from any other; it holds no name and no address."""
    found = source.execute(_DATABASE, {"name": prediction_audit.fullname}).one()
    server = source.execute(_SERVER).scalar_one() if found.may_look else found.relation
    return sha256(f"{server} {found.database}".encode()).hexdigest()


def recorded(own: sa.Connection) -> str | None:
    """The source that the roll-ups were built from; None where it is not on record."""
    if not _present(own, rollup_origin)[0]:
        return None
    return own.execute(sa.select(rollup_origin.c.identity)).scalar()


def _present(own: sa.Connection, *tables: sa.Table) -> list[bool]:
    """Which of the tables are there, in one look."""
    there = (sa.func.to_regclass(table.fullname).is_not(None) for table in tables)
    columns = (column.label(f"n{place}") for place, column in enumerate(there))
    return list(own.execute(sa.select(*columns)).one())


def record(own: sa.Connection, source_identity: str) -> None:
    """Say which source the roll-ups are built from."""
    values = insert(rollup_origin).values(
        place=_ONLY, identity=source_identity, recorded_at=sa.func.now()
    )
    changed = {name: values.excluded[name] for name in ("identity", "recorded_at")}
    own.execute(values.on_conflict_do_update(index_elements=["place"], set_=changed))


def origin(source: sa.Connection, own: sa.Connection) -> Origin:
    """Whose the roll-ups are; a warning is logged where they are of another source."""
    days, parts, origins = _present(own, rollup_days, schema_parts, rollup_origin)
    if not days:
        return Origin.NONE
    version, whose = own.execute(
        sa.select(
            _version() if parts else sa.null(),
            sa.select(rollup_origin.c.identity).scalar_subquery() if origins else sa.null(),
        )
    ).one()
    if version is not None and version > VERSION:
        LOG.warning("roll-ups: made by a newer Plumbline, and not used")
        return Origin.NEWER
    if whose == identity(source):
        return Origin.SAME
    LOG.warning("roll-ups: %s", OTHER_SOURCE)
    return Origin.OTHER


def _version() -> sa.ScalarSelect[int]:
    kept = schema_parts.c
    return sa.select(kept.version).where(kept.part == PART).scalar_subquery()
