"""What is found, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from components.drift.types import (
    Distances,
    Evidence,
    Finding,
    Impact,
    Incident,
    ProgrammeChange,
    SegmentShift,
    Since,
    Verdict,
)
from components.layout.numbers import signed

_VERDICTS = {
    Verdict.MOVED: "has moved",
    Verdict.UNCONFIRMED: (
        "has changed little by little; without a year of history the season cannot be told apart"
    ),
    Verdict.SEASONAL: "differs from the reference as it did a year before: the season explains it",
    Verdict.SMALL: "differs, by less than matters in practice",
    Verdict.STEADY: "is steady",
    Verdict.TOO_LITTLE: "has too little data, or only one value, to be judged",
}
_OTHER_VERSIONS = (
    "has changed little by little; the year before was scored by other versions, so the season "
    "cannot be told apart"
)


def day_text(day: date) -> str:
    """A day: ``3 Oct 2026``."""
    return f"{day.day} {day:%b %Y}"


def listed(names: Sequence[str], most: int = 3) -> str:
    """``a, b and c``, or ``a, b, c and 4 more``."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def points_text(points: float) -> str:
    """Score points with a sign; small ones are not rounded to nothing."""
    if abs(points) < 0.05:
        return "less than 0.1 score points"
    return f"{signed(points)} score points"


def p_text(p: float) -> str:
    """A p-value for people."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def since_text(since: Since) -> str:
    """``since 3 Oct 2026 (90%: 1 to 5 Oct)``."""
    if since.low == since.high:
        return f"since {day_text(since.day)}"
    return f"since {day_text(since.day)} (90%: {day_text(since.low)} to {day_text(since.high)})"


def finding(
    label: str,
    verdict: Verdict,
    distances: Distances | None,
    evidence: Evidence | None,
    impact: Impact | None,
    since: Since | None,
    carrier: SegmentShift | None,
    *,
    other_versions: bool = False,
) -> str:
    """One variable in one sentence; ``other_versions`` scored the days of the year before."""
    text = f"{label} {_VERDICTS[verdict]}"
    if verdict is Verdict.UNCONFIRMED and other_versions:
        text = f"{label} {_OTHER_VERSIONS}"
    if verdict is not Verdict.MOVED:
        return f"{text}."
    if carrier is not None:
        text += f" in {carrier.segment}"
    if since is not None:
        text += f" {since_text(since)}"
    sure = carrier.evidence if carrier is not None else evidence
    parts = []
    if carrier is not None:
        parts.append(f"distance {carrier.jensen_shannon:.2f} there")
    elif distances is not None:
        parts.append(f"distance {distances.jensen_shannon:.2f}")
    if sure is not None:
        parts.append(f"{p_text(sure.p_adjusted)} in its family")
    if impact is not None:
        parts.append(f"{points_text(impact.points)} in the ML score")
    return f"{text}; {', '.join(parts)}." if parts else f"{text}."


def coincides_text(changes: Sequence[ProgrammeChange]) -> str:
    """What was done around that day, or that nothing was."""
    if not changes:
        return "Nothing is on record as deployed or configured around that day."
    return f"It coincides with {listed([f'{c.label} ({c.kind})' for c in changes])}."


def incident(
    labels: Sequence[str],
    day: date,
    segment: str | None,
    points: float | None,
    coincides: Sequence[ProgrammeChange],
) -> str:
    """One incident in words."""
    where = f" in {segment}" if segment else ""
    verb = "changed" if len(labels) == 1 else "changed together"
    effect = f", {points_text(points)} in the ML score" if points is not None else ""
    text = f"{listed(labels)} {verb}{where} on {day_text(day)}{effect}."
    return f"{text} {coincides_text(coincides)}"


def headline(
    moved: Sequence[Finding],
    incidents: Sequence[Incident],
    tested: int,
    segments: int,
    caveat: str,
    unconfirmed: int,
    seasonal: int,
) -> str:
    """The answer of the page."""
    if not tested:
        return f"Drift cannot be judged: {caveat or 'there is too little data.'}"
    if not moved:
        text = f"No feature has moved beyond what days usually differ, in {tested} comparisons"
        text += f" over {segments - 1} segments and all predictions." if segments > 1 else "."
        if unconfirmed:
            text += (
                f" {unconfirmed} changed little by little; without a year of history the season "
                "cannot be told apart."
            )
        elif seasonal:
            text += f" {seasonal} moved as in the same weeks a year before."
        return text
    first = incidents[0] if incidents else None
    labels = [f.label for f in moved]
    verb = "has" if len(labels) == 1 else "have"
    text = f"{listed(labels)} {verb} moved"
    if first is not None:
        inside = [f.label for f in moved if f.variable in first.variables]
        where = f" in {first.segment}" if first.segment else ""
        if len(inside) == len(moved):
            text += f"{where} since {day_text(first.day)}"
        else:
            text += f"; {listed(inside)}{where} since {day_text(first.day)}"
    sure = [e.p_adjusted for f in moved if (e := _evidence(f)) is not None]
    if sure:
        text += f" ({p_text(min(sure))} after {tested} comparisons)"
    points = [f.impact.points for f in moved if f.impact is not None]
    if points:
        text += f", worth {points_text(sum(points))} in the ML score"
    text += "."
    if first is not None:
        text += f" {coincides_text(first.coincides)}"
    return text


def _evidence(found: Finding) -> Evidence | None:
    return found.carrier.evidence if found.carrier is not None else found.evidence
