"""How often promotion statistics are wrong: simulated programmes, and review by uncertainty.

``python -m tests.benchmarks promotion [SIMULATIONS]`` prints tables; what has a limit in the
issue is marked when it lies outside.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from components.statistics.daily_scores import daily_scores
from components.statistics.forecast import Forecast, Rule, forecast
from components.statistics.mcnemar import mcnemar
from components.statistics.sequential import SequenceLook, confidence_sequence, e_process
from components.statistics.weighted_evidence import weighted_evidence
from tests.benchmarks import promotion_coverage
from tests.benchmarks.promotion_data import DAILY, Programme, Truth, programme

LOOKS = 60
RULE = Rule(aim=30 * DAILY)
WORST = Truth(0.02, 0.03)
"""A candidate exactly at the margin of −1 point, and so wrongly promoted if ever."""


@dataclass(frozen=True, slots=True)
class Errors:
    """Shares of programmes of 60 daily looks."""

    promoted: float
    promoted_from_day_one: float
    missed: float


@dataclass(frozen=True, slots=True)
class Decided:
    """How programmes ended within so many days: shares, the median day of a decision, the shares
    stopped by the plain and by the weighted e-process, and the median day of the latter."""

    promoted: float
    blocked: float
    median_day: float
    stopped: float
    stopped_weighted: float
    median_stop: float


@dataclass(frozen=True, slots=True)
class Foreseen:
    """Forecasts made on day 14 beside what came: medians of both, the share of courses inside
    the 80% interval, and the mean foreseen beside the realised share of promotions."""

    median_forecast: float
    median_day: float
    inside: float
    promotes_forecast: float
    promotes: float


def looks_of(made: Programme) -> tuple[SequenceLook, ...]:
    """The confidence sequence of a programme."""
    return confidence_sequence(daily_scores(made.population, made.reviewed), aim=RULE.aim)


def decision(made: Programme, looks: tuple[SequenceLook, ...]) -> tuple[int, str]:
    """The first look that decides (0: none) and how: as METHODS §4 has it, promotion first."""
    labels = np.cumsum(made.labels())
    wins = np.cumsum(made.wins())
    for index, look in enumerate(looks):
        if index + 1 < RULE.minimum_days or labels[index] < RULE.minimum_labels:
            continue
        if look.low is not None and look.low > RULE.margin:
            return index + 1, "promote"
        harm = e_process(int(wins[index]), int(labels[index] - wins[index]))
        if look.high is not None and look.high < 0 and harm.harmful:
            return index + 1, "block"
    return 0, "open"


def first_harm(made: Programme) -> float:
    """The first day on which the e-process stops the shadow run; infinite for none."""
    wins = np.cumsum(made.wins())
    losses = np.cumsum(made.losses())
    harmful = [e_process(int(b), int(c)).harmful for b, c in zip(wins, losses, strict=True)]
    return float(harmful.index(True) + 1) if True in harmful else np.inf


def first_weighted_harm(made: Programme) -> float:
    """The same by the weighted e-process."""
    one = made.reviewed
    found = weighted_evidence(one.day, one.value, one.propensity, days=made.days)
    harmful = [state.harmful for state in found]
    return float(harmful.index(True) + 1) if True in harmful else np.inf


def sequence_errors(truth: Truth, simulations: int, seed: int = 1) -> Errors:
    """False promotions and misses of a candidate at the margin over 60 daily looks."""
    rng = np.random.default_rng(seed)
    promoted = early = missed = 0
    for _ in range(simulations):
        made = programme(rng, truth, LOOKS)
        looks = looks_of(made)
        known = [look for look in looks if look.low is not None and look.high is not None]
        promoted += decision(made, looks)[1] == "promote"
        early += any(look.low is not None and look.low > RULE.margin for look in known)
        missed += any(_outside(look, truth.difference) for look in known)
    return Errors(promoted / simulations, early / simulations, missed / simulations)


def _outside(look: SequenceLook, truth: float) -> bool:
    return look.low is not None and look.high is not None and not look.low <= truth <= look.high


def peeking(simulations: int, seed: int = 2) -> tuple[float, float, float]:
    """False alarms between equal models over 60 looks at 20 disagreements a day: exact
    McNemar at 5%, the e-process at 20, and its one-sided form."""
    rng = np.random.default_rng(seed)
    tests = evidence = harm = 0
    for _ in range(simulations):
        wins = np.cumsum(rng.binomial(20, 0.5, LOOKS))
        losses = 20 * np.arange(1, LOOKS + 1) - wins
        pairs = [(int(b), int(c)) for b, c in zip(wins, losses, strict=True)]
        found = [e_process(b, c) for b, c in pairs]
        tests += any((test := mcnemar(b, c)) is not None and test.exact_p < 0.05 for b, c in pairs)
        evidence += any(item.log_e >= np.log(20) for item in found)
        harm += any(item.log_e_harm >= np.log(20) for item in found)
    return tests / simulations, evidence / simulations, harm / simulations


def power(truth: Truth, simulations: int, days: int = 120, seed: int = 3) -> Decided:
    """How programmes end, and when."""
    rng = np.random.default_rng(seed)
    ended, stops, weighted = [], [], []
    for _ in range(simulations):
        made = programme(rng, truth, days)
        stops.append(first_harm(made))
        weighted.append(first_weighted_harm(made))
        ended.append(decision(made, looks_of(made)))
    reached = [day if day else np.inf for day, _ in ended]
    return Decided(
        promoted=_share(how == "promote" for _, how in ended),
        blocked=_share(how == "block" for _, how in ended),
        median_day=float(np.median(reached)),
        stopped=float(np.isfinite(stops).mean()),
        stopped_weighted=float(np.isfinite(weighted).mean()),
        median_stop=float(np.median(weighted)),
    )


def foreseen(mean: float, spread: float, simulations: int, seed: int = 4) -> Foreseen:
    """Candidates whose true difference varies around ``mean``, forecast on day 14."""
    rng = np.random.default_rng(seed)
    made: list[tuple[Forecast, int, str]] = []
    for index in range(simulations):
        half = float(np.clip(rng.normal(mean, spread) / 2, -0.025, 0.025))
        whole = programme(rng, Truth(0.025 + half, 0.025 - half), 240)
        start = whole.until(14)
        days = daily_scores(start.population, start.reviewed)
        wins, losses = start.wins(), start.losses()
        told = forecast(days, wins, losses, RULE, horizon_days=226, seed=index, simulations=500)
        if told is not None:
            made.append((told, *decision(whole, looks_of(whole))))
    days_to = [day - 14 if day else np.inf for _, day, _ in made]
    return Foreseen(
        median_forecast=float(np.median([_beyond(told.days.median) for told, _, _ in made])),
        median_day=float(np.median(days_to)),
        inside=_share(
            _beyond(told.days.low, 0.0) <= day <= _beyond(told.days.high)
            for (told, _, _), day in zip(made, days_to, strict=True)
        ),
        promotes_forecast=float(np.mean([told.promotes for told, _, _ in made])),
        promotes=_share(how == "promote" for _, _, how in made),
    )


def _beyond(value: int | None, otherwise: float = np.inf) -> float:
    return otherwise if value is None else float(value)


def _share(found: Iterator[bool]) -> float:
    return float(np.mean(list(found)))


def run_from(words: list[str]) -> None:
    """Run with what follows the benchmark's name: how many simulations."""
    run(int(words[0]) if words else 1_000)


