"""The effect of another agreement threshold, drawn."""

from __future__ import annotations

import streamlit as st

from components.layout import numbers, states
from components.layout.chart import chart
from components.layout.glossary import help_for
from components.layout.tile import Tile, tiles
from components.pipeline import figures_latency
from components.pipeline.assess_threshold import Step, ThresholdEffect

STEP = 0.005


def effect(found: ThresholdEffect) -> None:
    """The curve, and one threshold read off it."""
    if found.actual_calls == 0 and not any(step.calls for step in found.steps):
        states.empty(
            "No prediction in this period and segment can be placed on a threshold.",
            "Choose a longer period, or another segment.",
        )
        return
    chosen = _chosen(found)
    step = found.at(chosen)
    st.markdown(sentence(found, step))
    _numbers(found, step)
    drawn = figures_latency.threshold_effect(found, chosen)
    chart(
        drawn.figure,
        title="Calls and changed decisions against the agreement threshold",
        alt=drawn.alt,
        table=drawn.table,
        key="threshold_effect",
        note="Computed from the predictions of the period; where the two upper lines part, "
        "the LLM was never asked",
    )
    _trust(found)


def _chosen(found: ThresholdEffect) -> float:
    known = found.setting.agreement_threshold
    start = 0.0 if known is None else min(1.0, max(0.0, known))
    return float(
        st.slider(
            "Agreement threshold",
            min_value=0.0,
            max_value=1.0,
            value=round(round(start / STEP) * STEP, 3),
            step=STEP,
            format="%.3f",
            key="threshold",
            bind="query-params",
            help=help_for("Agreement threshold"),
            width=420,
        )
    )


def sentence(found: ThresholdEffect, step: Step) -> str:
    """What the chosen threshold would have meant, in plain words."""
    base = found.in_force
    if base is None:
        return "No workflow configuration with an agreement threshold is in force."
    if step is base:
        return f"{_in_force(found)} Move the slider to see what another threshold would have meant."
    difference = step.calls - base.calls
    more = "more" if difference > 0 else "fewer"
    money = ""
    if step.cost is not None and base.cost is not None:
        money = f" ({numbers.money(abs(step.cost - base.cost))} {more})"
    text = f"At **{step.threshold:g}** there would be {abs(difference):,} {more} LLM calls{money}."
    if step.threshold > base.threshold:
        return f"{text} {_known_changes(step)}"
    return (
        f"{text} What the LLM would have said in {step.unobserved:,} of its calls was never "
        "observed, so nobody can say how many decisions would change."
    )


def _in_force(found: ThresholdEffect) -> str:
    now = found.setting
    words = f"**{now.agreement_threshold:g} is in force**"
    if now.since is None:
        return f"{words}, and always was."
    before = "unknown" if now.before is None else f"{now.before:g}"
    return f"{words} since {numbers.moment(now.since)}; before, it was {before}."


def _known_changes(step: Step) -> str:
    if step.no_longer_asked == 0:
        return "No call that was made would fall away."
    text = (
        f"{step.changed:,} of {step.no_longer_asked:,} decisions would change, because the mean "
        "of rules and model decides otherwise than the LLM did."
    )
    if step.reviewed == 0:
        return f"{text} None of them was reviewed, so nobody knows who was right."
    return (
        f"{text} Of these {step.reviewed:,} {_were(step.reviewed)} reviewed: the LLM was right on "
        f"{step.recorded_right:,}, rules and model on {step.mean_right:,}."
    )


def _were(n: int) -> str:
    return "was" if n == 1 else "were"


def _numbers(found: ThresholdEffect, step: Step) -> None:
    base = found.in_force
    coverage = step.coverage
    tiles(
        [
            Tile(
                "LLM calls",
                numbers.count(step.calls),
                note=f"{base.calls:,} by the rule in force" if base else "",
            ),
            Tile(
                "Cost of these calls",
                numbers.money(step.cost),
                note="at the price in force"
                if found.setting.llm_cost is not None
                else "no price is in force",
            ),
            Tile(
                "Decisions known to change",
                numbers.count(step.changed),
                note=f"of {step.no_longer_asked:,} calls that fall away",
            ),
            Tile(
                "Answers never observed",
                numbers.count(step.unobserved),
                note="every answer is known"
                if coverage == 1
                else f"answers known for {numbers.proportion_text(coverage)}",
            ),
        ],
        key="threshold_tiles",
    )


def _trust(found: ThresholdEffect) -> None:
    """How far the computation can be trusted, from where it can be checked."""
    checked = found.rule_checked
    if checked:
        right = checked - found.rule_differs
        states.notice(
            "Check of the computation: where the LLM did not run, the mean of rules and model "
            f"gives the recorded decision on {numbers.share(right, checked)}."
        )
    if found.unusable:
        states.notice(
            f"{found.unusable:,} predictions have a score that is missing or outside 0 to 1. "
            "They stay as they were recorded."
        )
