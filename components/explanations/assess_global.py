"""What matters to the model in general, whether that changed, and what should not matter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np

from components.gates.policy_explanations import ExplanationPolicy
from queries.drift_rows import ShapMass, Variable
from queries.explanation_rows import ResultRow

MINIMUM_WEEK = 50
MINIMUM_VERSION = 200
MICRO = 1e6


@dataclass(frozen=True, slots=True)
class Importance:
    """A feature's mean |attribution| in log-odds, and its share of all attribution."""

    feature: str
    mean: float
    share: float


@dataclass(frozen=True, slots=True)
class Week:
    """Shares of the top features in one week, and the largest change since the week before."""

    start: date
    explained: int
    versions: tuple[str, ...]
    shares: dict[str, float]
    change: float | None
    feature: str
    beyond: bool


@dataclass(frozen=True, slots=True)
class Weekly:
    """Weeks of the period; ``floor`` is what retraining alone has moved, None where unknown."""

    top: tuple[str, ...]
    weeks: tuple[Week, ...]
    floor: float | None
    retrainings: int


@dataclass(frozen=True, slots=True)
class Named:
    """Share of attribution carried by features that the policy names."""

    feature: str
    kind: str
    share: float | None


@dataclass(frozen=True, slots=True)
class NamedShares:
    """All named features; ``explained`` predictions stand behind the shares."""

    features: tuple[Named, ...]
    forbidden: float
    proxies: float
    limit: float
    explained: int


@dataclass(frozen=True, slots=True)
class Bin:
    """Mean attribution of a feature where its value lies in one bin."""

    label: str
    n: int
    mean: float


def importance(rows: Iterable[ResultRow]) -> tuple[tuple[Importance, ...], int]:
    """Features by mean |attribution|, the largest first; and how many explanations count."""
    rows = list(rows)
    totals, explained = _totals(rows), sum(row.explained for row in rows)
    whole = sum(totals.values())
    if not explained or not whole:
        return (), explained
    found = [
        Importance(name, total / MICRO / explained, total / whole) for name, total in totals.items()
    ]
    return tuple(sorted(found, key=lambda item: (-item.mean, item.feature))), explained


def _totals(rows: Iterable[ResultRow]) -> Counter[str]:
    found: Counter[str] = Counter()
    for row in rows:
        found.update(row.attribution_micro)
    return found


def _shares(rows: Iterable[ResultRow]) -> dict[str, float]:
    totals = _totals(rows)
    whole = sum(totals.values())
    return {name: total / whole for name, total in totals.items()} if whole else {}


def weekly(
    rows: Sequence[ResultRow], history: Sequence[ResultRow], policy: ExplanationPolicy
) -> Weekly:
    """Shares of the top features by week, their changes judged against retraining.

    ``history`` are all results known by then: between one version and the next it shows how far
    retraining alone moves a share, which is the floor under any change that means something.
    """
    found, _ = importance(rows)
    top = tuple(item.feature for item in found[: policy.top_features])
    floor, retrainings = noise_floor(history, top)
    weeks: list[Week] = []
    for start, own in _by_week(rows):
        explained = sum(row.explained for row in own)
        if explained < MINIMUM_WEEK:
            continue
        shares = _shares(own)
        kept = {name: shares.get(name, 0.0) for name in top}
        change, feature = _largest(weeks[-1].shares, kept) if weeks else (None, "")
        beyond = change is not None and floor is not None and change > floor
        versions = tuple(sorted({row.model_version for row in own}))
        weeks.append(Week(start, explained, versions, kept, change, feature, beyond))
    return Weekly(top, tuple(weeks), floor, retrainings)


def noise_floor(history: Sequence[ResultRow], top: Sequence[str]) -> tuple[float | None, int]:
    """The largest change of a top feature's share from one version to the next, and of how many.

    Versions stand in the order in which they first explained anything.
    """
    order: dict[str, list[ResultRow]] = {}
    for row in sorted(history, key=lambda row: row.day):
        order.setdefault(row.model_version, []).append(row)
    shares = [
        _shares(rows)
        for rows in order.values()
        if sum(row.explained for row in rows) >= MINIMUM_VERSION
    ]
    changes = [
        _largest({name: one.get(name, 0.0) for name in top}, other)[0]
        for one, other in pairwise(shares)
    ]
    known = [change for change in changes if change is not None]
    return max(known, default=None), len(known)


def _largest(before: dict[str, float], after: dict[str, float]) -> tuple[float | None, str]:
    moves = {name: abs(after.get(name, 0.0) - share) for name, share in before.items()}
    if not moves:
        return None, ""
    feature = max(moves, key=lambda name: moves[name])
    return moves[feature], feature


def _by_week(rows: Iterable[ResultRow]) -> list[tuple[date, list[ResultRow]]]:
    found: dict[date, list[ResultRow]] = {}
    for row in rows:
        found.setdefault(row.day - timedelta(days=row.day.weekday()), []).append(row)
    return sorted(found.items())


def named(rows: Sequence[ResultRow], policy: ExplanationPolicy) -> NamedShares:
    """What the features that the policy names carry of all attribution."""
    shares = _shares(rows)
    kinds = [*((name, "forbidden") for name in policy.forbidden)]
    kinds += [(name, "proxy") for name in policy.proxies]
    return NamedShares(
        tuple(Named(name, kind, shares.get(name)) for name, kind in kinds),
        sum(shares.get(name, 0.0) for name in policy.forbidden),
        sum(shares.get(name, 0.0) for name in policy.proxies),
        float(policy.largest_proxy_share),
        sum(row.explained for row in rows),
    )


def named_sentence(found: NamedShares) -> str:
    """Whether the named features carry more than they may."""
    if not found.features:
        return "The policy names no forbidden feature and no proxy."
    parts = []
    if any(item.kind == "forbidden" for item in found.features):
        parts.append(
            f"forbidden features carry {found.forbidden:.2%} of all attribution, where nothing is "
            "allowed"
            if found.forbidden
            else "no forbidden feature carries anything of a score"
        )
    if any(item.kind == "proxy" for item in found.features):
        side = "more than" if found.proxies > found.limit else "within"
        parts.append(
            f"features that may stand in for a person carry {found.proxies:.1%}, {side} the "
            f"{found.limit:.0%} allowed"
        )
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def by_weight(mass: ShapMass) -> tuple[Variable, ...]:
    """The features, those with the largest bin sums of attribution first."""
    totals = np.abs(mass.total_micro.sum(axis=(0, 1)))
    return tuple(sorted(mass.layout.features, key=lambda one: -int(totals[one.slice].sum())))


def dependence(mass: ShapMass, variable: Variable) -> tuple[Bin, ...]:
    """Mean attribution of a feature by the bin of its value; bins without explanations fall out."""
    counts = mass.explained.sum(axis=(0, 1))[variable.slice]
    totals = mass.total_micro.sum(axis=(0, 1))[variable.slice]
    return tuple(
        Bin(label, int(n), float(total) / MICRO / int(n))
        for label, n, total in zip(variable.bin_labels(), counts, np.asarray(totals), strict=True)
        if n
    )
