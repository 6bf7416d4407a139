"""Reviewers: which predictions they are given, what they decide, and when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from dashboard.sample.audit_rows import named, times, words
from dashboard.sample.features import Flags, Floats, Integers
from dashboard.sample.models import Dataset, Matrix
from dashboard.sample.scoring import DECISIONS, Predictions, Words
from dashboard.sample.tickets import Tickets
from queries.names import DISAGREEMENT, ESCALATION

REVIEWERS = tuple(f"reviewer-{number:02d}" for number in range(1, 13))
REASONS = ("random", "dispute", ESCALATION, DISAGREEMENT, DISAGREEMENT)
"""The last is a disagreement between candidate and production, which is reviewed blinded."""

HOUR = 3_600_000_000
_ERROR = np.array([3, 4, 3, 5, 4, 6, 3, 4, 5, 3, 4, 5]) / 100
"""Share of decisions that a reviewer gets wrong."""
_LENIENCY = np.array([2, -1, 1, 4, 0, -2, 1, 3, 0, -1, 2, 5]) / 100
"""How much more often a reviewer sees no need where there is one; negative: the other way."""
_BLINDED = np.array([0.5, 0.2, 0.2, 0.2, 1.0])
"""Share of reviews without sight of any decision, by reason."""
_PACE = np.array([1.0, 1.0, 0.3, 1.0, 0.3])
"""Of the usual time to a review, by reason: escalations and comparisons are waited for."""
_MISSED_REASONS = ("hazard_overlooked", "asset_condition", "local_knowledge")
_RAISED_REASONS = ("no_risk_on_site", "duplicate", "already_repaired")


@dataclass(frozen=True, slots=True)
class Selection:
    """Who is reviewed: ``propensity`` is the probability that the prediction is chosen at all,
    ``reason`` the code in :data:`REASONS` of the first reason that chose it, or −1."""

    propensity: Floats
    reason: Integers

    @property
    def chosen(self) -> Flags:
        return self.reason >= 0


def select(
    rng: np.random.Generator,
    predictions: Predictions,
    escalated: Flags,
    random_share: Floats,
    comparison_share: Floats,
) -> Selection:
    """Choose for review, each reason by itself: at random, on dispute, escalation, disagreement
    of rules and model, and for the comparison of a candidate with production.

    Requesters dispute decisions that were close. Each probability depends on nothing but what
    the audit row and the candidate's scores hold, so the product of the complements is the true
    propensity.
    """
    close = (predictions.final_score >= 0.35) & (predictions.final_score < 0.5)
    probability = (
        random_share,
        np.where(close, 0.05, 0.003),
        np.where(escalated, 0.6, 0.0),
        np.where(predictions.disagreement, 0.3, 0.0),
        comparison_share,
    )
    reason = np.full(len(escalated), -1, dtype=np.int64)
    escape = np.ones(len(escalated))
    for code, share in enumerate(probability):
        drawn = rng.random(len(escalated)) < share
        reason[drawn & (reason < 0)] = code
        escape *= 1 - share
    return Selection(1 - escape, reason)


@dataclass(frozen=True, slots=True)
class Reviews:
    """Reviews of some predictions; ``row`` is the position in the batch."""

    row: Integers
    second: Flags
    reviewer: Integers
    reviewed_at: Integers
    priority: Flags
    blinded: Flags
    reason: Integers

    def take(self, rows: Flags) -> Reviews:
        """Some of them."""
        return Reviews(
            self.row[rows],
            self.second[rows],
            self.reviewer[rows],
            self.reviewed_at[rows],
            self.priority[rows],
            self.blinded[rows],
            self.reason[rows],
        )


@dataclass(frozen=True, slots=True)
class Contrary:
    """A reviewer (position, −1 for nobody) who turns a share of the decisions round."""

    reviewer: int
    share: Floats


def review(
    rng: np.random.Generator,
    tickets: Tickets,
    selection: Selection,
    decision: Words,
    contrary: Contrary,
    pace: float,
) -> Reviews:
    """Let reviewers decide on what was selected; three in a hundred are reviewed twice.

    ``pace`` shortens the time they take, where a programme lasts days instead of months.
    """
    first = np.flatnonzero(selection.chosen)
    twice = first[rng.random(len(first)) < 0.03]
    row = np.concatenate([first, twice])
    second = np.arange(len(row)) >= len(first)
    reviewer = rng.integers(0, len(REVIEWERS), len(row))
    reason = selection.reason[row]
    need = tickets.need[row]
    proposed = decision[row] == DECISIONS[1]
    blinded = rng.random(len(row)) < _BLINDED[reason]
    wrong = _ERROR[reviewer] + _LENIENCY[reviewer] * np.where(need, 1, -1)
    wrong = np.where(blinded, wrong, wrong + np.where(proposed == need, -0.01, 0.03))
    priority = need ^ (rng.random(len(row)) < np.maximum(wrong, 0.005))
    turned = (reviewer == contrary.reviewer) & (rng.random(len(row)) < contrary.share[row])
    priority = np.where(turned, ~proposed, priority)
    hours = rng.lognormal(np.log(60.0), 1.1, len(row)) * _PACE[reason]
    delay = (np.maximum(hours, 0.4) + np.where(second, 48.0, 0.0)) * HOUR * pace
    reviewed_at = tickets.scored_at[row] + delay.astype(np.int64)
    return Reviews(row, second, reviewer, reviewed_at, priority, blinded, reason)


def feedback_table(
    rng: np.random.Generator,
    reviews: Reviews,
    prediction_id: Integers,
    decision: Words,
    critical: Flags,
) -> pa.Table:
    """Reviews as rows of ``ml_feedback``."""
    correct = DECISIONS[reviews.priority.astype(np.int8)]
    proposed = decision[reviews.row]
    severity = np.where(reviews.priority, np.where(critical[reviews.row], 0, 1), 2)
    reason = rng.integers(0, 3, len(reviews.row)) + np.where(reviews.priority, 0, 3)
    reason = np.where(correct == proposed, -1, reason)
    prediction = prediction_id[reviews.row]
    return pa.table(
        {
            "feedback_id": prediction * 2 + reviews.second,
            "prediction_id": prediction,
            "reviewer": named(reviews.reviewer, REVIEWERS),
            "reviewed_at": times(reviews.reviewed_at),
            "model_decision": words(proposed),
            "correct_decision": words(correct),
            "severity": named(severity, ("critical", "major", "minor")),
            "reason_code": named(reason, _MISSED_REASONS + _RAISED_REASONS),
            "review_reason": named(reviews.reason, REASONS),
            "blinded": reviews.blinded,
        }
    )


class Labels:
    """Reviewed tickets so far: what a training run may learn from."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self._batches: list[tuple[Matrix, Flags, Floats, Integers, Integers]] = []

    def add(self, tickets: Tickets, reviews: Reviews, propensity: Floats) -> None:
        """Remember the first review of each ticket, with its features."""
        first = reviews.take(~reviews.second)
        rows = first.row
        self._batches.append(
            (
                tickets.features.take(rows).matrix(),
                first.priority,
                1 / propensity[rows],
                tickets.scored_at[rows],
                first.reviewed_at,
            )
        )

    def known_at(self, moment: int, largest_weight: float) -> Dataset:
        """What had been reviewed by then, oldest ticket first."""
        matrix, label, weight, scored_at, reviewed_at = (
            np.concatenate([batch[place] for batch in self._batches]) for place in range(5)
        )
        rows = np.flatnonzero(reviewed_at < moment)
        rows = rows[np.argsort(scored_at[rows], kind="stable")]
        return Dataset(
            self._names,
            matrix[rows],
            label[rows],
            np.minimum(weight[rows], largest_weight),
            scored_at[rows],
        )
