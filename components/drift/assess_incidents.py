"""Variables that moved on one date are one incident, joined with what was done that day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from components.drift import words
from components.drift.assess_findings import dated
from components.drift.types import Finding, Incident, ProgrammeChange, Since
from components.gates.policy_drift import DriftPolicy

_Dated = tuple[Finding, Since]


def incidents(
    found: Sequence[Finding], changes: Sequence[ProgrammeChange], policy: DriftPolicy
) -> tuple[tuple[Incident, ...], tuple[Finding, ...]]:
    """The incidents, largest first, and the findings with the incident each belongs to."""
    groups = _groups(dated(found), timedelta(days=policy.incident_days))
    made = tuple(_incident(group, changes, policy) for group in groups)
    made = tuple(sorted(made, key=lambda i: (-abs(i.points or 0.0), -len(i.variables), i.day)))
    of = {name: one.id for one in made for name in one.variables}
    return made, tuple(replace(f, incident=of.get(f.variable)) for f in found)


def _groups(found: list[_Dated], gap: timedelta) -> list[list[_Dated]]:
    """Neighbours in time, in one segment or none: a later one joins the last if it is near."""
    groups: list[list[_Dated]] = []
    for one in sorted(found, key=lambda pair: (_where(pair[0]), pair[1].day)):
        last = groups[-1] if groups else None
        same = last is not None and _where(last[-1][0]) == _where(one[0])
        if last is not None and same and one[1].day - last[-1][1].day <= gap:
            last.append(one)
        else:
            groups.append([one])
    return groups


def _where(found: Finding) -> tuple[str, str]:
    if found.carrier is None:
        return "", ""
    return found.carrier.dimension, found.carrier.segment


def _incident(
    group: list[_Dated], changes: Sequence[ProgrammeChange], policy: DriftPolicy
) -> Incident:
    surest = min(group, key=lambda pair: (pair[1].high - pair[1].low, pair[1].p))[1]
    dimension, segment = _where(group[0][0])
    points = [f.impact.points for f, _ in group if f.impact is not None]
    total = sum(points) if points else None
    near = coincident(changes, surest, policy)
    labels = [f.label for f, _ in group]
    return Incident(
        id=f"{surest.day.isoformat()}-{segment or 'all'}",
        day=surest.day,
        low=min(when.low for _, when in group),
        high=max(when.high for _, when in group),
        variables=tuple(f.variable for f, _ in group),
        dimension=dimension or None,
        segment=segment or None,
        points=total,
        coincides=near,
        sentence=words.incident(labels, surest.day, segment or None, total, near),
    )


def coincident(
    changes: Sequence[ProgrammeChange], when: Since, policy: DriftPolicy
) -> tuple[ProgrammeChange, ...]:
    """What was done within a few days of the change, nearest first."""
    margin = timedelta(days=policy.coincidence_days)
    moment = datetime.combine(when.day, time(), UTC)
    near = [c for c in changes if moment - margin <= c.at < moment + margin + timedelta(days=1)]
    return tuple(sorted(near, key=lambda c: abs(c.at - moment)))
