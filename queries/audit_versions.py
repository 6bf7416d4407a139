"""Does every prediction carry its version snapshots, known and in force (B2)?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from queries.answer import Answer, ask
from queries.audit_parts import asked, audit, bucket, count, one_page
from queries.audit_rows import After, SnapshotFaultRow, SnapshotRow, SnapshotState
from queries.contract import prediction_audit
from queries.names import GRACE
from queries.rolled import Plan, adding, rolled_up
from queries.rolled_history import literal_models, literal_switches, models, switches
from queries.rolled_parts import filters, rolled_bucket
from queries.rolled_schema import rolled_requests
from queries.scope import Scope

# The type stands in the statement, so that the drawer's text runs as it is shown.
_GRACE = sa.cast(GRACE, sa.Interval)

_KNOBS = {
    "rules": audit.rules_version,
    "ml": audit.ml_version,
    "llm": audit.llm_version,
    "config": audit.workflow_config,
}
_KNOB_NAMES = {knob: column.name for knob, column in _KNOBS.items()}
_FAULTS = (
    SnapshotState.MISSING.value,
    SnapshotState.UNKNOWN.value,
    SnapshotState.NOT_IN_FORCE.value,
)


@dataclass(frozen=True, slots=True)
class _History:
    """The configuration history cut into slots in which nothing changes.

    Every switch, less and plus the grace, is an edge; ``width_bucket`` finds a prediction's
    slot by binary search, and what was in force in it is a look-up instead of a range join.
    """

    edges: sa.ScalarSelect[Any]
    allowed: sa.CTE
    knobs: sa.CTE
    models: sa.CTE

    def slot(self, moment: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        return sa.func.coalesce(sa.func.width_bucket(moment, self.edges), 0)

    def state(
        self, knob: str, version: Any, slot: Any, needed: sa.ColumnElement[bool]
    ) -> sa.ColumnElement[Any]:
        """The :class:`SnapshotState` of one snapshot."""
        name = _KNOB_NAMES[knob]
        in_history = sa.select(self.allowed.c.version).where(self.allowed.c.knob == name)
        known = sa.select(self.models.c.version) if knob == "ml" else in_history
        in_force = sa.select(self.allowed.c.version, self.allowed.c.slot).where(
            self.allowed.c.knob == name
        )
        has_history = sa.select(self.knobs.c.knob)
        return sa.case(
            (sa.and_(version.is_(None), needed), SnapshotState.MISSING.value),
            (version.is_(None), SnapshotState.NOT_NEEDED.value),
            (version.not_in(known), SnapshotState.UNKNOWN.value),
            (sa.literal(name).not_in(has_history), SnapshotState.UNJUDGED.value),
            (sa.tuple_(version, slot).in_(in_force), SnapshotState.IN_FORCE.value),
            else_=SnapshotState.NOT_IN_FORCE.value,
        )


def _history(switches: sa.CTE, models: sa.CTE) -> _History:
    s = switches.c
    edge = sa.union(
        sa.select((s.valid_from - _GRACE).label("edge")), sa.select(s.valid_from + _GRACE)
    ).cte("edge")
    slots = sa.select(
        edge.c.edge, sa.func.row_number().over(order_by=edge.c.edge).label("slot")
    ).cte("slots")
    within = sa.and_(
        slots.c.edge >= s.valid_from - _GRACE,
        sa.or_(s.valid_to.is_(None), slots.c.edge < s.valid_to + _GRACE),
    )
    allowed = (
        sa.select(s.knob, s.version, sa.cast(slots.c.slot, sa.Integer).label("slot"))
        .select_from(switches.join(slots, within))
        .cte("allowed")
    )
    in_order = sa.select(edge.c.edge).order_by(edge.c.edge).subquery("in_order")
    return _History(
        edges=sa.select(sa.func.array_agg(in_order.c.edge)).scalar_subquery(),
        allowed=allowed,
        knobs=sa.select(s.knob).distinct().cte("knobs"),
        models=models,
    )


def _needed(knob: str, llm_ran: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """Every prediction needs every snapshot, but the LLM's only where it ran."""
    return llm_ran if knob == "llm" else sa.true()


