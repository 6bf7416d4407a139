"""Who was right on reviewed tickets: rules, ML, LLM or the final decision (B1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from components.pipeline.shares import Share
from components.statistics.weighting import WeightedMean, WeightedSums, weighted_sums_mean
from queries.audit_rows import CorrectnessRow, Layer

NOT_ASKED = "not_asked"
STRIKING = 2.0
"""Standard errors by which naive and weighted may differ before the page says so."""


@dataclass(frozen=True, slots=True)
class LayerCorrectness:
    """One layer against the reviewers: as reviewed, and as it would be over all tickets.

    ``weight`` is what its reviews weigh together; ``unknown_propensity`` counts those that have no
    weight: they are in the naive share only.
    """

    layer: Layer
    naive: Share
    weighted: WeightedMean | None
    weight: float
    unknown_propensity: int

    @property
    def striking(self) -> bool:
        """Whether the choice of reviewed tickets alone explains a good part of the naive share."""
        mean, naive = self.weighted, self.naive.value
        if mean is None or naive is None or not mean.standard_error:
            return False
        return abs(naive - mean.value) > STRIKING * mean.standard_error


@dataclass(frozen=True, slots=True)
class Correctness:
    """Each layer where the LLM ran, and over all reviewed tickets."""

    where_asked: tuple[LayerCorrectness, ...]
    overall: tuple[LayerCorrectness, ...]
    newest_review: datetime | None

    @property
    def llm(self) -> LayerCorrectness | None:
        """The LLM where it ran; None where no such ticket was reviewed."""
        return next((item for item in self.where_asked if item.layer is Layer.LLM), None)


def correctness(rows: Sequence[CorrectnessRow]) -> Correctness:
    """The sums of the database, added up per population."""
    asked = [row for row in rows if row.trigger != NOT_ASKED]
    return Correctness(
        where_asked=_layers(asked),
        overall=_layers([row for row in rows if row.layer != Layer.LLM]),
        newest_review=max((row.newest_review for row in asked), default=None),
    )


def _layers(rows: Sequence[CorrectnessRow]) -> tuple[LayerCorrectness, ...]:
    found = ((layer, [row for row in rows if row.layer == layer]) for layer in Layer)
    return tuple(_layer(layer, own) for layer, own in found if own)


def _layer(layer: Layer, rows: Sequence[CorrectnessRow]) -> LayerCorrectness:
    n = sum(row.n for row in rows)
    weighted_n = sum(row.weighted_n for row in rows)
    w_correct = sum(row.w_correct for row in rows)
    ww_correct = sum(row.ww_correct for row in rows)
    sums = WeightedSums(
        n=weighted_n,
        w=sum(row.w for row in rows),
        wy=w_correct,
        w2=sum(row.ww for row in rows),
        w2y=ww_correct,
        w2y2=ww_correct,  # right is 1 and wrong is 0, so y² is y
        capped=sum(row.capped for row in rows),
    )
    return LayerCorrectness(
        layer=layer,
        naive=Share.of(sum(row.correct for row in rows), n),
        weighted=weighted_sums_mean(sums, within=(0.0, 1.0)),
        weight=float(sums.w),
        unknown_propensity=n - weighted_n,
    )
