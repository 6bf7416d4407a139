"""The verdicts, what blocks and what changed, drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

import streamlit as st

from components.gates.assess import DecisionResult, Evaluation
from components.gates.status import Status
from components.layout import badge, icons, numbers, states, theme
from components.status.assess import Blocker, Change
from components.status.earlier import Earlier

SHOWN = 3


def decisions(evaluation: Evaluation) -> None:
    """One card for each decision: the question, the verdict, why, and how its gates stand."""
    cards = "".join(_card(decision) for decision in evaluation.decisions)
    st.container(key="decisions").html(f'<div class="pl-cards">{cards}</div>')


def unmeasured(gates: int) -> None:
    """Say that a page left gates unmeasured to answer in time, and what to run; nothing for 0."""
    if gates:
        states.notice(
            f"{gates} {'gate was' if gates == 1 else 'gates were'} not measured, because that "
            "takes too long for a page; no gate passes unmeasured. Run `plumbline refresh`, which "
            "prepares the present; `plumbline evaluate --as-of` measures any day."
        )


def _card(result: DecisionResult) -> str:
    tone = theme.VERDICT[result.verdict].css
    counts = "".join(
        f'<li style="color:{theme.STATUS[status].css}">{icons.status_icon(status)}'
        f"{count} {escape(status.word.lower())}</li>"
        for status, count in sorted(result.counts.items(), reverse=True)
    )
    return (
        f'<section class="pl-card" style="border-top-color:{tone}">'
        f"<h2>{escape(result.decision.title)}</h2>"
        f'<p class="pl-card-verdict">{badge.verdict_html(result.verdict)}</p>'
        f'<p class="pl-quiet">{escape(result.decision.question)}</p>'
        f'<ul class="pl-counts">{counts}</ul></section>'
    )


Address = Callable[[str], str]


def blockers(found: Sequence[Blocker], address: Address) -> None:
    """What blocks, worst first: the gate, what is the matter, who acts and what to do.

    ``address`` gives the link to one gate by its id.
    """
    if not found:
        st.markdown("Nothing blocks.")
        return
    single = [item for item in found if item.gate]
    group = [item for item in found if not item.gate]
    rows = "".join(_blocker(item, address) for item in (*single[:SHOWN], *group))
    st.container(key="blockers").html(f'<ul class="pl-list">{rows}</ul>')
    if len(single) > SHOWN:
        st.caption(f"{len(single) - SHOWN} more on the Gates page.")


def _blocker(item: Blocker, address: Address) -> str:
    title = _title(item.title, address(item.gate) if item.gate else "")
    return (
        f"<li>{badge.status_html(item.status, small=True)}"
        f"<div>{title} "
        f'<span class="pl-quiet">{escape(item.decision)}</span> '
        f"<p>{escape(item.detail)}</p>"
        f'<p class="pl-quiet"><b>{escape(item.who)}:</b> {escape(item.next_step)}</p></div></li>'
    )


def _title(title: str, link: str) -> str:
    if not link:
        return f"<strong>{escape(title)}</strong>"
    return f'<a class="pl-link" href="{escape(link, quote=True)}">{escape(title)}</a>'


def changes(found: Sequence[Change], then: Earlier, since: str, address: Address) -> None:
    """Gates whose status differs from an earlier day, the ones that got worse first."""
    _changes(found, since, address)
    if then.unknown:
        gates = "1 gate is" if then.unknown == 1 else f"{then.unknown} gates are"
        st.caption(f"{gates} not compared: measuring the past takes too long for a page.")
    if then.recorded:
        st.caption(f"Compared with the evaluation recorded as of {numbers.moment(then.as_of)}.")
    else:
        st.caption(
            f"Judged again as of {numbers.moment(then.as_of)}, from what the tables say today: "
            "no evaluation of that day is recorded under this policy. `plumbline evaluate "
            "--record` records one."
        )


def _changes(found: Sequence[Change], since: str, address: Address) -> None:
    if not found:
        st.markdown(f"No gate has changed its status since {since}.")
        return
    rows = "".join(_change(item, address) for item in found[:SHOWN])
    st.container(key="changes").html(f'<ul class="pl-list pl-changes">{rows}</ul>')
    if len(found) > SHOWN:
        st.caption(f"{len(found) - SHOWN} more on the Gates page.")


def _change(item: Change, address: Address) -> str:
    before = _mark(item.before) if item.before is not None else "new"
    return (
        f'<li><span class="pl-move">{before} <span aria-hidden="true">→</span> '
        f"{_mark(item.after)}</span>"
        f"<div>{_title(item.title, address(item.gate))} "
        f'<span class="pl-quiet">{escape(item.decision)}</span></div></li>'
    )


def _mark(status: Status) -> str:
    return badge.status_html(status, small=True)