def _rolled(plan: Plan) -> list[Answer[SnapshotRow]]:
    """The same from counts by version and moment, judged by the history as it is known now.

    Segments come in for the faulty combinations alone.
    """
    history = _history(
        literal_switches(plan.source, plan.scope), literal_models(plan.source, plan.scope)
    )
    r = rolled_requests.c
    same = ("day", "moment", "asked", *_KNOB_NAMES.values())
    combined = (
        sa.select(
            *(r[name] for name in same),
            _whole(r.n).label("n"),
            sa.func.max(r.newest).label("newest"),
        )
        .where(*filters(plan, r))
        .group_by(*(r[name] for name in same))
        .subquery("combined")
    )
    c = combined.c
    slot = history.slot(c.moment)
    states = {
        knob: history.state(knob, c[name], slot, _needed(knob, c.asked))
        for knob, name in _KNOB_NAMES.items()
    }
    judged = (
        sa.select(*c, *(state.label(knob) for knob, state in states.items()))
        .cte("judged")
        .prefix_with("MATERIALIZED")
    )
    j = judged.c
    faulty = sa.or_(*(j[knob].in_(_FAULTS) for knob in _KNOBS))
    none = sa.cast(sa.null(), sa.Text)
    healthy = _by_state(plan, j, j, none, none).where(sa.not_(faulty))
    found = _by_state(plan, j, r, r.work_type, r.region).where(faulty, *filters(plan, r))
    alike = [j.day == r.day, j.moment == r.moment, j.asked == r.asked]
    for name in _KNOB_NAMES.values():
        # The first is what a hash join can use, the second is exact.
        alike.append(sa.func.coalesce(j[name], "") == sa.func.coalesce(r[name], ""))
        alike.append(j[name].is_not_distinct_from(r[name]))
    faults = found.select_from(judged.join(rolled_requests, sa.and_(*alike)))
    return [plan.rollups.ask(sa.union_all(healthy, faults), SnapshotRow)]


def _by_state(plan: Plan, judged: Any, counted: Any, *segments: Any) -> sa.Select[Any]:
    work_type, region = segments
    key = {
        "day": rolled_bucket(plan.scope, judged.day),
        "work_type": work_type,
        "region": region,
        **{knob: judged[knob] for knob in _KNOBS},
    }
    return sa.select(
        *(column.label(name) for name, column in key.items()),
        _whole(counted.n).label("n"),
        sa.func.max(counted.newest).label("newest"),
    ).group_by(*(sa.text(str(place + 1)) for place in range(len(key))))


def _whole(counted: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
    return sa.cast(sa.func.sum(counted), sa.BigInteger)


_OUT = ("day", "work_type", "region", *_KNOBS)


@rolled_up(_rolled, adding(_OUT, ("n",), "newest"))
def snapshots(connection: sa.Connection, scope: Scope) -> Answer[SnapshotRow]:
    """How many predictions carry which kind of snapshots, per day; faults per segment.

    Predictions are counted by version and slot first, and only the few distinct combinations
    are judged.
    """
    history = _history(switches(scope), models(scope))
    key = {
        "day": bucket(scope),
        "work_type": audit.work_type,
        "region": audit.region,
        "slot": history.slot(audit.scored_at),
        "asked": asked(),
        **_KNOBS,
    }
    combined = (
        sa.select(
            *(column.label(name) for name, column in key.items()),
            count().label("n"),
            sa.func.max(audit.scored_at).label("newest"),
        )
        .where(*scope.conditions())
        .group_by(*(sa.text(str(place + 1)) for place in range(len(key))))
        .subquery("combined")
    )
    return ask(connection, _judged(history, combined), SnapshotRow)


def _judged(history: _History, combined: sa.Subquery) -> sa.Select[Any]:
    c = combined.c
    judged = (
        sa.select(
            *(c[name] for name in ("day", "work_type", "region", "n", "newest")),
            *(
                history.state(knob, c[knob], c.slot, _needed(knob, c.asked)).label(knob)
                for knob in _KNOBS
            ),
        )
        .cte("judged")
        .prefix_with("MATERIALIZED")  # or each state would be judged once per mention
    )
    j = judged.c
    faulty = sa.or_(*(j[knob].in_(_FAULTS) for knob in _KNOBS))
    out = {
        "day": j.day,
        "work_type": sa.case((faulty, j.work_type)),
        "region": sa.case((faulty, j.region)),
        **{knob: j[knob] for knob in _KNOBS},
    }
    return (
        sa.select(
            *(column.label(name) for name, column in out.items()),
            sa.cast(sa.func.sum(j.n), sa.BigInteger).label("n"),
            sa.func.max(j.newest).label("newest"),
        )
        .group_by(*(sa.text(str(place + 1)) for place in range(len(out))))
        .order_by(sa.text("1"))
    )


def snapshot_faults(
    connection: sa.Connection, scope: Scope, after: After | None = None
) -> Answer[SnapshotFaultRow]:
    """One page of the predictions with a snapshot that is missing, unknown or not in force."""
    history = _history(switches(scope), models(scope))
    states = {
        knob: history.state(knob, column, history.slot(audit.scored_at), _needed(knob, asked()))
        for knob, column in _KNOBS.items()
    }
    statement = sa.select(
        audit.prediction_id,
        audit.ticket_id,
        audit.scored_at,
        audit.work_type,
        audit.region,
        *(state.label(knob) for knob, state in states.items()),
        audit.rules_version,
        audit.ml_version,
        audit.llm_version,
        audit.workflow_config,
    ).where(*scope.conditions(), sa.or_(*(state.in_(_FAULTS) for state in states.values())))
    return ask(
        connection, one_page(statement.select_from(prediction_audit), after), SnapshotFaultRow
    )
