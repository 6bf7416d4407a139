"""What retraining did: the lineage of versions, and what followed each promotion (B6)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from components.feedback.assess import sums
from components.feedback.types import Followed, Metric, Run
from components.layout.numbers import signed
from components.statistics.arrays import Z95
from components.statistics.auc_error import hanley_mcneil
from components.statistics.binary_weighting import TwoShares, two_shares
from components.statistics.estimate import Estimate
from queries.audit_rows import ConfigurationRow
from queries.feedback_rows import ConfusionRow, OverrideRow, RunRow

MODEL_KNOB = "ml_version"
FEWEST_REVIEWS = 100
"""On each side of a promotion, before a change is put in words."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """A version that came into force, after which other one, and by whose hand."""

    version: str
    before: str | None
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Holdout:
    """What the reviews say of the cases that a run was measured on.

    ``positive`` is the share that needed priority, over all tickets; ``worth`` how many
    independent cases one weighted case counts for (at most 1).
    """

    positive: float
    worth: float


def promotions(rows: Sequence[ConfigurationRow]) -> tuple[Promotion, ...]:
    """Every switch of the model in production, in order, from the configuration history."""
    switched = sorted(
        (row for row in rows if row.knob == MODEL_KNOB), key=lambda row: row.valid_from
    )
    before = [None, *(row.version for row in switched)]
    return tuple(
        Promotion(row.version, old, row.valid_from, row.changed_by)
        for row, old in zip(switched, before, strict=False)
    )


def holdout(rows: Sequence[ConfusionRow]) -> Holdout | None:
    """From the reviews of the tickets in a holdout, as they stood when the run began."""
    n, w = sum(row.weighted_n for row in rows), float(sum(row.w for row in rows))
    ww = float(sum(row.ww for row in rows))
    if not (n and w > 0 and ww > 0):
        return None
    positive = float(sum(row.w for row in rows if row.correct_decision == "priority")) / w
    return Holdout(positive, min(1.0, w * w / ww / n))


def holdout_from(run: RunRow) -> datetime | None:
    """Since when tickets were kept for the evaluation; None where the run does not say."""
    text = (run.metrics or {}).get("holdout_from")
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


def lineage(
    rows: Sequence[RunRow],
    switched: Sequence[Promotion],
    holdouts: Mapping[str, Holdout],
) -> tuple[Run, ...]:
    """Every run with its place among its ancestors, newest first."""
    parents = {row.model_version: row.parent_version for row in rows}
    first: dict[str, Promotion] = {}
    for promotion in switched:
        first.setdefault(promotion.version, promotion)
    return tuple(
        _run(row, _generation(row.model_version, parents), first.get(row.model_version), holdouts)
        for row in reversed(rows)
    )


def _run(
    row: RunRow, generation: int, promoted: Promotion | None, holdouts: Mapping[str, Holdout]
) -> Run:
    metrics = row.metrics or {}
    n = number(metrics.get("n"))
    auc = _auc(metrics, holdouts.get(row.run_id))
    return Run(
        run_id=row.run_id,
        version=row.model_version,
        family=row.family,
        parent=row.parent_version,
        generation=generation,
        status=row.status,
        started_at=row.started_at,
        trained_by=row.trained_by,
        rows=row.training_rows,
        window_start=row.window_start,
        window_end=row.window_end,
        holdout=digest(metrics),
        holdout_n=None if n is None else int(n),
        auc=auc,
        brier=Metric(unit(metrics.get("brier"))),
        promoted_at=promoted.at if promoted else None,
        promoted_by=promoted.by if promoted else None,
    )


def _auc(metrics: Mapping[str, Any], cases: Holdout | None) -> Metric:
    """The AUC with the run's own interval, else the one that its number of cases gives."""
    value = unit(metrics.get("auc"))
    low, high = unit(metrics.get("auc_low")), unit(metrics.get("auc_high"))
    if value is None or (low is not None and high is not None):
        return Metric(value, low, high)
    spread = error(value, number(metrics.get("n")), cases)
    if spread is None:
        return Metric(value)
    return Metric(value, max(0.0, value - Z95 * spread), min(1.0, value + Z95 * spread))


def error(auc: float, n: float | None, cases: Holdout | None) -> float | None:
    """Standard error of an AUC from what is known of its cases."""
    if n is None or cases is None:
        return None
    positive, negative = (round(n * cases.worth * p) for p in (cases.positive, 1 - cases.positive))
    return hanley_mcneil(auc, positive, negative) if positive and negative else None


def followed(promotion: Promotion, rows: Sequence[OverrideRow], days: int) -> Followed:
    """Reviews of the version and of the one before it, in the weeks around the switch."""
    before = _share(rows, promotion.before) if promotion.before else None
    after = _share(rows, promotion.version)
    change = _change(before, after)
    return Followed(
        version=promotion.version,
        before_version=promotion.before,
        at=promotion.at,
        days=days,
        before=before,
        after=after,
        change=change,
        sentence=_followed_words(promotion, before, after, change),
    )


def _share(rows: Sequence[OverrideRow], version: str) -> TwoShares | None:
    own = [row for row in rows if row.group == version]
    return two_shares(sums(own, overturned=True), sums(own, overturned=False)) if own else None


def _change(before: TwoShares | None, after: TwoShares | None) -> Estimate | None:
    if before is None or after is None or before.weighted is None or after.weighted is None:
        return None
    errors = before.weighted.standard_error, after.weighted.standard_error
    if errors[0] is None or errors[1] is None:
        return None
    return Estimate.of(
        after.weighted.value - before.weighted.value, errors[0] ** 2 + errors[1] ** 2
    )


def _followed_words(
    promotion: Promotion,
    before: TwoShares | None,
    after: TwoShares | None,
    change: Estimate | None,
) -> str:
    if promotion.before is None:
        return f"{promotion.version} was the first model; there is nothing to compare it with."
    few = [s for s in (before, after) if s is None or s.whole < FEWEST_REVIEWS]
    if few or change is None or change.low is None or change.high is None:
        return f"Too few reviews around the switch to {promotion.version} to tell a difference."
    size = f"{abs(100 * change.value):.1f} points"
    if change.high < 0:
        return f"After {promotion.version} took over, overrides fell by {size}."
    if change.low > 0:
        return f"After {promotion.version} took over, overrides rose by {size}."
    moved = f"{signed(100 * change.value)} points"
    return (
        f"After {promotion.version} took over, overrides moved by {moved}, "
        "which chance alone can do."
    )


def _generation(version: str, parents: Mapping[str, str | None]) -> int:
    seen: set[str] = set()
    while (parent := parents.get(version)) and parent not in seen:
        seen.add(parent)
        version = parent
    return len(seen)


def digest(metrics: Mapping[str, Any]) -> str | None:
    """The holdout on which a run was measured."""
    value = metrics.get("holdout_sha256")
    return value if isinstance(value, str) and value else None


def number(value: Any) -> float | None:
    """A finite number above zero from somebody's document; anything else is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and value > 0 else None


def unit(value: Any) -> float | None:
    """A finite number from 0 to 1."""
    found = 0.0 if value == 0 and not isinstance(value, bool) else number(value)
    return found if found is not None and found <= 1 else None
