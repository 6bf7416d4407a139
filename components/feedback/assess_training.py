"""What retraining did: the lineage of versions, and what followed each promotion (B6, B12)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from components.feedback.assess import sums
from components.feedback.types import Challenger, Families, Followed, Metric, Run
from components.statistics.arrays import Z95
from components.statistics.auc_error import hanley_mcneil
from components.statistics.binary_weighting import TwoShares, two_shares
from components.statistics.estimate import Estimate
from queries.audit_rows import ConfigurationRow
from queries.feedback_rows import ConfusionRow, OverrideRow, RunRow

MODEL_KNOB = "ml_version"
FEWEST_REVIEWS = 100
"""On each side of a promotion, before a change is put in words."""
_SUCCEEDED = "succeeded"


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
    n = _number(metrics.get("n"))
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
        holdout=_digest(metrics),
        holdout_n=None if n is None else int(n),
        auc=auc,
        brier=Metric(_unit(metrics.get("brier"))),
        promoted_at=promoted.at if promoted else None,
        promoted_by=promoted.by if promoted else None,
    )


def _auc(metrics: Mapping[str, Any], cases: Holdout | None) -> Metric:
    """The AUC with the run's own interval, else the one that its number of cases gives."""
    value = _unit(metrics.get("auc"))
    low, high = _unit(metrics.get("auc_low")), _unit(metrics.get("auc_high"))
    if value is None or (low is not None and high is not None):
        return Metric(value, low, high)
    error = _error(value, _number(metrics.get("n")), cases)
    if error is None:
        return Metric(value)
    return Metric(value, max(0.0, value - Z95 * error), min(1.0, value + Z95 * error))


def _error(auc: float, n: float | None, cases: Holdout | None) -> float | None:
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
    moved = f"{100 * change.value:+.1f} points".replace("-", "−")
    return (
        f"After {promotion.version} took over, overrides moved by {moved}, "
        "which chance alone can do."
    )


def families(
    rows: Sequence[RunRow], production: str | None, holdouts: Mapping[str, Holdout]
) -> Families | None:
    """Versions of other families on the newest evaluation that has any; same digest only.

    The reference is the production model's own score there, where the runs measured it too;
    else the newest version of production's family. None where no holdout was used twice.
    """
    done = [row for row in rows if row.status == _SUCCEEDED and _digest(row.metrics or {})]
    family_of = {row.model_version: row.family for row in rows}
    for newest in sorted(done, key=lambda row: (row.started_at, row.run_id), reverse=True):
        digest = _digest(newest.metrics or {})
        same = [row for row in done if _digest(row.metrics or {}) == digest]
        if len({row.family for row in same}) > 1 and digest is not None:
            return _families(same, digest, production, family_of, holdouts)
    return None


def _families(
    same: Sequence[RunRow],
    digest: str,
    production: str | None,
    family_of: Mapping[str, str],
    holdouts: Mapping[str, Holdout],
) -> Families:
    own_family = family_of.get(production or "", same[0].family)
    shared = same[0].metrics or {}
    auc, brier = _unit(shared.get("production_auc")), _unit(shared.get("production_brier"))
    name, others = production or "", list(same)
    if auc is None or not name:
        kept = next((row for row in same if row.family == own_family), same[0])
        name, own_family = kept.model_version, kept.family
        auc, brier = (_unit((kept.metrics or {}).get(key)) for key in ("auc", "brier"))
        others = [row for row in same if row is not kept]
    n = _number(shared.get("n"))
    found = [
        _challenger(row, name, own_family, auc, brier, holdouts.get(row.run_id)) for row in others
    ]
    challengers = tuple(sorted((c for c in found if c), key=lambda c: -c.auc.value))
    return Families(
        reference=name,
        reference_family=own_family,
        reference_auc=auc,
        holdout=digest,
        holdout_n=None if n is None else int(n),
        challengers=challengers,
        measured_at=max(row.finished_at or row.started_at for row in same),
        sentence=_family_words(own_family, challengers),
    )


def _challenger(
    row: RunRow,
    name: str,
    own_family: str,
    auc: float | None,
    brier: float | None,
    cases: Holdout | None,
) -> Challenger | None:
    metrics = row.metrics or {}
    mine, score = _unit(metrics.get("auc")), _unit(metrics.get("brier"))
    if auc is None or mine is None:
        return None
    n = _number(metrics.get("n"))
    errors = _error(mine, n, cases), _error(auc, n, cases)
    variance = None
    if errors[0] is not None and errors[1] is not None:
        variance = errors[0] ** 2 + errors[1] ** 2
    found = Estimate.of(mine - auc, variance)
    kind = "same family" if row.family == own_family else words_of(row.family)
    return Challenger(
        version=row.model_version,
        family=row.family,
        auc=found,
        brier=None if brier is None or score is None else score - brier,
        sentence=f"{row.model_version} ({kind}) {_compared(found)} {name}.",
    )


def _compared(found: Estimate) -> str:
    size = f"{abs(found.value):.3f} AUC"
    if found.low is None or found.high is None:
        side = "above" if found.value > 0 else "below"
        return f"lies {size} {side}"
    if found.low > 0:
        return f"is better by {size} than"
    if found.high < 0:
        return f"is worse by {size} than"
    return "cannot be told from"


def _family_words(own: str, challengers: Sequence[Challenger]) -> str:
    others = [c for c in challengers if c.family != own]
    if not others:
        return "No other model family was measured on the same evaluation."
    known = [c for c in others if c.auc.low is not None and c.auc.high is not None]
    if not known:
        return "Other families were measured, but how sure their differences are is not known."
    better = [words_of(c.family) for c in known if (c.auc.low or 0) > 0]
    if better:
        return f"Not shown to be: {_joined(better)} did better on the same evaluation."
    worse = [words_of(c.family) for c in known if (c.auc.high or 0) < 0]
    level = [words_of(c.family) for c in known if words_of(c.family) not in worse]
    parts = []
    if worse:
        parts.append(f"{_joined(worse)} did worse")
    if level:
        parts.append(f"{_joined(level)} cannot be told apart from it")
    return f"Yes, as far as measured: no other family did better than {words_of(own)}; " + (
        f"{' and '.join(parts)}."
    )


def words_of(family: str) -> str:
    """A family as people write it."""
    known = {"xgboost": "XGBoost", "lightgbm": "LightGBM"}
    return known.get(family, family.replace("_", " "))


def _joined(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _generation(version: str, parents: Mapping[str, str | None]) -> int:
    seen: set[str] = set()
    while (parent := parents.get(version)) and parent not in seen:
        seen.add(parent)
        version = parent
    return len(seen)


def _digest(metrics: Mapping[str, Any]) -> str | None:
    value = metrics.get("holdout_sha256")
    return value if isinstance(value, str) and value else None


def _number(value: Any) -> float | None:
    """A finite number above zero from somebody's document; anything else is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and value > 0 else None


def _unit(value: Any) -> float | None:
    found = 0.0 if value == 0 and not isinstance(value, bool) else _number(value)
    return found if found is not None and found <= 1 else None
