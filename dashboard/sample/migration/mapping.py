"""The transformation rules: how each target field follows from the source, done right.

The load applies them, with the bugs of its version; the pipeline's own checks compare with them,
through a comparison that is not always as strict as it should be.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from dashboard.sample.migration.plan import CONTRIBUTIONS, MEMBERS
from dashboard.sample.migration.tables import (
    legacy_contributions,
    legacy_members,
    rise_contributions,
    rise_members,
)

Expression = sa.ColumnElement[Any]
Comparison = Callable[[Expression, Expression], sa.ColumnElement[bool]]

PLANS = {"A1": "Tier 1", "A2": "Tier 2", "B1": "Hybrid", "H3": "Hazardous duty"}
STATUSES = {"A": "active", "D": "deferred", "R": "retired", "X": "deceased"}
KINDS = {"EE": "employee", "ER": "employer", "IN": "interest", "AD": "adjustment"}

ZONE = "America/New_York"
TEST_STATUS = "Z"
FILTER_RULES = {
    MEMBERS: "Test members (status Z) are not migrated.",
    CONTRIBUTIONS: "Contributions of test members and zero amounts are not migrated.",
}

TEXT, CODE, DATE, MONEY, NUMBER, MOMENT = "text", "code", "date", "money", "number", "moment"


def unequal(source: Expression, target: Expression) -> sa.ColumnElement[bool]:
    """The pipeline's usual comparison. It is blind where either side is null."""
    return source != target


def _first_twelve(source: Expression, target: Expression) -> sa.ColumnElement[bool]:
    return sa.func.left(source, 12) != sa.func.left(target, 12)


def _as_number(source: Expression, target: Expression) -> sa.ColumnElement[bool]:
    return sa.cast(source, sa.BigInteger) != sa.cast(target, sa.BigInteger)


def _size_within_a_cent(source: Expression, target: Expression) -> sa.ColumnElement[bool]:
    return sa.func.abs(sa.func.abs(source) - sa.func.abs(target)) >= sa.literal_column("0.01")


def _day(source: Expression, target: Expression) -> sa.ColumnElement[bool]:
    zone = "UTC"
    return sa.cast(sa.func.timezone(zone, source), sa.Date) != sa.cast(
        sa.func.timezone(zone, target), sa.Date
    )


@dataclass(frozen=True, slots=True)
class Field:
    """One target field: its rule, its kind, and how the pipeline compares it."""

    name: str
    kind: str
    rule: Expression
    critical: bool = False
    differs: Comparison = unequal


@dataclass(frozen=True, slots=True)
class Mapping:
    """One table: where its records come from, where they go, by which rules."""

    source: sa.Table
    source_key: sa.ColumnElement[Any]
    target: sa.Table
    target_key: sa.Column[Any]
    fields: tuple[Field, ...]


def read_date(column: Expression) -> Expression:
    """A legacy date; null where day and month are unknown (``00/00/…``)."""
    return sa.case(
        (column.like("00/%"), sa.cast(sa.null(), sa.Date)),
        else_=sa.func.to_date(column, "DD/MM/YYYY"),
    )


def _coded(column: Expression, codes: dict[str, str]) -> Expression:
    return sa.case(codes, value=column)


_m, _c = legacy_members.c, legacy_contributions.c

MAPPINGS = {
    MEMBERS: Mapping(
        legacy_members,
        _m.member_no,
        rise_members,
        rise_members.c.member_key,
        (
            Field("family_name", TEXT, sa.func.trim(_m.last_name), differs=_first_twelve),
            Field("given_name", TEXT, sa.func.trim(_m.first_name)),
            Field("date_of_birth", DATE, read_date(_m.birth_date), critical=True),
            Field("date_of_hire", DATE, read_date(_m.hire_date)),
            Field("tax_reference", TEXT, _m.tax_reference, critical=True),
            Field("plan", CODE, _coded(_m.plan_code, PLANS)),
            Field("status", CODE, _coded(_m.status_code, STATUSES), critical=True),
            Field(
                "annual_salary",
                MONEY,
                sa.cast(_m.salary_cents * sa.literal_column("0.01"), sa.Numeric(12, 2)),
                critical=True,
            ),
            Field("service_credit", NUMBER, _m.service_credit, critical=True),
            Field("changed_at", MOMENT, sa.func.timezone(ZONE, _m.updated_local), differs=_day),
        ),
    ),
    CONTRIBUTIONS: Mapping(
        legacy_contributions,
        sa.cast(_c.contribution_no, sa.Text),
        rise_contributions,
        rise_contributions.c.contribution_key,
        (
            Field("member_key", TEXT, _c.member_no, critical=True, differs=_as_number),
            Field("pay_period", DATE, sa.func.to_date(_c.period, "YYYYMM")),
            Field("kind", CODE, _coded(_c.kind_code, KINDS)),
            Field("amount", MONEY, _c.amount, critical=True, differs=_size_within_a_cent),
            Field("posted_at", MOMENT, sa.func.timezone(ZONE, _c.posted_local), differs=_day),
        ),
    ),
}
