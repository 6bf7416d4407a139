"""The pipeline page's head: its key numbers and the choice of what to look at."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from components.layout import numbers
from components.layout.glossary import help_for
from components.layout.tile import Tile, tiles
from components.pipeline.assess_firing import Firing
from components.pipeline.assess_versions import Snapshots
from components.pipeline.figures import percent
from components.pipeline.shares import Share
from queries.audit_rows import PulseRow

AGREEMENT = "Agreement"
LLM = "LLM"
THRESHOLD = "Threshold"
COST = "Cost and latency"
VERSIONS = "Versions"
ENVIRONMENTS = "Environments"
VIEWS = (AGREEMENT, LLM, THRESHOLD, COST, VERSIONS, ENVIRONMENTS)


def choose_view() -> str:
    """The section to look at; it lives in the URL, and only its own questions are asked."""
    chosen = st.segmented_control(
        "Section",
        VIEWS,
        default=AGREEMENT,
        required=True,
        key="view",
        bind="query-params",
        label_visibility="collapsed",
    )
    return chosen or AGREEMENT


def headline(snapshots: Snapshots, firing: Firing) -> None:
    """Six numbers, each with its counts and its days."""
    agreed = Share.of(
        sum(row.agreed for row in firing.days), sum(row.comparable for row in firing.days)
    )
    complete = snapshots.complete
    asked_for = f"{firing.disagreement:,} disagreement, {firing.escalation:,} escalation"
    if firing.untriggered:
        asked_for += f", {firing.untriggered:,} no trigger"
    tiles(
        [
            Tile(
                "Predictions",
                numbers.count(firing.n),
                note=f"{firing.errors.part:,} ended in an error",
                series=_daily(firing.days, lambda row: float(row.n)),
                help=help_for("Prediction"),
            ),
            Tile(
                "Snapshots complete",
                _percent(complete),
                note=f"{complete.whole - complete.part:,} of {complete.whole:,} are not",
                series=tuple(1 - day.missing / day.n if day.n else None for day in snapshots.days),
                help=help_for("Snapshot"),
            ),
            Tile(
                "Snapshots in force",
                _percent(snapshots.in_force),
                note=f"{snapshots.in_force.whole - snapshots.in_force.part:,} not in force, "
                f"{snapshots.known.whole - snapshots.known.part:,} unknown",
                series=tuple(
                    1 - day.not_in_force / day.n if day.n else None for day in snapshots.days
                ),
                help=help_for("Workflow configuration"),
            ),
            Tile(
                "Rules and model agree",
                percent(agreed),
                note=numbers.interval(agreed.low, agreed.high),
                series=_daily(
                    firing.days,
                    lambda row: row.agreed / row.comparable if row.comparable else None,
                ),
                help=help_for("Agreement"),
            ),
            Tile(
                "LLM ran on",
                percent(firing.asked),
                note=asked_for,
                series=_daily(firing.days, lambda row: row.asked / row.n if row.n else None),
                help=help_for("LLM"),
            ),
            Tile(
                "LLM calls at fault",
                numbers.count(firing.without_cause + firing.missed),
                note=f"{firing.without_cause:,} without cause, {firing.missed:,} missed",
                series=_daily(firing.days, _firing_faults),
                help="Calls that the rule does not explain, and calls that it demands and "
                "that were not made.",
            ),
        ],
        key="pipeline_tiles",
    )


def _firing_faults(row: PulseRow) -> float:
    without_cause = row.no_trigger + row.below_threshold + row.not_escalated
    return float(without_cause + row.missed_escalation + row.missed_disagreement)


def _daily(
    days: Sequence[PulseRow], of: Callable[[PulseRow], float | None]
) -> tuple[float | None, ...]:
    return tuple(of(row) for row in days)


def _percent(share: Share) -> str:
    if share.value is None:
        return numbers.MISSING
    if share.part in (0, share.whole):
        return f"{share.value:.0%}"
    return percent(share)
