"""What the candidate scored, and whether what it missed bends the comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from components.shadow.material import DIMENSIONS, Material
from components.shadow.types import (
    ALL_SEGMENTS,
    Agreement,
    Coverage,
    DayShare,
    MissingnessTest,
    SegmentChurn,
    SegmentCoverage,
)
from components.statistics.agreement import cohen_kappa
from components.statistics.intervals import wilson
from queries.shadow_rows import UNUSABLE, Kind, Tallies, day_of

OUTCOME = "outcome"


def coverage(material: Material, minimum: int) -> Coverage:
    """Coverage in total, by segment and by day, with tests of what is missing."""
    whole = material.tallies(Kind.PAIR)
    segments = [
        _covered(dimension, name, own, minimum)
        for dimension in DIMENSIONS
        for name, own in material.segments.get(dimension, {}).items()
    ]
    tests = [
        _by_segment(dimension, material.segments.get(dimension, {})) for dimension in DIMENSIONS
    ]
    unusable = int(whole.counts[_candidate(whole) == UNUSABLE].sum())
    return Coverage(
        total=_covered(ALL_SEGMENTS, ALL_SEGMENTS, whole, minimum),
        segments=tuple(sorted(segments, key=lambda one: (one.share or 0.0, one.segment))),
        tests=(*tests, _by_outcome(material)),
        errors=tuple((row.error, row.n) for row in material.errors),
        unusable=unusable,
        by_day=_daily(material, _scored(whole), np.ones(whole.keys.size, dtype=np.bool_)),
    )


def agreement(material: Material) -> Agreement:
    """Churn in total, by segment and by day."""
    whole = material.tallies(Kind.PAIR)
    scored = _scored(whole)
    segments = [
        _churn(dimension, name, own)
        for dimension in DIMENSIONS
        for name, own in material.segments.get(dimension, {}).items()
    ]
    return Agreement(
        total=_churn(ALL_SEGMENTS, ALL_SEGMENTS, whole),
        segments=tuple(sorted(segments, key=lambda one: (-(one.churn or 0.0), one.segment))),
        by_day=_daily(material, scored & (_production(whole) != _candidate(whole)), scored),
    )


def missingness(missing: Mapping[str, int], sizes: Mapping[str, int]) -> float | None:
    """An e-value against "what is missing is a random draw from all"; None without two groups.

    Given how many are missing, their allocation to groups is multivariate hypergeometric if
    chance alone decides. The bet against it is a Dirichlet-multinomial around the groups' shares,
    with as much weight as there are groups; the ratio of the two is at most 1 in expectation.

    Source: V. Vovk and R. Wang, E-values: calibration, combination and applications, Annals of
    Statistics 49 (2021) 1736–1754.
    """
    from scipy.special import gammaln  # slow to import, and few pages need it

    names = [name for name, size in sizes.items() if size > 0]
    n = np.array([sizes[name] for name in names], dtype=np.float64)
    m = np.array([missing.get(name, 0) for name in names], dtype=np.float64)
    if n.size < 2:
        return None
    total, lost = n.sum(), m.sum()
    if lost == 0:
        return 1.0
    prior = n / total * n.size
    bet = gammaln(lost + 1) - gammaln(m + 1).sum()
    bet += gammaln(prior.sum()) - gammaln(prior.sum() + lost)
    bet += (gammaln(prior + m) - gammaln(prior)).sum()
    chance = (gammaln(n + 1) - gammaln(m + 1) - gammaln(n - m + 1)).sum()
    chance -= gammaln(total + 1) - gammaln(lost + 1) - gammaln(total - lost + 1)
    return float(np.exp(min(bet - chance, 690.0)))


def _by_segment(dimension: str, segments: Mapping[str, Tallies]) -> MissingnessTest:
    sizes = {name: own.n for name, own in segments.items()}
    lost = {name: own.n - int(own.counts[_scored(own)].sum()) for name, own in segments.items()}
    return _test(dimension, lost, sizes)


def _by_outcome(material: Material) -> MissingnessTest:
    """Among reviewed predictions: is a score missing more often where priority was right?"""
    labels = material.labels
    words = {0: "standard", 1: "priority"}
    sizes = {word: int((labels.correct == code).sum()) for code, word in words.items()}
    absent = labels.candidate_decision >= UNUSABLE
    lost = {word: int((absent & (labels.correct == code)).sum()) for code, word in words.items()}
    return _test(OUTCOME, lost, sizes)


def _test(against: str, lost: Mapping[str, int], sizes: Mapping[str, int]) -> MissingnessTest:
    shares = {name: lost[name] / size for name, size in sizes.items() if size}
    worst = max(shares, key=lambda name: (shares[name], name)) if any(lost.values()) else None
    return MissingnessTest(
        against=against,
        e=missingness(lost, sizes),
        missing=sum(lost.values()),
        n=sum(sizes.values()),
        worst=worst,
        worst_share=shares[worst] if worst is not None else None,
    )


def _production(found: Tallies) -> NDArray[np.int64]:
    return found.digits(3, 4)[0]


def _candidate(found: Tallies) -> NDArray[np.int64]:
    return found.digits(3, 4)[1]


def _scored(found: Tallies) -> NDArray[np.bool_]:
    return np.asarray(_candidate(found) < UNUSABLE)


def _covered(dimension: str, segment: str, found: Tallies, minimum: int) -> SegmentCoverage:
    n, scored = found.n, int(found.counts[_scored(found)].sum())
    return SegmentCoverage(
        dimension=dimension,
        segment=segment,
        predictions=n,
        scored=scored,
        interval=wilson(scored, n) if n else None,
        enough=n >= minimum,
    )


def _churn(dimension: str, segment: str, found: Tallies) -> SegmentChurn:
    production, candidate = _production(found), _candidate(found)
    table = [
        [int(found.counts[(production == p) & (candidate == c)].sum()) for c in (0, 1)]
        for p in (0, 1)
    ]
    n, raised, lowered = sum(map(sum, table)), table[0][1], table[1][0]
    kappa = cohen_kappa(table) if n else None
    return SegmentChurn(
        dimension=dimension,
        segment=segment,
        n=n,
        raised=raised,
        lowered=lowered,
        interval=wilson(raised + lowered, n) if n else None,
        kappa=kappa.kappa if kappa else None,
    )


def _daily(
    material: Material, part: NDArray[np.bool_], whole: NDArray[np.bool_]
) -> tuple[DayShare, ...]:
    """Every day of the comparison, those without a prediction as 0 of 0."""
    found = material.tallies(Kind.PAIR)
    place = found.days - material.first_day
    sums = [
        np.bincount(place[mine], found.counts[mine], material.days).astype(np.int64)
        for mine in (part, whole)
    ]
    rows: Sequence[tuple[int, int]] = list(zip(sums[0].tolist(), sums[1].tolist(), strict=True))
    return tuple(
        DayShare(day_of(material.first_day + number), p, n) for number, (p, n) in enumerate(rows)
    )
