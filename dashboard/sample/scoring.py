"""The three layers together: rules and model always, the LLM where they part or on escalation."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from dashboard.sample.configuration import (
    DECISION_THRESHOLD,
    LLM_KNOB,
    MODEL_KNOB,
    RULES_KNOB,
    Knobs,
)
from dashboard.sample.features import Features, Flags, Floats, Integers
from dashboard.sample.llm import LlmAnswers
from dashboard.sample.models import Model
from dashboard.sample.rules import RuleSet
from queries.names import DISAGREEMENT, ESCALATION, WORKFLOW_KNOB

Words = npt.NDArray[np.object_]

DECISIONS = np.array(["standard", "priority"], dtype=object)


def where(rows: Flags, words: Words | str) -> Words:
    """The words in these rows, ``None`` in all others."""
    chosen: Words = np.full(len(rows), None, dtype=object)
    chosen[rows] = words if isinstance(words, str) else words[rows]
    return chosen


@dataclass(frozen=True, slots=True)
class Versions:
    """For each prediction, the version snapshots; ``None`` where one is missing."""

    rules: Words
    ml: Words
    llm: Words
    workflow: Words


@dataclass(frozen=True, slots=True)
class Predictions:
    """What each layer said on each ticket. Scores lie between 0 and 1; ``llm_score`` is NaN
    and ``trigger`` is ``None`` where the LLM was not asked; ``error`` is ``None`` on success.
    """

    versions: Versions
    threshold: Floats
    rules_score: Floats
    ml_score: Floats
    llm_score: Floats
    final_score: Floats
    asked: Flags
    trigger: Words
    error: Words

    def decided(self, score: Floats) -> Words:
        """Scores as decisions; ``None`` where there is no score."""
        words = DECISIONS[(score >= DECISION_THRESHOLD).astype(np.int8)]
        words[np.isnan(score)] = None
        return words

    @property
    def disagreement(self) -> Flags:
        """Where the LLM was asked because rules and model parted."""
        return np.asarray(self.trigger == DISAGREEMENT, dtype=np.bool_)

    def with_calls(
        self, asked: Flags, trigger: Words, answers: LlmAnswers, llm_version: Words
    ) -> Predictions:
        """The same with other calls of the LLM; final scores follow."""
        failed = asked & (answers.error != "")
        llm_score = np.where(asked & ~failed, answers.score, np.nan)
        mean = (self.rules_score + self.ml_score) / 2
        return replace(
            self,
            versions=replace(self.versions, llm=where(asked, llm_version)),
            asked=asked,
            trigger=trigger,
            llm_score=llm_score,
            error=where(failed, answers.error),
            final_score=np.where(np.isnan(llm_score), mean, llm_score),
        )


def model_scores(
    models: dict[str, Model], versions: Words, matrix: npt.NDArray[np.float32]
) -> Floats:
    """Each ticket's score by the model that was in force, to six decimals."""
    scores = np.empty(len(matrix), dtype=np.float64)
    for version in sorted(set(versions)):
        rows = versions == version
        scores[rows] = models[version].score(matrix[rows])
    return np.round(scores, 6)


def rules_scores(rules: tuple[RuleSet, ...], position: Integers, features: Features) -> Floats:
    """Each ticket's score by the rules that were in force."""
    scores = np.empty(len(features), dtype=np.float64)
    for place in np.unique(position):
        rows = position == place
        scores[rows] = rules[place].score(features.take(rows))
    return scores


def in_force(knobs: Knobs, times: Integers, workflow: Integers | None = None) -> Versions:
    """The snapshots that belong to these times; ``workflow`` overrides its positions."""
    if workflow is None:
        workflow = knobs.position(WORKFLOW_KNOB, times)
    return Versions(
        rules=knobs.versions(RULES_KNOB)[knobs.position(RULES_KNOB, times)],
        ml=knobs.versions(MODEL_KNOB)[knobs.position(MODEL_KNOB, times)],
        llm=knobs.versions(LLM_KNOB)[knobs.position(LLM_KNOB, times)],
        workflow=knobs.versions(WORKFLOW_KNOB)[workflow],
    )


def orchestrate(
    versions: Versions,
    threshold: Floats,
    rules_score: Floats,
    ml_score: Floats,
    escalated: Flags,
    answers: LlmAnswers,
) -> Predictions:
    """Run the workflow: ask the LLM where it should be asked, then decide.

    The LLM is asked if the ticket is escalated, or if rules and model differ by more than the
    agreement threshold. Its score is final; without it, the mean of the two others is.
    """
    parted = np.abs(rules_score - ml_score) > threshold
    trigger = where(parted, DISAGREEMENT)
    trigger[escalated] = ESCALATION
    n = len(rules_score)
    silent = Predictions(
        versions=versions,
        threshold=threshold,
        rules_score=rules_score,
        ml_score=ml_score,
        llm_score=np.full(n, np.nan),
        final_score=(rules_score + ml_score) / 2,
        asked=np.zeros(n, dtype=np.bool_),
        trigger=np.full(n, None, dtype=object),
        error=np.full(n, None, dtype=object),
    )
    return silent.with_calls(parted | escalated, trigger, answers, versions.llm)
