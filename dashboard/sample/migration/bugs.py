"""What the load does wrong: bugs of its earlier versions, fixed run by run, and planted defects.

The bugs of versions 1 to 3 are part of every sample, a clean one too: they belong to the history
of the mock conversions. Version 4, the live load, has the planted defects alone.
"""

from __future__ import annotations

from collections.abc import Mapping as Mappings
from dataclasses import dataclass

import sqlalchemy as sa

from dashboard.sample.defect import Defect
from dashboard.sample.migration.mapping import KINDS, MAPPINGS, STATUSES, Expression
from dashboard.sample.migration.plan import CONTRIBUTIONS, MEMBERS, Run
from dashboard.sample.migration.tables import legacy_contributions, legacy_members, planted_keys

_m, _c = legacy_members.c, legacy_contributions.c

NAME_LENGTH = 12
UNMAPPED_PLAN = "H3"
UNMAPPED_IN_VERSIONS = frozenset({1})


@dataclass(frozen=True, slots=True)
class Bug:
    """Where ``when`` holds, this version of the load writes ``value`` into the field."""

    table: str
    field: str
    versions: frozenset[int]
    when: sa.ColumnElement[bool]
    value: Expression


MOCK_BUGS = (
    Bug(
        MEMBERS,
        "status",
        frozenset({1}),
        sa.and_(_m.source_system == "TEACH", _m.status_code == "D"),
        sa.literal(STATUSES["X"]),
    ),
    Bug(MEMBERS, "family_name", frozenset({1, 2}), sa.true(), _m.last_name),
    Bug(MEMBERS, "given_name", frozenset({1, 2, 3}), _m.source_system == "PENSYS", _m.first_name),
    Bug(CONTRIBUTIONS, "kind", frozenset({1}), _c.kind_code == "AD", sa.literal(KINDS["EE"])),
    Bug(
        CONTRIBUTIONS,
        "kind",
        frozenset({2}),
        sa.and_(_c.kind_code == "AD", _c.source_system == "MUNI"),
        sa.literal(KINDS["EE"]),
    ),
)


def _planted_values() -> dict[str, Expression]:
    """What the load writes on the records of each planted defect of a single field."""
    born = sa.func.to_date(_m.birth_date, "MM/DD/YYYY")
    wrongly_read = sa.func.convert_from(
        sa.func.convert_to(sa.func.trim(_m.first_name), "UTF8"), "LATIN1"
    )
    return {
        "birth_date_swap": born,
        "surname_truncated": sa.func.left(sa.func.trim(_m.last_name), NAME_LENGTH),
        "mojibake_first_name": wrongly_read,
        "default_hire_date": sa.cast("1900-01-01", sa.Date),
        "tax_reference_lost": sa.cast(sa.null(), sa.Text),
        "orphaned_contributions": sa.func.ltrim(_c.member_no, "0"),
        "sign_flips": -_c.amount,
        "interest_rounded": sa.func.round(_c.amount, 2),
        "posting_time_shift": sa.func.timezone("UTC", _c.posted_local),
    }


def written(table: str, run: Run, defects: Mappings[str, Defect]) -> dict[str, Expression]:
    """Field to expression: what this run's version of the load writes into the table."""
    found: dict[str, list[tuple[sa.ColumnElement[bool], Expression]]] = {}
    for bug in MOCK_BUGS:
        if bug.table == table and run.number in bug.versions:
            found.setdefault(bug.field, []).append((bug.when, bug.value))
    if run.live:
        for key, value in _planted_values().items():
            defect = defects.get(key)
            if defect and defect.place.table == table and defect.place.field:
                found.setdefault(defect.place.field, []).append((marked(table, key), value))
    return {
        field.name: sa.case(*found[field.name], else_=field.rule)
        if field.name in found
        else field.rule
        for field in MAPPINGS[table].fields
    }


def marked(table: str, key: str) -> sa.ColumnElement[bool]:
    """Whether a source record belongs to a planted defect."""
    keys = sa.select(planted_keys.c.key).where(planted_keys.c.defect == key)
    return MAPPINGS[table].source_key.in_(keys)
