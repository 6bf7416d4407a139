"""Defects planted in the governance tables: evaluations, findings and drills."""

from __future__ import annotations

from dashboard.sample.defect import Defect, Place, Unit, days

GOVERNANCE: tuple[Defect, ...] = (
    Defect(
        key="golden_case_in_training",
        requirements=("C2",),
        title="Golden cases that leaked into training",
        place=Place("golden suite, candidate", model_role="candidate", field="training_overlap"),
        size=3,
        unit=Unit.RECORDS,
        finding="training_overlap of the golden suite is 3, not 0: its result cannot be used",
        capability="Evaluations",
    ),
    Defect(
        key="llm_safety_unscored",
        requirements=("C5",),
        title="LLM-safety cases that the judge could not score",
        place=Place("suite llm_safety, every probe", field="n_unscored"),
        size=0.024,
        unit=Unit.SHARE,
        finding="more than 1% of the cases have no score: NO DATA, not a pass",
        capability="Evaluations",
    ),
    Defect(
        key="bad_request_scored",
        requirements=("C4",),
        title="The API scores a request that it must refuse",
        place=Place("suite api_contract, a request without a work type", model_role="production"),
        size=1,
        unit=Unit.RECORDS,
        finding="api.contract_pass_rate is under 100%, and the request is named",
        capability="Evaluations",
    ),
    Defect(
        key="finding_overdue",
        requirements=("B9",),
        title="A P0 finding past its due date",
        place=Place("findings", field="due_at"),
        size=9,
        unit=Unit.DAYS,
        finding="one open P0 is nine days overdue, with the role that acts",
        capability="Findings",
        begins=days(11),
        ends=days(0),
    ),
    Defect(
        key="demote_drill_old",
        requirements=("B7",),
        title="The last emergency-demote drill is older than 90 days",
        place=Place("system_audit, action model.demote", model_role="production"),
        size=127,
        unit=Unit.DAYS,
        finding="readiness to demote: the last drill is 127 days old, the limit is 90",
        capability="Artifacts",
        begins=days(127),
        ends=days(127),
    ),
)
