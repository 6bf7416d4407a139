"""Two windows of predictions compared: what moved, since when, how sure, and what it cost."""

from __future__ import annotations

from components.drift import words
from components.drift.assess_bins import Attributions
from components.drift.assess_changes import programme_changes
from components.drift.assess_concept import concept
from components.drift.assess_findings import Context, findings
from components.drift.assess_incidents import incidents
from components.drift.assess_layers import layers, prediction_variables, same_versions
from components.drift.assess_sanity import appeared, placed, sanity
from components.drift.assess_tests import tested
from components.drift.assess_versions import attribution
from components.drift.assess_weeks import heat_map, weeks
from components.drift.grid import Grid, grid
from components.drift.material import Material, Windows, default_windows, with_twin
from components.drift.types import (
    DriftReport,
    Finding,
    Headline,
    Incident,
    TestFamily,
    Verdict,
)
from components.gates.policy_drift import DriftPolicy

__all__ = [
    "Material",
    "Windows",
    "appeared",
    "default_windows",
    "placed",
    "programme_changes",
    "report",
    "with_twin",
]


def report(material: Material, policy: DriftPolicy) -> DriftReport:
    """The whole assessment of a current window against its reference and its twin."""
    sides = grid(material)
    context = Context(
        material=material,
        grid=sides,
        weeks=weeks(material.history),
        policy=policy,
        attributions=Attributions.of(material.shap, sides),
    )
    tests, family, untested = tested(sides, sides.layout.features, policy, with_twin=True)
    made, found = incidents(findings(context, tests), material.changes, policy)
    predictions, _, _ = tested(
        sides, prediction_variables(sides), policy, with_twin=same_versions(sides)
    )
    return DriftReport(
        as_of=material.as_of,
        edges_id=sides.layout.edges_id,
        reference=sides.reference.window,
        current=sides.current.window,
        twin=None if sides.twin is None else sides.twin.window,
        twin_note=material.windows.twin_note,
        headline=_headline(found, made, family, untested),
        findings=found,
        incidents=made,
        sanity=sanity(sides, material, policy),
        layers=layers(sides, findings(context, predictions)),
        attribution=attribution(material.versions),
        concept=concept(material, policy),
        heat_map=heat_map(
            context.weeks,
            [(f.variable, f.weeks, f.evidence.null_95 if f.evidence else None) for f in found],
        ),
        family=family,
        changes=material.changes,
        from_rollups=material.from_rollups,
        caveats=_caveats(sides, material, untested, context.attributions),
    )


def _headline(
    found: tuple[Finding, ...], made: tuple[Incident, ...], family: TestFamily, untested: str
) -> Headline:
    moved = [f for f in found if f.verdict is Verdict.MOVED]
    points = [f.impact.points for f in moved if f.impact is not None]
    sure = [
        e.p_adjusted
        for f in moved
        if (e := f.carrier.evidence if f.carrier else f.evidence) is not None
    ]
    return Headline(
        sentence=words.headline(
            moved,
            made,
            family.tests,
            family.segments,
            untested,
            sum(f.verdict is Verdict.UNCONFIRMED for f in found),
            sum(f.verdict is Verdict.SEASONAL for f in found),
        ),
        moved=tuple(f.variable for f in moved),
        since=next((f.since for f in moved if f.incident == made[0].id), None) if made else None,
        p_adjusted=min(sure, default=None),
        points=sum(points) if points else None,
        coincides=made[0].coincides if made else (),
    )


def _caveats(
    sides: Grid, material: Material, untested: str, found: Attributions | None
) -> tuple[str, ...]:
    said = []
    if untested:
        said.append(f"No test against shuffled days: {untested}")
    if sides.twin is None:
        said.append(material.windows.twin_note)
    for name, side in (("reference", sides.reference), ("current window", sides.current)):
        absent = (side.span[1] - side.span[0]).days - len(side.days)
        if absent:
            said.append(f"{absent} days of the {name} hold no roll-up.")
    if found is None:
        said.append("Impact cannot be told: there are no stored explanations of these days.")
    else:
        said.append(
            "Score points come from mean SHAP values by bin, turned from log-odds into score by "
            f"the local slope of {found.slope:.3f}: an approximation for small shifts."
        )
    return tuple(said)
