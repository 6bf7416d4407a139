"""How the decision came about: rules, model, LLM, and the configuration that was in force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from queries.audit_rows import ConfigurationRow, PredictionRow
from queries.names import WORKFLOW_KNOB


@dataclass(frozen=True, slots=True)
class Stage:
    """One layer on the way: what it said, under which version, and what followed."""

    layer: str
    version: str | None
    score: float | None
    decision: str | None
    note: str


@dataclass(frozen=True, slots=True)
class DecisionPath:
    """All stages, and the thresholds of the configuration that the prediction names."""

    stages: tuple[Stage, ...]
    configuration: str | None
    agreement_threshold: float | None
    decision_threshold: float | None


def path(row: PredictionRow, rows: Sequence[ConfigurationRow]) -> DecisionPath:
    """The way of one prediction through the layers."""
    own = [one for one in rows if one.knob == WORKFLOW_KNOB and one.version == row.workflow_config]
    agreement = own[-1].agreement_threshold if own else None
    decision = own[-1].decision_threshold if own else None
    return DecisionPath(
        (
            Stage("Rules", row.rules_version, row.rules_score, row.rules_decision, ""),
            Stage("Model", row.ml_version, row.ml_score, row.ml_decision, _gap(row, agreement)),
            Stage("LLM", row.llm_version, row.llm_score, row.llm_decision, _llm(row)),
            Stage("Final", None, row.final_score, row.final_decision, _final(row, decision)),
        ),
        row.workflow_config,
        agreement,
        decision,
    )


def _gap(row: PredictionRow, threshold: float | None) -> str:
    if row.rules_score is None or row.ml_score is None:
        return ""
    gap = abs(row.rules_score - row.ml_score)
    said = f"{gap:.3f} from the rules"
    if threshold is None:
        return said
    return f"{said}, {'over' if gap > threshold else 'within'} the {threshold:g} allowed"


def _llm(row: PredictionRow) -> str:
    if row.llm_trigger is not None:
        return f"asked because of {row.llm_trigger}"
    if row.llm_score is not None or row.llm_decision is not None:
        return "asked without a recorded cause"
    return "not asked"


def _final(row: PredictionRow, threshold: float | None) -> str:
    ran = row.llm_score is not None
    whose = "the LLM's" if ran else "mean of rules and model"
    return whose if threshold is None else f"{whose}, decided at {threshold:g}"