def run(simulations: int = 1_000) -> None:
    """Print every table."""
    print(f"Promotion statistics, {simulations} simulations each; 60 daily looks\n")
    for name, truth in (("independent rows", WORST), ("days that vary", Truth(0.02, 0.03, 0.1))):
        errors = sequence_errors(truth, simulations)
        print(
            f"At the margin, {name}: wrongly promoted {errors.promoted:.1%}"
            f"{_mark(errors.promoted <= 0.05)}, deciding from day one "
            f"{errors.promoted_from_day_one:.1%}; truth ever outside {errors.missed:.1%}"
        )
    tests, evidence, harm = peeking(simulations)
    print(
        f"Equal models: exact McNemar at 5% ever alarms {tests:.1%}, e-process "
        f"{evidence:.1%}{_mark(evidence <= 0.05)}, one-sided {harm:.1%}{_mark(harm <= 0.05)}\n"
    )
    _print_power(simulations)
    promotion_coverage.run(simulations)


def _print_power(simulations: int) -> None:
    print("Within 120 days; the shadow run is stopped where E reaches 20 against the candidate")
    print("Difference   promoted   blocked   median day   stopped: plain   weighted   median day")
    for difference in (0.01, 0.005, 0.0, -0.005, -0.015, -0.02):
        half = difference / 2
        made = power(Truth(0.025 + half, 0.025 - half), max(100, simulations // 4))
        print(
            f"{difference:+10.1%}   {made.promoted:8.1%}   {made.blocked:7.1%}   "
            f"{made.median_day:10.0f}   {made.stopped:14.1%}   {made.stopped_weighted:8.1%}   "
            f"{made.median_stop:10.0f}"
        )
    for mean in (0.0, -0.005):
        told = foreseen(mean, 0.005, max(100, simulations // 4))
        print(
            f"Forecast on day 14, differences around {mean:+.1%}: median "
            f"{told.median_forecast:.0f} days foreseen, {told.median_day:.0f} realised; "
            f"{told.inside:.0%} inside the 80% interval; promoted {told.promotes:.0%}, "
            f"foreseen {told.promotes_forecast:.0%}"
        )


def _mark(inside: bool) -> str:
    return "" if inside else " [outside its limit]"
