"""One explanation in plain words: its steps, its features beside usual ones, its neighbours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, isfinite
from typing import Any

import numpy as np

from components.explanations import assess, words
from components.explanations.assess import Flags, Floats
from queries.explanation_rows import ExplanationRow, NearRow

SHOWN = 8
LOG_ODDS = "log_odds"
RARE = 0.05
NEIGHBOURS = 5
HINTS = 3


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the waterfall; ``before`` and ``after`` are risks (0–1).

    Attributions add up in log-odds; turned into risk, a step's size depends on what stands
    before it, so steps stand in the order of their size.
    """

    feature: str
    label: str
    attribution: float
    before: float
    after: float

    @property
    def size(self) -> float:
        """By how much the risk moves."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Waterfall:
    """From the risk of an average ticket to the risk of this one, by the stored values."""

    base: float
    steps: tuple[Step, ...]
    total: float
    recorded: float | None

    @property
    def agrees(self) -> bool | None:
        """Whether base and steps give the recorded score; None where none was recorded."""
        return None if self.recorded is None else abs(self.total - self.recorded) <= 1e-4


@dataclass(frozen=True, slots=True)
class FeatureValue:
    """A feature of the ticket beside what is usual; ``unusual`` is None where nobody knows."""

    feature: str
    value: str
    usual: str
    unusual: bool | None
    attribution: float | None


@dataclass(frozen=True, slots=True)
class Hint:
    """One feature changed, and the score that follows; ``size`` in units of the usual range."""

    feature: str
    present: str
    changed: str
    score: float
    size: float


@dataclass(frozen=True, slots=True)
class Trial:
    """A value of one feature that is tried instead of the present one."""

    place: int
    value: float


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A recent prediction much like this one, with the features in which they differ most."""

    row: NearRow
    distance: float
    differs: tuple[str, ...]


def risk(log_odds: float) -> float:
    """Probability of log-odds."""
    if log_odds >= 0:
        return 1 / (1 + exp(-min(log_odds, 700.0)))
    power = exp(max(log_odds, -700.0))
    return power / (1 + power)


def waterfall(row: ExplanationRow) -> Waterfall | None:
    """The stored values as steps, the largest first; None where they are not in log-odds."""
    values = attributions(row)
    if row.output_space != LOG_ODDS or not isfinite(row.base_value) or not values:
        return None
    ordered = sorted(values.items(), key=lambda item: (-abs(item[1]), item[0]))
    features = row.features if isinstance(row.features, Mapping) else {}
    steps, reached = [], row.base_value
    for name, attribution in ordered[:SHOWN]:
        known = f": {words.value(features[name])}" if name in features else ""
        steps.append(_step(name, f"{words.label(name)}{known}", attribution, reached))
        reached += attribution
    if rest := ordered[SHOWN:]:
        together = sum(attribution for _, attribution in rest)
        steps.append(_step("", f"{len(rest)} other features together", together, reached))
        reached += together
    return Waterfall(risk(row.base_value), tuple(steps), risk(reached), row.ml_score)


def _step(feature: str, label: str, attribution: float, reached: float) -> Step:
    return Step(feature, label, attribution, risk(reached), risk(reached + attribution))


def attributions(row: ExplanationRow) -> dict[str, float]:
    """The stored values that are finite numbers."""
    values = row.shap_values if isinstance(row.shap_values, Mapping) else {}
    return {
        str(name): float(value)
        for name, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    }


def sentence(found: Waterfall) -> str:
    """The explanation in one sentence."""
    told = [
        f"{step.label} {words.change(step.size)}"
        for step in found.steps[:3]
        if step.feature and abs(step.size) >= 0.0005
    ]
    start = f"The model puts the risk at {found.total:.3f}, an average ticket's is {found.base:.3f}"
    return f"{start}: {words.joined(told)}." if told else f"{start}."


