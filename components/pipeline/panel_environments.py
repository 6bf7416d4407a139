"""Production beside development, drawn."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components.layout import numbers, states
from components.layout.chart import chart
from components.layout.tile import Tile, tiles
from components.pipeline import figures
from components.pipeline.assess_environments import Environments
from components.pipeline.panel_records import listing
from queries.audit_rows import DisagreeingPairRow


def environments(found: Environments, limit: float | None) -> None:
    """Agreement on the same tickets, by kind of work, and how far the scores lie apart."""
    if found.pairs == 0:
        states.empty(
            "No ticket of this period was scored in production and in development.",
            "Choose a longer period, or have a sample of tickets scored in development.",
        )
        return
    same, other, distance = found.same_versions, found.other_versions, found.distance
    tiles(
        [
            Tile(
                "Decide the same",
                figures.percent(same),
                note=f"{numbers.share(same.part, same.whole)}, same versions",
                trend=numbers.interval(same.low, same.high),
            ),
            Tile(
                "Decide differently",
                numbers.count(same.whole - same.part),
                note="under the same versions: a fault",
            ),
            Tile(
                "Under other versions",
                numbers.count(other.whole),
                note=f"of which {other.whole - other.part:,} decided differently: to be expected",
            ),
            Tile(
                "Scores apart, p95",
                numbers.decimal(distance.p95, 3) if distance else numbers.MISSING,
                note=f"half within {distance.p50:.3f}, largest {distance.largest:.3f}"
                if distance
                else "no usable scores",
            ),
        ],
        key="environment_tiles",
    )
    if found.undecided:
        states.notice(f"{found.undecided:,} pairs lack a decision on one side.")
    if not found.by_work_type:
        states.empty(
            "All pairs were scored under different versions.",
            "Deploy the same versions in both environments, then compare.",
        )
        return
    drawn = figures.shares(
        [(item.work_type, item.share) for item in found.by_work_type],
        what="Agreement of production and development by work type",
        limit=limit,
    )
    chart(
        drawn.figure,
        title="Agreement by work type, under the same versions",
        alt=drawn.alt,
        table=drawn.table,
        key="environments_work_type",
        note="Final decision on the same ticket; lowest first; lines are 95% intervals",
    )


def disagreeing(rows: Sequence[DisagreeingPairRow], *, filters: str, page_size: int) -> None:
    """The tickets behind the counts."""
    if not rows:
        return
    st.markdown("**Tickets decided differently**")
    listing(
        rows,
        {
            "Prediction": [str(row.prediction_id) for row in rows],
            "Ticket": [str(row.ticket_id) for row in rows],
            "Scored (UTC)": [row.scored_at for row in rows],
            "Production": [row.production_decision for row in rows],
            "Development": [row.development_decision for row in rows],
            "Score, production": [row.production_score for row in rows],
            "Score, development": [row.development_score for row in rows],
            "Versions": ["same" if row.same_versions else "different" for row in rows],
            "Production ran": [row.production_versions for row in rows],
            "Development ran": [row.development_versions for row in rows],
            "Work type": [row.work_type for row in rows],
            "Region": [row.region for row in rows],
        },
        key="environment_records",
        filters=filters,
        page_size=page_size,
        title="Tickets decided differently",
    )
