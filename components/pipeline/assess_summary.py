"""The sentence that answers the pipeline page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from components.pipeline.assess_days import Days
from components.pipeline.assess_firing import Firing
from components.pipeline.assess_versions import Snapshots
from components.pipeline.shares import Share, day_text
from queries.scope import Scope


@dataclass(frozen=True, slots=True)
class Summary:
    """The page in a few sentences, and whether anything is wrong."""

    sentence: str
    faults: int


def summary(snapshots: Snapshots, firing: Firing, found: Days, period: str) -> Summary:
    """What to know before reading on: days without records, traceability, calls of the LLM.

    ``period`` is the period in words, such as “in the last 28 days”.
    """
    if snapshots.n == 0:
        return Summary("No prediction was made in this period and segment.", 0)
    gone = f"{found.sentence}." if found.missing else ""
    parts = [gone, _snapshots(snapshots, period), _firing(firing)]
    faults = len(found.missing) + snapshots.faulty + firing.without_cause + firing.missed
    return Summary(" ".join(part for part in parts if part), faults)


def period_words(scope: Scope) -> str:
    """The period as people say it: ``in the last 28 days``."""
    days = round((scope.end - scope.start) / timedelta(days=1))
    if timedelta() <= scope.end - scope.as_of < timedelta(days=1) and days > 0:
        return f"in the last {days} days" if days > 1 else "in the last day"
    last = (scope.until - timedelta(microseconds=1)).date()
    return f"from {day_text(scope.start.date())} to {day_text(last)}"


def _snapshots(found: Snapshots, period: str) -> str:
    head = f"Of {found.n:,} predictions {period}, "
    incomplete = found.complete.whole - found.complete.part
    if incomplete == 0:
        sentence = f"{head}all carry their version snapshots."
    elif found.complete.part == 0:
        sentence = f"{head}none carries all of its version snapshots."
    else:
        sentence = (
            f"{head}{_percent(found.complete)} carry all their version snapshots; "
            f"{incomplete:,} {_do(incomplete)} not, {found.where_incomplete}."
        )
    others = [
        _other(found.known, "an unknown version", found.where_unknown),
        _other(found.in_force, "one that was not in force", found.where_not_in_force),
    ]
    named = " and ".join(other for other in others if other)
    return f"{sentence} {named[:1].upper()}{named[1:]}." if named else sentence


def _other(share: Share, words: str, where: str) -> str:
    bad = share.whole - share.part
    return f"{bad:,} {'names' if bad == 1 else 'name'} {words} ({where})" if bad else ""


def _firing(found: Firing) -> str:
    asked = f"The LLM ran on {_percent(found.asked)} of them"
    if found.asked.part == 0:
        asked = "The LLM ran on none of them"
    faults = []
    if found.without_cause:
        faults.append(f"{found.without_cause:,} {_time(found.without_cause)} without cause")
    if found.missed:
        faults.append(f"{found.missed:,} {_time(found.missed)} it was needed and did not run")
    if not faults:
        return f"{asked}, each time with a cause." if found.asked.part else f"{asked}."
    return f"{asked}; {' and '.join(faults)}."


def _percent(share: Share) -> str:
    """A percentage that is 100% or 0% only if it is exactly that."""
    if share.value is None:
        return "–"
    for digits in (1, 2, 3, 4):
        text = f"{100 * share.value:.{digits}f}%"
        if text[:-1] not in {f"{100:.{digits}f}", f"{0:.{digits}f}"}:
            return text
    return "all" if share.part == share.whole else f"{share.part:,} of {share.whole:,}"


def _do(n: int) -> str:
    return "does" if n == 1 else "do"


def _time(n: int) -> str:
    return "time" if n == 1 else "times"
