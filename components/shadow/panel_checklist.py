"""The checklist of a decision: each gate with number, limit, n, and where its evidence is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

import pandas as pd
import streamlit as st

from components.gates.status import Status
from components.layout import badge, exporting, numbers
from components.shadow.types import Checklist, CheckRow, Readiness

_SHOWN = 5
_ACTED = (Status.FAIL, Status.ERROR)
_PASSES = (Status.PASS, Status.WARN, Status.WAIVED)


@dataclass(frozen=True, slots=True)
class Links:
    """Where a gate leads: ``gate`` in full, and ``evidence`` with the words of its link."""

    gate: Callable[[CheckRow], str]
    evidence: Callable[[CheckRow], tuple[str, str]]
    n: Callable[[CheckRow], int | None]


@dataclass(frozen=True, slots=True)
class Book:
    """A runbook's title and address."""

    title: str
    href: str


def choose(titles: Sequence[str]) -> str:
    """Which of the checklists to read; it lives in the URL."""
    chosen = st.segmented_control(
        "Checklist",
        titles,
        default=titles[0],
        required=True,
        key="checklist",
        bind="query-params",
        label_visibility="collapsed",
    )
    return chosen or titles[0]


def checklist(found: Checklist, links: Links, book: Book | None) -> None:
    """What stands in the way first, with the next step; then what holds, and what passes."""
    link = ""
    if book is not None:
        link = (
            f' <a class="pl-link" target="_self" href="{escape(book.href)}">'
            f"Runbook: {escape(book.title)}</a>"
        )
    st.html(
        f'<p class="pl-verdict">{badge.status_html(found.status, small=True)} '
        f"<span>{escape(found.sentence)}</span>{link}</p>"
    )
    rows = sorted(found.rows, key=lambda row: -row.status)
    standing = [row for row in rows if row.status not in _PASSES]
    passing = [row for row in rows if row.status in _PASSES]
    with st.container(key=f"shadow_checks_{_slug(found.title)}", gap="xsmall"):
        _rows(standing[:_SHOWN], links, full=True)
        if len(standing) > _SHOWN:
            rest = standing[_SHOWN:]
            with st.expander(f"{len(rest)} more that hold it: {_counted(rest)}"):
                _rows(rest, links, full=False)
        if passing:
            with st.expander(
                f"{len(passing)} that do not stand in the way: {_counted(passing)}",
                expanded=not standing,
            ):
                _rows(passing, links, full=False)
        exporting.offer(
            frame(rows, links),
            title=f"Checklist: {found.title}",
            key=f"checks_{_slug(found.title)}",
        )


def _slug(title: str) -> str:
    return "".join(sign if sign.isalnum() else "_" for sign in title.lower())


def _counted(rows: Sequence[CheckRow]) -> str:
    parts = []
    for status in sorted({row.status for row in rows}, reverse=True):
        parts.append(f"{sum(row.status is status for row in rows)} {status.word.lower()}")
    return ", ".join(parts)


def _rows(rows: Sequence[CheckRow], links: Links, *, full: bool) -> None:
    if not rows:
        return
    body = "".join(_row(row, links, full=full) for row in rows)
    st.html(
        '<table class="pl-checks"><thead><tr><th scope="col">Status</th><th scope="col">Gate</th>'
        '<th scope="col">Measured</th><th scope="col">Limit</th><th scope="col">n</th>'
        f'<th scope="col">Evidence</th></tr></thead><tbody>{body}</tbody></table>'
    )


def _row(row: CheckRow, links: Links, *, full: bool) -> str:
    label, href = links.evidence(row)
    below = ""
    if full:
        below = f'<p>{escape(row.sentence)} <span class="pl-quiet">{escape(_act(row))}</span></p>'
    return (
        f"<tr><td>{badge.status_html(row.status, small=True)}</td>"
        f'<th scope="row"><a class="pl-link" target="_self" href="{escape(links.gate(row))}">'
        f"{escape(row.title)}</a>{below}</th>"
        f'<td data-name="Measured">{escape(row.measured)}</td>'
        f'<td data-name="Limit">{escape(row.limit)}</td>'
        f'<td data-name="n">{numbers.count(links.n(row))}</td>'
        f'<td data-name="Evidence"><a class="pl-link pl-light" target="_self" '
        f'href="{escape(href)}">{escape(label)}</a></td></tr>'
    )


def _act(row: CheckRow) -> str:
    """Who acts; and what to do, where it is more than to measure again."""
    return row.next_step if row.status in _ACTED else row.next_step.partition(":")[0]


def frame(rows: Sequence[CheckRow], links: Links) -> pd.DataFrame:
    """The checklist as a file holds it."""
    return pd.DataFrame(
        {
            "Status": [row.status.word for row in rows],
            "Gate": [row.title for row in rows],
            "Measured": [row.measured for row in rows],
            "Limit": [row.limit for row in rows],
            "n": [links.n(row) for row in rows],
            "Severity": [row.severity for row in rows],
            "May be waived": ["yes" if row.waivable else "no" for row in rows],
            "Sentence": [row.sentence for row in rows],
            "Next step": [row.next_step for row in rows],
            "Id": [row.gate_id for row in rows],
        }
    )


def readiness(found: Readiness | None, href: str) -> None:
    """Whether there is a way back, and each thing that must hold for it."""
    if found is None:
        return
    status = Status.NO_DATA if found.ready is None else Status.PASS if found.ready else Status.FAIL
    target = f"Way back: {found.target}" if found.target else "Way back"
    facts = "".join(
        f'<span class="pl-way">{badge.status_html(one, small=True)} {escape(name)}'
        f'{": " if said else ""}<span class="pl-quiet">{escape(said)}</span></span>'
        for name, one, said in found.checks
    )
    st.container(key="shadow_way_back").html(
        f'<p class="pl-verdict">{badge.status_html(status, small=True)} '
        f'<a class="pl-link" target="_self" href="{escape(href)}">{escape(target)}</a>. '
        f"<span>{escape(found.sentence)}</span></p><div class='pl-ways'>{facts}</div>"
    )
