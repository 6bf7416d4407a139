"""The head of the drift page: its key numbers, what is wrong, and the choice of what to see."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from html import escape

import streamlit as st

from components.drift import panel_words as words
from components.drift.types import (
    DriftReport,
    Incident,
    LayerDrift,
    SanityFinding,
    TestFamily,
    Verdict,
)
from components.gates.status import Status
from components.layout import badge, numbers, states
from components.layout.glossary import help_for
from components.layout.tile import Tile, tiles
from components.pipeline.shares import day_text

FEATURES = "Features"
WEEKS = "Week by week"
SCORES = "Scores and decisions"
MEANING = "Meaning of a score"
ALERTS = "Alert rules"
VIEWS = (FEATURES, WEEKS, SCORES, MEANING, ALERTS)
_SHOWN = 4


def choose_view() -> str:
    """The section to look at; it lives in the URL, and only what it needs is asked."""
    chosen = st.segmented_control(
        "Section",
        VIEWS,
        default=FEATURES,
        required=True,
        key="view",
        bind="query-params",
        label_visibility="collapsed",
    )
    return chosen or FEATURES


def headline(report: DriftReport) -> None:
    """Key numbers, each with what it rests on."""
    moved = len(report.in_alarm)
    final = next((one for one in report.layers if one.layer == "final"), None)
    tiles(
        [
            Tile(
                "Features that moved",
                f"{moved} of {len(report.findings)}",
                note=_besides(report),
                help=words.VERDICT_HELP,
                status=Status.WARN if moved else None,
            ),
            Tile(
                "Moved the score by",
                words.points(report.headline.points),
                note="points, by what moved",
                help=help_for("Score points"),
            ),
            _final_score(final),
            _priority(final),
            Tile(
                "Faults of the data",
                numbers.count(len(report.sanity)),
                note="nulls, types, ranges, categories",
                status=Status.WARN if report.sanity else None,
            ),
            _meaning(report),
        ],
        key="drift_tiles",
    )


def _besides(report: DriftReport) -> str:
    said = []
    for verdict, word in ((Verdict.UNCONFIRMED, "unconfirmed"), (Verdict.SEASONAL, "seasonal")):
        number = sum(one.verdict is verdict for one in report.findings)
        if number:
            said.append(f"{number} {word}")
    return f"besides, {' and '.join(said)}" if said else ""


def _final_score(final: LayerDrift | None) -> Tile:
    before = final.reference_mean if final else None
    after = final.current_mean if final else None
    change = None if before is None or after is None else 100 * (after - before)
    return Tile(
        "Mean final score",
        numbers.decimal(None if after is None else 100 * after, 1),
        note=f"{words.points(change)} points, from "
        f"{numbers.decimal(None if before is None else 100 * before, 1)}",
        help=help_for("Score points"),
    )


def _priority(final: LayerDrift | None) -> Tile:
    rate = (
        next((one for one in final.decisions if one.decision == "priority"), None)
        if final
        else None
    )
    if rate is None or rate.change is None:
        return Tile("Decided as priority", numbers.MISSING, note="no decisions in a window")
    return Tile(
        "Decided as priority",
        numbers.percentage(rate.current_part, rate.current_whole),
        note=f"{words.points(100 * rate.change, 1)} pp, from "
        f"{numbers.percentage(rate.reference_part, rate.reference_whole)}",
    )


def _meaning(report: DriftReport) -> Tile:
    if report.concept is None:
        return Tile("Concept drift", numbers.MISSING, note="no reviews are read")
    found = report.concept.in_alarm
    return Tile(
        "Concept drift",
        "suspected" if found else "none found",
        note=f"in {', '.join(one.segment for one in found[:2])}"
        if found
        else f"{report.concept.reviews:,} reviews",
        help=help_for("Concept drift"),
        status=Status.WARN if found else None,
    )


def compared(report: DriftReport) -> None:
    """One quiet line: which windows, which method, which family, which source."""
    source = (
        "read from the daily roll-ups"
        if report.from_rollups
        else "read from the source tables, because there are no roll-ups: slower, same numbers"
    )
    parts = [
        f"Reference {words.window(report.reference)}.",
        f"Current {words.window(report.current)}.",
        report.twin_note,
        f"{family_words(report.family)} Bins {report.edges_id[:8]}, {source}.",
    ]
    st.caption(" ".join(part for part in parts if part))
    for caveat in report.caveats:
        states.notice(caveat)


def gone(days: Sequence[date]) -> None:
    """Say which days are known from their roll-ups alone."""
    if days:
        states.notice(
            f"The records of {len(days):,} days up to {day_text(max(days))} are gone from the "
            "source; their history stays in the roll-ups."
        )


def family_words(family: TestFamily) -> str:
    """How many tests were made together, and at which level."""
    return (
        f"{family.tests:,} tests ({family.variables:,} variables, {family.segments:,} segments), "
        f"{family.rejected:,} rejected at a false-discovery rate of {family.level:.0%}; "
        f"{family.permutations:,} shufflings of whole days."
    )


def sanity(found: Sequence[SanityFinding]) -> None:
    """Faults of the data themselves, counted exactly; they come before any statistic."""
    if not found:
        return
    st.header("Faults of the data", anchor=False)
    rows = "".join(_sanity_row(one) for one in found[:_SHOWN])
    st.container(key="drift_sanity").html(f'<ul class="pl-list">{rows}</ul>')
    if len(found) > _SHOWN:
        with st.expander(f"{len(found) - _SHOWN} more"):
            st.html(
                f'<ul class="pl-list">{"".join(_sanity_row(one) for one in found[_SHOWN:])}</ul>'
            )


def _sanity_row(one: SanityFinding) -> str:
    facts = [f"such as {', '.join(one.examples[:3])}"] if one.examples else []
    return (
        f"<li>{badge.status_html(Status.WARN, small=True)}<div><strong>{escape(one.sentence)}"
        f"</strong>{_quiet(facts)}</div></li>"
    )


def _quiet(facts: Sequence[str]) -> str:
    return f'<p class="pl-quiet">{escape(" · ".join(facts))}</p>' if facts else ""


def incidents(found: Sequence[Incident]) -> None:
    """What changed together on one date, with what was done around that day."""
    if not found:
        return
    st.header("Incidents", anchor=False)
    rows = "".join(_incident_row(one) for one in found[:_SHOWN])
    st.container(key="drift_incidents").html(f'<ul class="pl-list pl-incidents">{rows}</ul>')
    if len(found) > _SHOWN:
        st.caption(f"{len(found) - _SHOWN} smaller incidents are not listed; their features are.")


def _incident_row(one: Incident) -> str:
    facts = []
    if one.low != one.high:
        facts.append(f"between {words.span(one.low, one.high)} (90%)")
    facts += [
        f"{words.CHANGE_SIGNS[change.kind]} {change.label}, {numbers.moment(change.at)}"
        + (f": {change.detail}" if change.detail else "")
        for change in one.coincides
    ]
    return (
        f'<li><span class="pl-incident-day">{escape(day_text(one.day))}</span>'
        f"<div><strong>{escape(one.sentence)}</strong>{_quiet(facts)}</div></li>"
    )
