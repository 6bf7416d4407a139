"""Two versions on the same reviewed tickets: paired, so that their tickets' luck cancels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from components.statistics.delong import PairedAuroc, paired_auroc
from components.statistics.weighting import WEIGHT_CAP
from queries.training_pairs import ScoredPair

FEWEST = 100
"""Reviewed tickets of each kind below which the normal interval of an AUC is not to be trusted."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """One version beside another on tickets that both scored."""

    version: str
    reference: str
    n: int
    auroc: PairedAuroc


def pairings(rows: Sequence[ScoredPair]) -> tuple[Pairing, ...]:
    """Every pair of versions with enough reviewed tickets: DeLong's test, weighted.

    Each ticket counts 1/review_propensity, at most 100, so that the areas are those of all
    tickets; see :func:`components.statistics.delong.paired_auroc`.
    """
    found: list[Pairing] = []
    for pair in dict.fromkeys((row.candidate_version, row.production_version) for row in rows):
        own = [row for row in rows if (row.candidate_version, row.production_version) == pair]
        label = np.array([row.priority for row in own], dtype=np.float64)
        if min(label.sum(), label.size - label.sum()) < FEWEST:
            continue
        chance = np.array([row.review_propensity for row in own])
        made = paired_auroc(
            label,
            [row.candidate_score for row in own],
            [row.production_score for row in own],
            weights=np.minimum(1 / chance, WEIGHT_CAP),
        )
        if made is not None:
            found.append(Pairing(*pair, len(own), made))
    return tuple(found)
