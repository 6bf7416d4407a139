"""Alert rules with what they would have done: on the history, and on days where nothing moved."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import pandas as pd
import streamlit as st

from components.drift import figures_small
from components.drift.types import AlertState, RuleReplay
from components.gates.status import Status
from components.layout import badge, numbers, states, table
from components.pipeline.shares import day_text

_RAISED = badge.status_html(Status.WARN, small=True).replace(Status.WARN.word, "Raised")
_QUIET = badge.status_html(Status.PASS, small=True).replace(Status.PASS.word, "Quiet")


def alerts(rules: Sequence[RuleReplay], leave_at: float) -> None:
    """Each rule, its looks, and its measured false alarms and delay beside it."""
    st.header("Alert rules, replayed", anchor=False)
    if not rules:
        states.empty("The policy has no alert rules.", "Add them under [drift] in the policy.")
        return
    st.caption(
        "Every week of the history is looked at as it would have been then. False alarms are "
        "counted on shuffled days, where every alarm is false. A rule is raised at its level "
        f"(solid line) and ends at {leave_at:g} of it (dotted)."
    )
    rows = "".join(_row(one, leave_at) for one in rules)
    st.container(key="drift_rules").html(f'<ul class="pl-list pl-rules">{rows}</ul>')
    table.small(rule_table(rules), key="drift_rule_table", title="Alert rules, replayed")
    episodes = episode_table(rules)
    if not episodes.empty:
        st.header("When they were raised", anchor=False)
        table.records(episodes, key="drift_episodes", title="Episodes of alert rules")


def _row(one: RuleReplay, leave_at: float) -> str:
    state = _RAISED if one.state is AlertState.RAISED else _QUIET
    return (
        f"<li>{state}<div><strong>{escape(one.title)}</strong> "
        f'<span class="pl-quiet">{escape(one.watches)}, level {one.level:g}</span>'
        f"<p>{figures_small.looks(one.looks, leave_at)}</p>"
        f'<p class="pl-quiet">{escape(one.sentence)}</p></div></li>'
    )


def rule_table(rules: Sequence[RuleReplay]) -> pd.DataFrame:
    """Each rule with its measured behaviour."""
    return pd.DataFrame(
        {
            "Rule": [one.title for one in rules],
            "Now": ["▲ Raised" if one.state is AlertState.RAISED else "✓ Quiet" for one in rules],
            "False alarms a quarter": [_alarms(one) for one in rules],
            "Counted on": [
                f"{one.shuffled_alarms:,} in {one.shuffled_looks:,} looks" for one in rules
            ],
            "Finds": [f"{one.detected:,} of {one.planted:,} planted shifts" for one in rules],
            "After": [
                numbers.MISSING if one.delay_days is None else f"{one.delay_days:g} days"
                for one in rules
            ],
            "Raised before": [numbers.count(len(one.episodes)) for one in rules],
        }
    )


def _alarms(one: RuleReplay) -> str:
    if one.false_alarms_per_quarter is None:
        return numbers.MISSING
    text = f"{one.false_alarms_per_quarter:.2f}"
    return (
        text if one.false_alarms_high is None else f"{text} (at most {one.false_alarms_high:.2f})"
    )


def episode_table(rules: Sequence[RuleReplay]) -> pd.DataFrame:
    """Every episode, the newest first."""
    found = sorted(
        ((one.start, rule, one) for rule in rules for one in rule.episodes),
        key=lambda each: each[0],
        reverse=True,
    )
    return pd.DataFrame(
        {
            "Raised": [day_text(start) for start, _, _ in found],
            "Ended": [day_text(one.end) if one.end else "still raised" for _, _, one in found],
            "Rule": [rule.title for _, rule, _ in found],
            "Highest, in levels": [round(one.peak, 2) for _, _, one in found],
            "Variables": [
                ", ".join(name.partition(":")[2] or name for name in one.variables)
                for _, _, one in found
            ],
        }
    )
