"""Evidence over time: a confidence sequence, e-values for harm, and a forecast."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log

import numpy as np

from components.gates.status import Status
from components.layout.numbers import signed
from components.shadow.assess_quality import cells_of, population_cells
from components.shadow.material import Judged, Material, Rules
from components.shadow.types import DayEvidence, Sequential
from components.statistics.arrays import Flags, Integers
from components.statistics.daily_scores import Reviewed, daily_scores
from components.statistics.forecast import Forecast, Rule, forecast
from components.statistics.sequential import DayScores, SequenceLook, confidence_sequence, e_process
from components.statistics.weighted_evidence import WeightedEvidence, weighted_evidence
from queries.shadow_labels import REASONS
from queries.shadow_rows import TENTHS, day_of

_CELLS = 4 * TENTHS
_RANDOM = REASONS.index("random")
_LARGEST = log(1e300)
_SIMULATIONS = 500
_FIRST_WEEK = 7


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """The days whose labels have come in, and the reviews of them, by position."""

    judged: Judged
    day: Integers
    days: int
    scores: tuple[DayScores, ...]
    wins: tuple[int, ...]
    losses: tuple[int, ...]
    aim: int
    left_out: int


def course(material: Material, judged: Judged, rules: Rules) -> Course | None:
    """The days so far; None where no day's labels have come in yet."""
    days = material.days - rules.policy.label_days
    place = judged.labels.day - material.first_day
    mature = judged.take(place < days)
    known = mature.weighted
    own = known.labels.day - material.first_day
    if days < 1:
        return None
    day, cell, counts = population_cells(material)
    inside = day < days
    spot = day[inside] * _CELLS + cell[inside]
    population = np.bincount(spot, counts[inside], days * _CELLS).reshape(days, _CELLS)
    if not population.any():
        return None
    reviewed = Reviewed.of(own, cells_of(known), known.gain, known.labels.propensity)
    return Course(
        judged=known,
        day=own,
        days=days,
        scores=daily_scores(population, reviewed, cap=rules.policy.largest_weight),
        wins=_daily(own, known.gain > 0, days),
        losses=_daily(own, known.gain < 0, days),
        aim=aim_of(population.sum(axis=1), rules),
        left_out=int(mature.truth.size - known.truth.size),
    )


def aim_of(daily: np.ndarray, rules: Rules) -> int:
    """The predictions at which a decision is expected: by the traffic of the first week alone."""
    active = daily[daily > 0][:_FIRST_WEEK]
    return max(1, round(float(active.mean()) * rules.policy.aim_days)) if active.size else 1


def sequential(material: Material, found: Course, rules: Rules) -> Sequential:
    """Each day's state, those with labels still to come left open, and what the last one says."""
    looks = confidence_sequence(found.scores, aim=found.aim)
    labels = found.judged.labels
    evidence = weighted_evidence(
        found.day,
        found.judged.gain,
        labels.propensity,
        days=found.days,
        cap=rules.policy.largest_weight,
        limit=rules.e_limit,
    )
    random_only = bool(labels.reason.size and (labels.reason == _RANDOM).all())
    unlike = found.judged.candidate != found.judged.production
    counted = _daily(found.day, unlike, found.days)
    reached = np.cumsum([counted, found.wins, found.losses], axis=1).tolist()
    days = [
        _evidence(material.first_day + number, looks[number], evidence[number], so_far)
        for number, so_far in enumerate(zip(*reached, strict=True))
    ]
    days += [
        _open(material.first_day + place, days[-1]) for place in range(found.days, material.days)
    ]
    status, sentence = _judgement(days[found.days - 1], rules, random_only=random_only)
    return Sequential(
        days=tuple(days),
        margin=rules.margin,
        e_limit=rules.e_limit,
        aim=found.aim,
        random_only=random_only,
        status=status,
        sentence=sentence,
        left_out=found.left_out,
    )


def deciding_e(days: tuple[DayEvidence, ...], *, random_only: bool) -> float | None:
    """The largest e-value for harm so far: once reached, evidence is not lost again."""
    known = [
        (day.e_plain if day.losses > day.wins else 0.0) if random_only else day.e_harm
        for day in days
        if not day.immature
    ]
    reached = [e for e in known if e is not None]
    return max(reached) if reached else None


def outlook(found: Course, rules: Rules) -> Forecast | None:
    """How many more labels and days until a decision."""
    rule = Rule(
        aim=found.aim,
        margin=rules.margin,
        minimum_days=rules.minimum_days,
        minimum_labels=rules.minimum_labels,
        e_limit=rules.e_limit,
    )
    return forecast(found.scores, found.wins, found.losses, rule, simulations=_SIMULATIONS)


def _daily(day: Integers, chosen: Flags, days: int) -> tuple[int, ...]:
    return tuple(np.bincount(day[chosen], minlength=days).tolist())


def _evidence(
    day: int, look: SequenceLook, evidence: WeightedEvidence, so_far: tuple[int, int, int]
) -> DayEvidence:
    labels, wins, losses = so_far
    told = look.low is not None
    return DayEvidence(
        day=day_of(day),
        predictions=look.n,
        labels=labels,
        wins=wins,
        losses=losses,
        mean=look.mean if told else None,
        low=look.low,
        high=look.high,
        e_harm=exp(min(evidence.log_e_harm, _LARGEST)),
        e_benefit=exp(min(evidence.log_e_benefit, _LARGEST)),
        e_plain=e_process(wins, losses).e,
        immature=False,
    )


def _open(day: int, last: DayEvidence) -> DayEvidence:
    """A day whose labels are still coming in: nothing new is said."""
    return DayEvidence(
        day=day_of(day),
        predictions=last.predictions,
        labels=last.labels,
        wins=last.wins,
        losses=last.losses,
        mean=None,
        low=None,
        high=None,
        e_harm=None,
        e_benefit=None,
        e_plain=last.e_plain,
        immature=True,
    )


def _judgement(last: DayEvidence, rules: Rules, *, random_only: bool) -> tuple[Status, str]:
    e = last.e_plain if random_only else last.e_harm
    harmful = e is not None and e >= rules.e_limit and (not random_only or last.losses > last.wins)
    if last.mean is None or last.low is None or last.high is None:
        return Status.NO_DATA, "There are no reviewed disagreements to compare by yet."
    mean, low, high = (signed(100 * one, 2) for one in (last.mean, last.low, last.high))
    span = f"{mean} points ({low} to {high})"
    margin = f"{signed(rules.margin * 100)} points"
    if last.labels < rules.minimum_labels:
        need = f"{last.labels:,} of {rules.minimum_labels:,} labelled disagreements"
        words = f"Accuracy differs by {span}; {need} are there, too few to decide."
        return (Status.FAIL if harmful else Status.NO_DATA), words
    if last.low > rules.margin:
        words = f"The candidate is within the margin: {span}, limit {margin}."
        if last.high < 0 or harmful:
            return Status.WARN, f"{words} It is proven to be slightly worse than production."
        return Status.PASS, words
    if last.high < 0 and harmful:
        return Status.FAIL, f"The candidate is worse than production: {span}. Stop the shadow run."
    if harmful:
        return (
            Status.FAIL,
            f"Harm is proven by the e-value ({e:,.0f}): {span}. Stop the shadow run.",
        )
    return Status.RUNNING, f"Nothing is decided yet: {span}, limit {margin}."
