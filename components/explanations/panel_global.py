"""What matters to the model in general, one feature's part in it, and named features."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from components.explanations import figures, words
from components.explanations.assess_global import (
    Bin,
    Importance,
    NamedShares,
    Weekly,
    named_sentence,
)
from components.layout import numbers, states, table
from components.layout.chart import chart
from queries.drift_rows import Variable


def importance(items: Sequence[Importance], explained: int, found: Weekly) -> None:
    """Features by the size of their contributions, and how that moved from week to week."""
    if not items:
        states.empty(
            "No explanation of this period was attested.",
            "Run `plumbline refresh`, or choose a longer period.",
        )
        return
    drawn = figures.importance(items)
    chart(
        drawn.figure,
        title="What moves the score",
        alt=drawn.alt,
        table=drawn.table,
        key="explanation_importance",
        note=f"Mean of |contribution| over {explained:,} stored explanations; share of all beside",
    )
    _weeks(found)


def _weeks(found: Weekly) -> None:
    if len(found.weeks) < 2:
        states.notice("Two weeks of 50 explanations are needed to show a change.")
        return
    drawn = figures.weeks(found)
    chart(
        drawn.figure,
        title="The leading features, week by week",
        alt=drawn.alt,
        table=drawn.table,
        key="explanation_weeks",
        note="Share of all attribution; weaker features are left out, since their order is noise",
    )
    st.markdown(weeks_sentence(found))


def weeks_sentence(found: Weekly) -> str:
    """Whether importance moved more than retraining alone moves it."""
    if found.floor is None:
        return (
            "How far retraining alone moves a share is not known yet: explanations of at least "
            "two model versions are needed. No week is judged."
        )
    n = found.retrainings
    floor = (
        f"{'One retraining has' if n == 1 else f'{n} retrainings have'} moved a leading feature's "
        f"share by up to {100 * found.floor:.1f} points"
    )
    beyond = [week for week in found.weeks if week.beyond]
    if not beyond:
        return f"{floor}; no week moved one further."
    worst = max(beyond, key=lambda week: week.change or 0.0)
    return (
        f"{floor}; {len(beyond)} {'week' if len(beyond) == 1 else 'weeks'} moved one further, most "
        f"of all the week of {worst.start:%-d %b %Y}, {words.label(worst.feature)} by "
        f"{100 * (worst.change or 0.0):.1f} points."
    )


def choose_feature(variables: Sequence[Variable]) -> Variable | None:
    """The feature to look at; it lives in the URL."""
    names = [variable.short_name for variable in variables]
    if not names:
        return None
    chosen = st.selectbox(
        "Feature",
        names,
        format_func=words.label,
        key="feature",
        bind="query-params",
        width=320,
    )
    return next((one for one in variables if one.short_name == chosen), None)


def dependence(bins: Sequence[Bin], variable: Variable) -> None:
    """How a feature's contribution depends on its value."""
    if not bins:
        states.empty("No explanation of this period has this feature.", "Choose a longer period.")
        return
    label = words.label(variable.short_name)
    drawn = figures.dependence(bins, label)
    chart(
        drawn.figure,
        title=f"What {label} does to the score",
        alt=drawn.alt,
        table=drawn.table,
        key="explanation_dependence",
        note=f"Mean contribution by value; {sum(one.n for one in bins):,} explanations",
    )


def named(found: NamedShares) -> None:
    """What the policy's named features carry."""
    st.markdown(named_sentence(found))
    if not found.features:
        states.notice("Name them in the section [explanations] of the policy.")
        return
    frame = pd.DataFrame(
        [
            (
                words.label(item.feature),
                item.kind,
                "not an input" if item.share is None else numbers.proportion_text(item.share),
                "nothing" if item.kind == "forbidden" else f"{found.limit:.0%} together",
            )
            for item in found.features
        ],
        columns=["Feature", "Kind", "Share of attribution", "Allowed"],
    )
    table.small(frame, key="explanation_named", title="Features that the policy names")
    st.caption(f"Share of the sum of |contribution| over {found.explained:,} stored explanations.")
