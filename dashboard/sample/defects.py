"""The registry of planted defects, with the finding that the product must produce from each.

Every defect that the sample plants stands here or in the two registries this one joins. A clean
recipe plants none.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING

from dashboard.sample.defect import Defect, Place, Unit, days, pick
from dashboard.sample.governance_defects import GOVERNANCE
from dashboard.sample.migration_defects import MIGRATION

if TYPE_CHECKING:
    from dashboard.sample.recipe import Recipe

__all__ = [
    "GOVERNANCE",
    "MIGRATION",
    "SCORING",
    "Defect",
    "Place",
    "Unit",
    "defects",
    "pick",
    "planted",
]

FULL_SIZE_AT = 60_000
"""Tickets a year from which defects have their full size; below, they shrink in proportion."""

SMALLEST = 3
"""A scaled defect keeps at least this many records, so that it can still be found."""

SCORING: tuple[Defect, ...] = (
    Defect(
        key="missing_snapshots",
        requirements=("B2",),
        title="Predictions without version snapshots",
        place=Place("the busiest region, one working day, production", region=0),
        size=40,
        unit=Unit.RECORDS,
        finding="audit.snapshot_completeness is under 100% by exactly these predictions",
        capability="Pipeline",
        begins=days(17),
        ends=days(16),
        on_working_day=True,
    ),
    Defect(
        key="unknown_ml_version",
        requirements=("B2",),
        title="Predictions under a model version that no training run knows",
        place=Place("one working day, production", feature="ml_version"),
        size=12,
        unit=Unit.RECORDS,
        finding="audit.known_versions is under 100% by exactly these predictions",
        capability="Pipeline",
        begins=days(23),
        ends=days(22),
        on_working_day=True,
    ),
    Defect(
        key="stale_worker",
        requirements=("B2", "B8"),
        title="A worker scored with a workflow configuration that was no longer in force",
        place=Place("one worker, one afternoon (12:00 to 18:00 UTC), production"),
        size=0.4,
        unit=Unit.SHARE,
        finding="audit.configuration_in_force is under 100%: the previous version is named",
        capability="Pipeline",
        begins=days(9) - days(0.5),
        ends=days(9) - days(0.75),
        on_working_day=True,
    ),
    Defect(
        key="llm_without_cause",
        requirements=("B1",),
        title="LLM calls with neither a disagreement nor an escalation",
        place=Place("spread over 60 days, production"),
        size=25,
        unit=Unit.RECORDS,
        finding="llm.fired_without_cause counts exactly these calls",
        capability="Pipeline",
        begins=days(60),
        ends=days(0),
    ),
    Defect(
        key="llm_missed",
        requirements=("B1",),
        title="LLM calls that should have been made and were not",
        place=Place("spread over 60 days, production"),
        size=30,
        unit=Unit.RECORDS,
        finding="llm.missed counts exactly these predictions",
        capability="Pipeline",
        begins=days(60),
        ends=days(0),
    ),
    Defect(
        key="slow_llm",
        requirements=("B1", "C4"),
        title="The LLM layer answered slowly for one day",
        place=Place("one working day, production"),
        size=4.0,
        unit=Unit.FACTOR,
        finding="latency.llm_path_p95 of that day is a multiple of the days around it",
        capability="Pipeline",
        begins=days(11),
        ends=days(10),
        on_working_day=True,
    ),
    Defect(
        key="environments_differ",
        requirements=("B10",),
        title="Production and development decide differently",
        place=Place("one work type, production beside development", work_type=3),
        size=0.25,
        unit=Unit.SHARE,
        finding="environments.decision_agreement drops in this work type and in no other",
        capability="Pipeline",
        begins=days(30),
        ends=days(0),
    ),
    Defect(
        key="feature_goes_null",
        requirements=("B4", "C10"),
        title="asset_age_years arrives empty",
        place=Place("one intake channel", channel=1, feature="asset_age_years"),
        size=0.9,
        unit=Unit.SHARE,
        finding="the null rate of asset_age_years jumps in one channel, on one date",
        capability="Drift",
        begins=days(21),
        ends=days(0),
    ),
    Defect(
        key="drifting_region",
        requirements=("B4",),
        title="Tickets of one region change their nature",
        place=Place("the third busiest region", region=2),
        size=0.6,
        unit=Unit.STANDARD_DEVIATIONS,
        finding="feature drift in one region, from one date, named with its features",
        capability="Drift",
        begins=days(35),
        ends=days(0),
    ),
    Defect(
        key="concept_change",
        requirements=("B4", "C7"),
        title="The same tickets have become riskier than the model believes",
        place=Place("one work type", work_type=1),
        size=0.4,
        unit=Unit.SHARE,
        finding="concept drift in one work type: realised against expected accuracy diverge",
        capability="Drift",
        begins=days(45),
        ends=days(0),
    ),
    Defect(
        key="swapped_shap",
        requirements=("B5", "C8"),
        title="Two SHAP values of an explanation exchanged; the sum still holds",
        place=Place("explanations by the production model", model_role="production"),
        size=15,
        unit=Unit.RECORDS,
        finding="attestation finds two elements that differ in each of these explanations",
        capability="Explanations",
        begins=days(10),
        ends=days(0),
    ),
    Defect(
        key="tampered_artifact",
        requirements=("B7",),
        title="A retired model file differs from its signed manifest by one byte",
        place=Place("the oldest retired model file", model_role="retired"),
        size=1,
        unit=Unit.RECORDS,
        finding="INTEGRITY FAILURE: the digest of the file is not the signed one",
        capability="Artifacts",
    ),
    Defect(
        key="artifact_for_another_role",
        requirements=("B7",),
        title="The candidate's file is signed for another role",
        place=Place("the candidate's manifest says retired", model_role="candidate"),
        size=1,
        unit=Unit.RECORDS,
        finding="INTEGRITY FAILURE: the manifest's role is not candidate",
        capability="Artifacts",
    ),
    Defect(
        key="drifting_reviewer",
        requirements=("B6",),
        title="One reviewer overturns far more decisions than the others",
        place=Place("one reviewer", reviewer=4),
        size=0.3,
        unit=Unit.SHARE,
        finding="the override rate of one reviewer leaves the band of the others",
        capability="Feedback",
        begins=days(60),
        ends=days(0),
    ),
    Defect(
        key="harmful_candidate",
        requirements=("B3",),
        title="The candidate does harm in one region, and looks good over all",
        place=Place("the fourth busiest region", region=3, model_role="candidate"),
        size=0.75,
        unit=Unit.SHARE,
        finding="the worst-group difference blocks the promotion and names the region; tickets of "
        "that region are decided otherwise when the candidate's file scores them again",
        capability="Shadow",
        begins=days(92),
        ends=days(0),
    ),
    Defect(
        key="flattered_candidate",
        requirements=("B3",),
        title="A candidate is better on reviewed tickets and worse on all",
        place=Place("lgb-0, on tickets that do not go to the LLM and are seldom reviewed"),
        size=0.3,
        unit=Unit.SHARE,
        finding="weighted accuracy turns the sign of the naive one, and the banner says so",
        capability="Shadow",
    ),
    Defect(
        key="config_change_in_shadow",
        requirements=("B3", "B8"),
        title="The agreement threshold was changed in the middle of the shadow window",
        place=Place("workflow_config, at noon (UTC)", field="agreement_threshold"),
        size=1,
        unit=Unit.RECORDS,
        finding="the shadow window is cut by a configuration change: promotion is blocked",
        capability="Shadow",
        begins=days(14) - days(0.5),
        ends=days(14) - days(0.5),
    ),
    Defect(
        key="random_review_floor",
        requirements=("B6",),
        title="Almost no ticket was chosen for review at random",
        place=Place("two weeks, all regions"),
        size=0.001,
        unit=Unit.SHARE,
        finding="the random-review share is under its floor of 1% in these two weeks",
        capability="Feedback",
        begins=days(42),
        ends=days(28),
    ),
)


def defects(recipe: Recipe) -> tuple[Defect, ...]:
    """All defects that this recipe plants, sized for it; none for a clean one.

    The tickets of a file carry no scoring defect: see ``Recipe.plants_scoring_defects``.
    """
    if recipe.clean:
        return ()
    factor = min(1.0, recipe.tickets_per_year / FULL_SIZE_AT)
    scoring = SCORING if recipe.plants_scoring_defects else ()
    scaled = tuple(_scaled(defect, factor) for defect in (*scoring, *MIGRATION))
    return (*scaled, *GOVERNANCE)


def planted(recipe: Recipe, key: str) -> Defect | None:
    """The defect with this key as the recipe plants it, or ``None`` where it plants none.

    Raises:
        KeyError: no registry knows the key.
    """
    if key not in {defect.key for defect in (*SCORING, *MIGRATION, *GOVERNANCE)}:
        raise KeyError(f"No defect is called {key}.")
    return next((defect for defect in defects(recipe) if defect.key == key), None)


def _scaled(defect: Defect, factor: float) -> Defect:
    if defect.unit is not Unit.RECORDS or defect.size <= SMALLEST:
        return defect
    steps = round(defect.size * factor / defect.step)
    return replace(defect, size=max(ceil(SMALLEST / defect.step), steps) * defect.step)
