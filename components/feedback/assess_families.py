"""Is the model family right? Versions of other families beside the one in production (B12)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from components.feedback.assess_pairs import Pairing
from components.feedback.assess_training import Holdout, digest, error, number, unit
from components.feedback.types import Challenger, Families
from components.layout.numbers import signed
from components.statistics.estimate import Estimate
from queries.feedback_rows import RunRow

_SUCCEEDED = "succeeded"


def families(
    rows: Sequence[RunRow],
    production: str | None,
    holdouts: Mapping[str, Holdout],
    pairs: Sequence[Pairing] = (),
) -> Families | None:
    """Versions of other families on the newest evaluation that has any; same digest only.

    ``pairs`` are comparisons on tickets that both versions scored; where one is there, it
    stands before the unpaired one and decides.

    The reference is the production model's own score there, where the runs measured it too;
    else the newest version of production's family. None where no holdout was used twice.
    """
    done = [row for row in rows if row.status == _SUCCEEDED and digest(row.metrics or {})]
    family_of = {row.model_version: row.family for row in rows}
    for newest in sorted(done, key=lambda row: (row.started_at, row.run_id), reverse=True):
        shared = digest(newest.metrics or {})
        same = [row for row in done if digest(row.metrics or {}) == shared]
        if len({row.family for row in same}) > 1 and shared is not None:
            return _families(same, shared, production, family_of, holdouts, pairs)
    return None


def _families(
    same: Sequence[RunRow],
    holdout: str,
    production: str | None,
    family_of: Mapping[str, str],
    holdouts: Mapping[str, Holdout],
    pairs: Sequence[Pairing],
) -> Families:
    own_family = family_of.get(production or "", same[0].family)
    shared = same[0].metrics or {}
    auc, brier = unit(shared.get("production_auc")), unit(shared.get("production_brier"))
    name, others = production or "", list(same)
    if auc is None or not name:
        kept = next((row for row in same if row.family == own_family), same[0])
        name, own_family = kept.model_version, kept.family
        auc, brier = (unit((kept.metrics or {}).get(key)) for key in ("auc", "brier"))
        others = [row for row in same if row is not kept]
    n = number(shared.get("n"))
    found = [
        _challenger(row, name, own_family, auc, brier, holdouts.get(row.run_id)) for row in others
    ]
    unpaired = sorted((c for c in found if c), key=lambda c: -c.auc.value)
    paired = [
        _paired(one, family_of[one.version], own_family)
        for one in pairs
        if one.reference == name and one.version in family_of
    ]
    challengers = (*paired, *unpaired)
    return Families(
        reference=name,
        reference_family=own_family,
        reference_auc=auc,
        holdout=holdout,
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
    mine, score = unit(metrics.get("auc")), unit(metrics.get("brier"))
    if auc is None or mine is None:
        return None
    n = number(metrics.get("n"))
    errors = error(mine, n, cases), error(auc, n, cases)
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


def _paired(one: Pairing, family: str, own_family: str) -> Challenger:
    made = one.auroc
    found = Estimate(made.difference, made.standard_error, made.low, made.high)
    kind = "same family" if family == own_family else words_of(family)
    span = f"{signed(found.value, 3)} ({signed(made.low, 3)} to {signed(made.high, 3)})"
    sentence = (
        f"{one.version} ({kind}) {_compared(found)} {one.reference} on {one.n:,} reviewed tickets "
        f"that both scored: {span}, paired (DeLong), weighted for who was reviewed."
    )
    return Challenger(one.version, family, found, None, sentence, paired=True, n=one.n)


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
    paired = {c.version for c in challengers if c.paired}
    deciding = [c for c in challengers if c.paired or c.version not in paired]
    others = [c for c in deciding if c.family != own]
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
