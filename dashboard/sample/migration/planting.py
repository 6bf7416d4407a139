"""Choose the source records on which each planted defect of the live load acts."""

from __future__ import annotations

from collections.abc import Mapping as Mappings
from math import floor

import sqlalchemy as sa

from dashboard.sample.defect import Defect, Unit
from dashboard.sample.migration.bugs import NAME_LENGTH
from dashboard.sample.migration.mapping import MAPPINGS, TEST_STATUS, read_date
from dashboard.sample.migration.plan import CONTRIBUTIONS, MEMBERS, RUNS, Batch, batches
from dashboard.sample.migration.tables import legacy_contributions, legacy_members, planted_keys
from queries.errors import InvalidInputError

_m, _c = legacy_members.c, legacy_contributions.c


def _can_carry() -> dict[str, sa.ColumnElement[bool]]:
    """Defect to condition: records whose value the defect would really change."""
    born = read_date(_m.birth_date)
    day, month = sa.extract("day", born), sa.extract("month", born)
    return {
        "birth_date_swap": sa.and_(day <= 12, day != month),
        "surname_truncated": sa.func.length(sa.func.trim(_m.last_name)) > NAME_LENGTH,
        "duplicate_members": sa.true(),
        "mojibake_first_name": sa.func.octet_length(_m.first_name) > sa.func.length(_m.first_name),
        "default_hire_date": _m.hire_date.is_(None),
        "tax_reference_lost": sa.true(),
        "batch_does_not_close": sa.true(),
        "orphaned_contributions": _c.member_no.like("0%"),
        "sign_flips": _c.kind_code == "AD",
        "interest_rounded": sa.func.round(_c.amount, 2) != _c.amount,
        "posting_time_shift": _c.posted_by == "LOCKBOX",
    }


def plant(connection: sa.Connection, defects: Mappings[str, Defect], seed: int) -> None:
    """Note the keys of the records that each defect acts on: as many as its size says.

    Raises:
        InvalidInputError: a batch holds fewer records that can carry the defect.
    """
    live = {batch.id: batch for run in RUNS if run.live for batch in batches(run)}
    for key, condition in _can_carry().items():
        defect = defects.get(key)
        if defect is None:
            continue
        batch = live[str(defect.place.batch)]
        chosen = _records(batch).where(_loadable(batch), condition)
        chosen = chosen.order_by(*_order(batch, key, seed)).limit(defect.records)
        if _note(connection, key, chosen) < defect.records:
            raise InvalidInputError(
                f"The batch {batch.id} is too small for the planted defect {key}. "
                "Choose more tickets per year, or --clean."
            )
    late = defects.get("batch_late")
    if late is not None:
        _plant_late(connection, late, live[str(late.place.batch)])


def _plant_late(connection: sa.Connection, late: Defect, batch: Batch) -> None:
    """A batch that stopped early never read its last records."""
    if late.unit is not Unit.SHARE:
        raise TypeError(f"The size of {late.key} is a share.")
    records = _records(batch)
    total = connection.execute(sa.select(sa.func.count()).select_from(records.subquery())).scalar()
    unread = records.order_by(_c.contribution_no.desc()).limit(floor((total or 0) * late.size))
    _note(connection, late.key, unread)


def _records(batch: Batch) -> sa.Select[tuple[str]]:
    mapping = MAPPINGS[batch.table]
    origin: sa.FromClause = legacy_members
    if batch.table == CONTRIBUTIONS:
        origin = legacy_contributions.join(legacy_members, _c.member_no == _m.member_no)
    source = mapping.source.c
    return (
        sa.select(mapping.source_key)
        .select_from(origin)
        .where(source.source_system == batch.system, source.region == batch.region)
    )


def _loadable(batch: Batch) -> sa.ColumnElement[bool]:
    """Records that the live load neither filters nor rejects."""
    member = sa.and_(_m.status_code != TEST_STATUS, sa.not_(_m.birth_date.like("00/%")))
    return member if batch.table == MEMBERS else sa.and_(member, _c.amount != 0)


def _order(batch: Batch, key: str, seed: int) -> tuple[sa.ColumnElement[str], ...]:
    """A random order by member that the seed decides; a member's records stay together."""
    draw = sa.func.md5(sa.literal(f"{seed}:{key}:") + _m.member_no)
    return (draw, MAPPINGS[batch.table].source_key)


def _note(connection: sa.Connection, key: str, chosen: sa.Select[tuple[str]]) -> int:
    keys = chosen.subquery()
    statement = sa.insert(planted_keys).from_select(
        ["defect", "key"], sa.select(sa.literal(key), keys.c[0])
    )
    return connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount
