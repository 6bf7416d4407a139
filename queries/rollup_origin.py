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
from queries.own_tables import is_newer
from queries.rollup_schema import PART, VERSION, rollup_days, rollup_origin

LOG = logging.getLogger("plumbline.rollups")
OTHER_SOURCE = (
    "The roll-ups were built from another database, or it is not on record from which: they are "
    "not used. Run `plumbline refresh`."
)
_MAY_LOOK = sa.text("SELECT has_function_privilege('pg_control_system()', 'execute')")
_SERVER = sa.text("SELECT system_identifier::text FROM pg_control_system()")
# Where the role may not look at the server: its relation's number, which restores change too.
_RELATION = sa.text("SELECT coalesce(to_regclass(:name)::oid::text, '')")
_DATABASE = sa.text(
    "SELECT d.oid::text || ' ' || coalesce("
    "(SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.oid = to_regclass(:name)), '') "
    "FROM pg_database d WHERE d.datname = current_database()"
)
_ONLY = 1


class Origin(StrEnum):
    """Whose roll-ups a schema holds, seen from a source."""

    SAME = "same"
    OTHER = "other"
    NONE = "none"
    NEWER = "newer"


def identity(source: sa.Connection) -> str:
    """What tells this source from any other; it holds no name and no address."""
    name = {"name": prediction_audit.fullname}
    if source.execute(_MAY_LOOK).scalar_one():
        server = source.execute(_SERVER).scalar_one()
    else:
        server = source.execute(_RELATION, name).scalar_one()
    return sha256(f"{server} {source.execute(_DATABASE, name).scalar_one()}".encode()).hexdigest()


def recorded(own: sa.Connection) -> str | None:
    """The source that the roll-ups were built from; None where it is not on record."""
    if not _has(own, rollup_origin):
        return None
    return own.execute(sa.select(rollup_origin.c.identity)).scalar()


def _has(own: sa.Connection, table: sa.Table) -> bool:
    return own.execute(sa.select(sa.func.to_regclass(table.fullname).is_not(None))).scalar_one()


def record(own: sa.Connection, source_identity: str) -> None:
    """Say which source the roll-ups are built from."""
    values = insert(rollup_origin).values(
        place=_ONLY, identity=source_identity, recorded_at=sa.func.now()
    )
    changed = {name: values.excluded[name] for name in ("identity", "recorded_at")}
    own.execute(values.on_conflict_do_update(index_elements=["place"], set_=changed))


def origin(source: sa.Connection, own: sa.Connection) -> Origin:
    """Whose the roll-ups are; a warning is logged where they are of another source."""
    if not _has(own, rollup_days):
        return Origin.NONE
    if is_newer(own, PART, VERSION):
        LOG.warning("roll-ups: made by a newer Plumbline, and not used")
        return Origin.NEWER
    if recorded(own) == identity(source):
        return Origin.SAME
    LOG.warning("roll-ups: %s", OTHER_SOURCE)
    return Origin.OTHER
