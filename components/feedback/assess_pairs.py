"""Two versions on the same reviewed tickets: paired, so that their tickets' luck cancels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from components.statistics.delong import PairedAuroc, paired_auroc
from components.statistics.weighting import WEIGHT_CAP
from queries.shadow_labels import Labels
from queries.shadow_rows import PRIORITY, Pair

FEWEST = 100
"""Reviewed tickets of each kind below which the normal interval of an AUC is not to be trusted."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """One version beside another on tickets that both scored."""

    version: str
    reference: str
    n: int
    auroc: PairedAuroc


def pairings(found: Mapping[Pair, Labels]) -> tuple[Pairing, ...]:
    """Every pair of versions with enough reviewed tickets: DeLong's test, weighted.

    Each ticket counts 1/review_propensity, at most 100, so that the areas are those of all
    tickets; see :func:`components.statistics.delong.paired_auroc`. A ticket whose chance of a
    review is not on record cannot stand for others, and is left out.
    """
    made = (_pairing(pair, labels.take(_comparable(labels))) for pair, labels in found.items())
    return tuple(pairing for pairing in made if pairing is not None)


def _comparable(labels: Labels) -> NDArray[np.bool_]:
    judged = (labels.correct <= PRIORITY) & (labels.candidate_decision <= PRIORITY)
    scored = np.isfinite(labels.production) & np.isfinite(labels.candidate)
    known: NDArray[np.bool_] = (labels.propensity > 0) & (labels.propensity <= 1)
    return judged & scored & known


def _pairing(pair: Pair, labels: Labels) -> Pairing | None:
    priority = labels.correct == PRIORITY
    n = int(priority.size)
    if min(priority.sum(), n - priority.sum()) < FEWEST:
        return None
    made = paired_auroc(
        priority,
        labels.candidate,
        labels.production,
        weights=np.minimum(1 / labels.propensity, WEIGHT_CAP),
    )
    return None if made is None else Pairing(pair.candidate, pair.production, n, made)
