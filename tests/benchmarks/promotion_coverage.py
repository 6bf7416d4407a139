"""Coverage of intervals from tickets that were reviewed the more uncertain they were."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from components.statistics.brier import squared_error_difference
from components.statistics.delong import paired_auroc
from components.statistics.estimate import Estimate
from components.statistics.off_policy import off_policy
from tests.benchmarks.promotion_data import Floats, Population, census, generated

LIMITS = (0.93, 0.97)


@dataclass(frozen=True, slots=True)
class Coverage:
    """A statistic under review: truth, and mean and coverage of the naive and weighted means."""

    what: str
    truth: float
    naive: float
    naive_covers: float
    hajek: float
    hajek_covers: float
    aipw: float | None
    aipw_covers: float | None


def coverage(
    draw: Callable[[np.random.Generator], Population],
    simulations: int,
    seed: int = 5,
    *,
    truth_of: Population,
) -> tuple[Coverage, ...]:
    """Coverage of 95% intervals: accuracy, its paired difference, Brier and AUROC difference.

    Each simulation draws a population and reviews it; ``truth_of`` is what they are drawn from.
    """
    rng = np.random.default_rng(seed)
    found: dict[str, list[tuple[Estimate, Estimate, Estimate | None]]] = {}
    for _ in range(simulations):
        people = draw(rng)
        seen = rng.random(people.label.size) < people.propensity
        population = dict(enumerate(np.bincount(people.cell).tolist()))
        for what, values in _values(people).items():
            made = off_policy(
                values[seen],
                people.propensity[seen],
                cells=people.cell[seen],
                population=population,
            )
            assert made is not None
            assert made.hajek is not None
            found.setdefault(what, []).append((made.naive, made.hajek, made.aipw))
        found.setdefault("AUROC difference", []).append(_aurocs(people, seen))
    truths = _truths(truth_of)
    return tuple(_coverage(what, truths[what], rows) for what, rows in found.items())


def _values(people: Population) -> dict[str, Floats]:
    return {
        "accuracy": people.right,
        "accuracy difference": people.value,
        "Brier difference": squared_error_difference(
            people.label, people.candidate, people.production
        ),
    }


def _aurocs(people: Population, seen: np.ndarray) -> tuple[Estimate, Estimate, None]:
    made = []
    for weights in (None, 1 / people.propensity[seen]):
        one = paired_auroc(
            people.label[seen], people.candidate[seen], people.production[seen], weights=weights
        )
        assert one is not None
        made.append(Estimate(one.difference, one.standard_error, one.low, one.high))
    return made[0], made[1], None


def _truths(people: Population) -> dict[str, float]:
    area = paired_auroc(people.label, people.candidate, people.production)
    assert area is not None
    means = {what: float(values.mean()) for what, values in _values(people).items()}
    return {**means, "AUROC difference": area.difference}


def _coverage(
    what: str, truth: float, rows: list[tuple[Estimate, Estimate, Estimate | None]]
) -> Coverage:
    naive, hajek = [row[0] for row in rows], [row[1] for row in rows]
    aipw = [row[2] for row in rows if row[2] is not None]
    return Coverage(
        what=what,
        truth=truth,
        naive=float(np.mean([item.value for item in naive])),
        naive_covers=_covers(naive, truth),
        hajek=float(np.mean([item.value for item in hajek])),
        hajek_covers=_covers(hajek, truth),
        aipw=float(np.mean([item.value for item in aipw])) if aipw else None,
        aipw_covers=_covers(aipw, truth) if aipw else None,
    )


def _covers(items: list[Estimate], truth: float) -> float:
    known = [(item.low, item.high) for item in items]
    inside = [low is not None and high is not None and low <= truth <= high for low, high in known]
    return float(np.mean(inside))


def run(simulations: int) -> None:
    """Print the tables."""
    large = generated(np.random.default_rng(0), 4_000_000)
    tables = [("Generated", coverage(generated, max(100, simulations // 2), truth_of=large))]
    people = census()
    if people is None:
        print("\nThe census file is not there: its table is left out.")
    else:
        tables.append(("Census 2016", coverage(people.again, simulations, truth_of=people)))
    for name, rows in tables:
        print(f"\n{name}, 5.8% reviewed by uncertainty: mean (coverage of the 95% interval)")
        for row in rows:
            aipw = "" if row.aipw is None else f"AIPW {row.aipw:+.4f} ({row.aipw_covers:.1%})"
            covers = row.hajek_covers if row.aipw_covers is None else row.aipw_covers
            print(
                f"{row.what:20} truth {row.truth:+.4f}   naive {row.naive:+.4f} "
                f"({row.naive_covers:.1%})   Hájek {row.hajek:+.4f} ({row.hajek_covers:.1%})   "
                f"{aipw}{'' if LIMITS[0] <= covers <= LIMITS[1] else ' [outside its limit]'}"
            )
