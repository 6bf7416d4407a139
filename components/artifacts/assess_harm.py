"""Is the model in service doing harm that a way out would end? Two ways out, judged alike.

On tickets that reviewers judged since, the model in service is compared with the rollback model,
scored from the stored features, and with the rules alone, which an emergency demotion leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import exp, log

import numpy as np
from numpy.typing import NDArray

from components.artifacts.assess_history import Served
from components.gates.evidence import Evidence
from components.layout import numbers
from components.layout.numbers import signed
from components.statistics.estimate import Estimate, weighted_estimate
from components.statistics.onset import onset_evidence
from components.statistics.sequential import E_LIMIT
from components.statistics.weight_total import adds_up, contradiction

ROLLBACK_HARM, RULES_HARM = "production.rollback_harm", "production.rules_harm"
METRICS = (ROLLBACK_HARM, RULES_HARM)
METHOD = "weekly onset of a weighted betting e-process"
WEEKS = 13
"""How far back harm may have begun: one quarter."""
RECENT = timedelta(days=28)
RULES = "the rules alone"
_WEEK, _STEP = timedelta(days=7), timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST = log(1e300)
_MORE_THAN = 1_000_000


@dataclass(frozen=True, slots=True)
class Span:
    """The weeks that are judged, counted from the day on which the model came into service."""

    version: str
    origin: datetime
    end: datetime
    first: int
    weeks: int

    @property
    def start(self) -> datetime:
        """When the first week begins whose reviews are read."""
        return self.origin + self.first * _WEEK

    def week(self, at: NDArray[np.int64]) -> NDArray[np.int64]:
        """The positions of moments' weeks; moments in microseconds since 1970."""
        return (at - microseconds(self.origin)) // (_WEEK // _STEP)


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Reviewed tickets: which of the two was right, and how likely each one's review was.

    ``at`` is in microseconds since 1970, ``ours`` the model in service; ``propensity`` is NaN
    where it is not on record.
    """

    at: NDArray[np.int64]
    ours: NDArray[np.bool_]
    other: NDArray[np.bool_]
    propensity: NDArray[np.float64]


def microseconds(moment: datetime) -> int:
    """Since 1970."""
    return (moment - _EPOCH) // _STEP


@dataclass(frozen=True, slots=True)
class Harm:
    """The model in service against one way out.

    ``e`` is evidence of harm over the span; ``recent`` the weighted difference in accuracy over
    the last 28 days, in service minus way out, for one look.
    """

    other: str
    e: float
    wins: int
    losses: int
    reviewed: int
    unknown: int
    recent: Estimate | None
    newest_at: datetime


def span(served: Sequence[Served], version: str, as_of: datetime, label_days: int) -> Span | None:
    """The weeks of a model's present service whose labels have come in; None before the first."""
    own = [item for item in served if item.version == version]
    if not own:
        return None
    end = min(own[-1].end, as_of - timedelta(days=label_days))
    if end <= own[-1].start:
        return None
    weeks = -((own[-1].start - end) // _WEEK)
    return Span(version, own[-1].start, end, max(0, weeks - WEEKS), weeks)


def harm(other: str, pairs: Pairs, over: Span, cap: float) -> Harm | None:
    """What the reviews say; None without any whose chance is known."""
    known = (pairs.propensity > 0) & (pairs.propensity <= 1)
    if not known.any():
        return None
    at, chance = pairs.at[known], pairs.propensity[known]
    value = pairs.ours[known].astype(np.float64) - pairs.other[known]
    found = onset_evidence(
        over.week(at), value, chance, weeks=over.weeks, cap=cap, first=over.first
    )
    late = at >= microseconds(over.end - RECENT)
    weight = np.minimum(1 / chance, cap)
    return Harm(
        other=other,
        e=exp(min(found, _LARGEST)),
        wins=int((value > 0).sum()),
        losses=int((value < 0).sum()),
        reviewed=int(known.sum()),
        unknown=int((~known).sum()),
        recent=weighted_estimate(value[late], weight[late]) if late.any() else None,
        newest_at=_EPOCH + int(at.max()) * _STEP,
    )


def distrust(propensity: NDArray[np.float64], tickets: int, cap: float) -> str:
    """Why the chances of review on record cannot be right; empty where they can be.

    ``tickets`` is how many the model in service scored over the span of the reviews.
    """
    known = propensity[(propensity > 0) & (propensity <= 1)]
    weight = float(np.minimum(1 / known, cap).sum())
    return "" if adds_up(weight, tickets) else contradiction(weight, tickets)


def evidence(metric: str, found: Harm, over: Span, unscored: int = 0, doubt: str = "") -> Evidence:
    """The e-value for its gate; ``unscored`` reviewed tickets could not be scored again.

    Where the chances of review are in ``doubt`` there is no number, unless harm is proven.
    """
    if doubt and found.e < E_LIMIT:
        return unknown(metric, doubt, found.newest_at)
    return Evidence(
        metric=metric,
        value=found.e,
        n=found.reviewed,
        n_unscored=unscored + found.unknown,
        method=METHOD,
        measured_at=found.newest_at,
        sentence=sentence(found, over),
    )


def unknown(metric: str, why: str, at: datetime | None = None) -> Evidence:
    """No number, and why."""
    return Evidence(metric, None, 0, METHOD, at, sentence=why)


def sentence(found: Harm, over: Span) -> str:
    """Both counts, the weighted difference and the evidence, in words."""
    said = (
        f"On {found.reviewed:,} tickets reviewed since {numbers.day(over.start)}, "
        f"{over.version} was right where {found.other} would not have been {found.wins:,} times, "
        f"and the reverse {found.losses:,} times"
    )
    recent = found.recent
    if recent is not None and recent.low is not None and recent.high is not None:
        said += (
            f"; weighted for who was reviewed, it was more accurate by {_points(recent.value)} "
            f"points over the last 28 days ({_points(recent.low)} to {_points(recent.high)}, "
            "for one look)"
        )
    return f"{said}. Evidence that it does harm: {_times(found.e)}."


def _points(share: float) -> str:
    return signed(100 * share)


def _times(e: float) -> str:
    if e >= _MORE_THAN:
        return f"more than {_MORE_THAN:,}"
    return f"{e:,.0f}" if e >= 10 else f"{e:.3g}"