def feature_values(
    row: ExplanationRow, names: Sequence[str], usual: Sequence[Mapping[str, Any]]
) -> tuple[FeatureValue, ...]:
    """The ticket's features, the most important first, beside those of explained tickets."""
    features = row.features if isinstance(row.features, Mapping) else {}
    values = attributions(row)
    order = sorted(names or features, key=lambda name: (-abs(values.get(name, 0.0)), name))
    return tuple(
        _beside(name, features.get(name), [one.get(name) for one in usual], values.get(name))
        for name in order
    )


def _beside(
    name: str, present: Any, others: Sequence[Any], attribution: float | None
) -> FeatureValue:
    if not others:
        return FeatureValue(name, words.value(present), "not known", None, attribution)
    same = sum(1 for other in others if other == present and type(other) is type(present))
    share = same / len(others)
    known = [float(other) for other in others if _is_number(other) and isfinite(other)]
    if _is_number(present) and known:
        low, high = (float(edge) for edge in np.quantile(known, (0.05, 0.95)))
        text = f"{words.figure(round(low, 3))} to {words.figure(round(high, 3))}"
        outside = not low <= present <= high
        return FeatureValue(name, words.value(present), text, outside, attribution)
    text = f"{words.value(present)} in {share:.0%}"
    return FeatureValue(name, words.value(present), text, share < RARE, attribution)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def trials(row: Floats, matrix: Floats, categories: Flags, most: int = 24) -> list[Trial]:
    """Values that recent tickets had: of a number those within its usual range, evenly chosen."""
    edges = assess.usual_range(matrix)
    found = []
    for place in range(matrix.shape[1]):
        seen = np.unique(matrix[:, place][np.isfinite(matrix[:, place])])
        if not categories[place]:
            seen = seen[(seen >= edges[0, place]) & (seen <= edges[1, place])]
            if seen.size > most:
                seen = seen[np.linspace(0, seen.size - 1, most).round().astype(int)]
        found += [Trial(place, float(value)) for value in seen if value != row[place]]
    return found


def tried(row: Floats, found: Sequence[Trial]) -> Floats:
    """The ticket once for each trial, with that one feature changed."""
    matrix = np.repeat(row[None, :], len(found), axis=0)
    for number, trial in enumerate(found):
        matrix[number, trial.place] = trial.value
    return matrix


def flips(
    row: Floats,
    found: Sequence[Trial],
    scores: Sequence[float],
    present: float,
    threshold: float,
    width: Floats,
    categories: Flags,
) -> list[tuple[Trial, float, float]]:
    """The smallest change of each feature that turns the decision: trial, score, size."""
    best: dict[int, tuple[Trial, float, float]] = {}
    for trial, score in zip(found, scores, strict=True):
        if (score > threshold) == (present > threshold):
            continue
        step = abs(trial.value - row[trial.place]) / width[trial.place]
        size = 1.0 if categories[trial.place] or not isfinite(step) else step
        if trial.place not in best or size < best[trial.place][2]:
            best[trial.place] = (trial, score, size)
    return sorted(best.values(), key=lambda item: item[2])[:HINTS]


def neighbours(
    row: Floats,
    matrix: Floats,
    rows: Sequence[NearRow],
    names: Sequence[str],
    categories: Flags,
) -> tuple[Neighbour, ...]:
    """The recent predictions most like this one, nearest first (Gower's distance)."""
    if not len(matrix):
        return ()
    width = assess.spread(matrix)
    far = assess.distances(row[None, :], matrix, categories, width)[0]
    found = []
    for place in np.argsort(far, kind="stable")[:NEIGHBOURS]:
        parts = [
            float(assess.distances(
                row[None, [k]], matrix[place][None, [k]], categories[[k]], width[[k]]
            )[0, 0])
            for k in range(len(names))
        ]  # fmt: skip
        order = sorted(range(len(names)), key=lambda k: -parts[k])
        differs = tuple(words.label(names[k]) for k in order[:3] if parts[k] > 0)
        found.append(Neighbour(rows[place], float(far[place]), differs))
    return tuple(found)
