"""What reviews say about both models: weighted beside naive, and what mistakes cost."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from components.gates.policy_shadow import ErrorCosts, ShadowPolicy
from components.layout.numbers import signed
from components.shadow.material import Judged, Material
from components.shadow.types import Cost, Induced, Quality, Recall
from components.statistics.arrays import Floats, Integers
from components.statistics.bootstrap import bootstrap_mean
from components.statistics.brier import paired_brier
from components.statistics.calibration import Calibration, ReliabilityBin, calibration, reliability
from components.statistics.cost import (
    Load,
    UnitCosts,
    cost_difference,
    cost_map,
    paired_errors,
)
from components.statistics.delong import paired_auroc
from components.statistics.estimate import weighted_estimate
from components.statistics.off_policy import OffPolicy, off_policy
from components.statistics.weighting import WEIGHT_CAP
from queries.shadow_labels import SEVERITIES
from queries.shadow_rows import TENTHS, UNUSABLE, Kind

_CRITICAL = SEVERITIES.index("critical")
_RATIOS = tuple(Decimal(text) for text in ("1", "2", "3", "5", "8", "12", "20", "30", "50"))
_CALLS = tuple(Decimal(text) for text in ("0", "0.005", "0.012", "0.05", "0.2", "1", "5"))
_RESAMPLES = 1_000


def quality(material: Material, judged: Judged, policy: ShadowPolicy) -> Quality:
    """Accuracy, ranking, calibration and critical recall of both models on reviewed tickets."""
    known = judged.weighted
    weight = known.weights(WEIGHT_CAP)
    truth, enough = known.truth, known.truth.size > 1
    mine, theirs = known.labels.candidate, known.labels.production
    accuracy = _over_all(material, judged, judged.gain, policy)
    rights = [
        _over_all(material, judged, (one == judged.truth).astype(np.float64), policy)
        for one in (judged.candidate, judged.production)
    ]
    calibrated = [_calibrated(known, score, weight) for score in (mine, theirs)]
    return Quality(
        reviewed=judged.truth.size,
        disagreements=judged.disagreements,
        unknown_propensity=judged.truth.size - truth.size,
        accuracy=accuracy,
        candidate_accuracy=rights[0],
        production_accuracy=rights[1],
        bootstrap=bootstrap_mean(known.gain, weights=weight, resamples=_RESAMPLES)
        if enough
        else None,
        auroc=paired_auroc(truth, mine, theirs, weights=weight) if enough else None,
        brier=paired_brier(truth, mine, theirs, weights=weight) if enough else None,
        candidate_calibration=calibrated[0][0],
        production_calibration=calibrated[1][0],
        candidate_reliability=calibrated[0][1],
        production_reliability=calibrated[1][1],
        critical_recall=_critical(known),
        banner=_banner(accuracy),
    )


def cells_of(judged: Judged) -> Integers:
    """The cell of each review: both decisions and the tenth of the candidate's score."""
    tenth = np.minimum(np.floor(judged.labels.candidate * 10), TENTHS - 2).astype(np.int64)
    pair = judged.production.astype(np.int64) * 2 + judged.candidate
    return np.asarray(pair * TENTHS + tenth, dtype=np.int64)


def population_cells(material: Material) -> tuple[Integers, Integers, Integers]:
    """Day (position), cell and number of all predictions that both models scored."""
    found = material.tallies(Kind.CELL)
    theirs, mine, _, tenth = found.digits(3, 4, TENTHS, TENTHS)
    scored = (mine < UNUSABLE) & (theirs < UNUSABLE)
    cell = (theirs * 2 + mine) * TENTHS + tenth
    return found.days[scored] - material.first_day, cell[scored], found.counts[scored]


def _over_all(
    material: Material, judged: Judged, values: Floats, policy: ShadowPolicy
) -> OffPolicy | None:
    _, cell, counts = population_cells(material)
    sums = np.bincount(cell, counts) if cell.size else np.zeros(0)
    population = {int(place): int(sums[place]) for place in np.flatnonzero(sums)}
    return off_policy(
        values,
        judged.labels.propensity,
        cells=cells_of(judged),
        population=population,
        minimum_effective_n=policy.minimum_effective_reviews,
    )


def _calibrated(
    known: Judged, score: Floats, weight: Floats
) -> tuple[Calibration | None, tuple[ReliabilityBin, ...]]:
    if known.truth.size < 2:
        return None, ()
    return (
        calibration(known.truth, score, weights=weight),
        reliability(known.truth, score, weights=weight),
    )


def _critical(known: Judged) -> Recall | None:
    """Recall on tickets whose correct decision is priority and whose harm is critical."""
    own = known.take((known.labels.severity == _CRITICAL) & known.truth)
    if own.truth.size < 2:
        return None
    weight = own.weights(WEIGHT_CAP)
    mine, theirs = own.candidate.astype(np.float64), own.production.astype(np.float64)
    return Recall(
        candidate=weighted_estimate(mine, weight),
        production=weighted_estimate(theirs, weight),
        difference=weighted_estimate(mine - theirs, weight),
        n=own.truth.size,
    )


def _banner(accuracy: OffPolicy | None) -> str:
    if accuracy is None or accuracy.hajek is None or not accuracy.differs:
        return ""
    naive, weighted = accuracy.naive.value, accuracy.hajek.value
    words = "better" if naive > weighted else "worse"
    return (
        f"On reviewed tickets alone the candidate looks {words} than it is: "
        f"{signed(naive * 100, 2)} points there, {signed(weighted * 100, 2)} points over all "
        "tickets. Reviewers saw tickets that are unlike the rest; go by the weighted numbers."
    )


def unit_costs(costs: ErrorCosts) -> UnitCosts:
    """The policy's costs."""
    return UnitCosts(costs.false_negative, costs.false_positive, costs.llm_call, costs.review)


def cost(judged: Judged, load: Induced, costs: UnitCosts) -> Cost | None:
    """Loss for each prediction at these costs; None with fewer than two weighted reviews.

    Mistakes are those of the model layer. Reviews are the mean day's, spread over predictions.
    """
    known = judged.weighted
    if known.truth.size < 2:
        return None
    errors = paired_errors(
        known.truth, known.candidate, known.production, weights=known.weights(WEIGHT_CAP)
    )
    calls, n = load.llm_calls, load.llm_calls.n
    if errors is None or not n:
        return None
    reviews = load.reviews_per_prediction
    mine = Load(calls.candidate / n, reviews[1])
    theirs = Load(calls.production / n, reviews[0])
    return Cost(
        costs=costs,
        difference=cost_difference(errors, costs, mine, theirs),
        map=cost_map(errors, costs, mine, theirs, miss_ratios=_RATIOS, llm_calls=_CALLS),
        miss_ratios=_RATIOS,
        llm_calls=_CALLS,
        n=errors.n,
    )
