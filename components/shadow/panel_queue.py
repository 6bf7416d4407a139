"""The queue to label: predictions on which the models differ, for reviewers who see neither."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from components.layout import states, table
from components.shadow.types import Queued

_COLUMNS = {
    "Scored (UTC)": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm", timezone="UTC")
}


def queue(found: Sequence[Queued], churn: float | None) -> None:
    """Ids only: whoever reviews must not know what either model decided.

    ``churn`` says how rare disagreements are, and so how many random labels one here is worth.
    """
    worth = f" One label here is worth about {1 / churn:,.0f} of random tickets." if churn else ""
    st.markdown(
        f"The models differ on these predictions, and nobody has reviewed them.{worth} Neither "
        "decision is shown, nor which model made it, and the order gives nothing away: review "
        "the ticket as any other."
    )
    if not found:
        states.empty(
            "Every disagreement has been reviewed.", "New ones come in as predictions are made."
        )
        return
    st.caption(f"{len(found):,} predictions. A file of them holds the same three columns.")
    table.records(frame(found), key="shadow_queue", title="Queue to label", columns=_COLUMNS)


def frame(found: Sequence[Queued]) -> pd.DataFrame:
    """Each waiting prediction by its ids and its time; nothing that was decided."""
    return pd.DataFrame(
        {
            "Prediction": [str(one.prediction_id) for one in found],
            "Ticket": [str(one.ticket_id) for one in found],
            "Scored (UTC)": [one.scored_at for one in found],
        }
    )
