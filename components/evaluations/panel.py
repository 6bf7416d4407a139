"""Test suites on the screen: all of them, one in full, its runs, and the cases it names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape

import pandas as pd
import streamlit as st

from components.evaluations import figures
from components.evaluations.assess_runs import Cell, MeasureRow, Named, SuiteFound
from components.evaluations.assess_suites import SUCCEEDED
from components.gates.status import Status
from components.layout import badge, exporting, numbers, table
from components.layout.chart import chart
from components.pipeline.figures import Drawn
from queries.evaluation_history import MOST_RUNS, PointRow, RunRow

SUITE, MEASURE = "suite", "measure"
NO_GATE = "–"
_LISTED = 60

Address = Callable[[Named], str | None]


def choose(found: Sequence[SuiteFound]) -> SuiteFound:
    """Which suite to read in full; it lives in the URL."""
    by_title = {one.title: one for one in found}
    chosen = st.selectbox("Suite", list(by_title), key=SUITE, bind="query-params", width=240)
    return by_title.get(chosen or "", found[0])


def overview(found: Sequence[SuiteFound]) -> None:
    """Each suite with its newest runs and what its gates say."""
    frame = pd.DataFrame(
        {
            "Suite": [one.title for one in found],
            "Gates": [_gates(one) for one in found],
            "Newest runs": [_heads(one) for one in found],
            "Cases named": [numbers.count(len(one.named)) for one in found],
        }
    )
    table.small(frame, key="suites", title="Test suites")


def _gates(found: SuiteFound) -> str:
    statuses = [row.gate.status for row in found.measures if row.gate]
    if not statuses:
        return "no gate reads it"
    return ", ".join(
        f"{statuses.count(status)} {status.word.lower()}"
        for status in sorted(set(statuses), reverse=True)
    )


def _heads(found: SuiteFound) -> str:
    if not found.heads:
        return "no run on record"
    return "; ".join(
        f"{figures.label(head)}, {numbers.day(head.at)}"
        + ("" if head.status == SUCCEEDED else f", {head.status}")
        for head in found.heads
    )


def heads(found: SuiteFound) -> None:
    """What ran on which version, and how often: repeated runs are told."""
    if not found.heads:
        return
    parts = []
    for head in found.heads:
        again = f", attempt {head.attempt}" if head.attempt > 1 else ""
        of = f", {head.runs} runs on record" if head.runs > 1 else ""
        parts.append(
            f"{figures.label(head)}: {head.suite_version}, {head.status} "
            f"{numbers.moment(head.at)}{again}{of}"
        )
    st.caption(" · ".join(parts))


def measures(found: SuiteFound) -> None:
    """Every measure, version beside version, with its gate."""
    columns: dict[str, list[str]] = {
        "Gate": [
            badge.status_text(row.gate.status) if row.gate else NO_GATE for row in found.measures
        ],
        "What is measured": [row.title for row in found.measures],
    }
    for place, head in enumerate(found.heads):
        cells = [row.cells[place] for row in found.measures]
        columns[figures.label(head)] = [
            _number(row, cell) for row, cell in zip(found.measures, cells, strict=True)
        ]
    columns["Limit"] = [row.gate.limit_text if row.gate else "" for row in found.measures]
    table.small(pd.DataFrame(columns), key=f"measures_{found.name}", title=found.title)
    for row in found.measures:
        if row.gate and row.gate.status > Status.WAIVED:
            badge_html = badge.status_html(row.gate.status, small=True)
            st.html(
                f'<p class="pl-verdict">{badge_html} <span>{escape(row.title)}: '
                f"{escape(row.gate.sentence.removeprefix(f'{row.title}: '))}</span> "
                f'<span class="pl-quiet">{escape(row.gate.who)}: {escape(row.gate.next_step)}'
                "</span></p>"
            )


def _number(row: MeasureRow, cell: Cell | None) -> str:
    """A number with its n and interval, and how many cases gave none."""
    if cell is None:
        return numbers.MISSING
    n = "" if row.is_share or cell.value is None else f"n {cell.n:,}"
    between = numbers.interval(cell.low, cell.high, as_share=row.is_share)
    unscored = f"{cell.n_unscored:,} not scored" if cell.n_unscored else ""
    return "; ".join(part for part in (cell.text, n, between, unscored) if part)


def by_segment(found: SuiteFound) -> None:
    """One measure in each segment, where the runs tell it."""
    split = {row.title: row for row in found.measures if row.segments}
    if not split:
        return
    row = _chosen(split)
    _draw(
        figures.segments(row, found.heads),
        "By segment",
        "95% intervals, never narrower than so many cases allow (Wilson).",
        "suite_segments",
    )


def _chosen(split: Mapping[str, MeasureRow]) -> MeasureRow:
    first = next(iter(split))
    if len(split) == 1:
        return split[first]
    name = st.selectbox("Measure", list(split), key=MEASURE, bind="query-params", width=320)
    return split.get(name or "", split[first])


def over_time(found: SuiteFound, points: Sequence[PointRow], roles: Mapping[str, str]) -> None:
    """Each measure run by run, where a version was measured more than once."""
    drawn = [
        (row, figures.over_time(row, own, roles))
        for row in found.measures
        if _repeated(own := [point for point in points if point.metric == row.metric])
    ]
    for first in range(0, len(drawn), 2):
        for place, (row, one) in zip(st.columns(2), drawn[first : first + 2], strict=False):
            with place:
                _draw(
                    one,
                    f"{row.title}, run by run",
                    "Each point is one run over all of its cases.",
                    f"suite_time_{row.metric}",
                )


def _repeated(points: Sequence[PointRow]) -> bool:
    """Whether one version was measured more than once."""
    return len(points) > len({point.model_version for point in points})


def _draw(drawn: Drawn, title: str, note: str, key: str) -> None:
    chart(drawn.figure, title=title, alt=drawn.alt, table=drawn.table, key=key, note=note)


def named(found: SuiteFound, address: Address) -> None:
    """The cases and predictions that the newest runs name, with a way to each prediction."""
    if not found.named:
        return
    st.subheader("Cases that the runs name", anchor=False)
    groups = dict.fromkeys((one.version, one.measure) for one in found.named)
    for version, measure in groups:
        own = [one for one in found.named if (one.version, one.measure) == (version, measure)]
        links = ", ".join(_link(one, address) for one in own[:_LISTED])
        more = f" and {len(own) - _LISTED:,} more in the file" if len(own) > _LISTED else ""
        st.html(
            f'<p class="pl-verdict"><strong>{escape(version)}</strong>, {escape(measure)} '
            f"({len(own):,}): {links}{more}</p>"
        )
    frame = pd.DataFrame(
        {
            "Version": [one.version for one in found.named],
            "Measure": [one.measure for one in found.named],
            "Kind": [one.kind for one in found.named],
            "Id": [one.id for one in found.named],
        }
    )
    exporting.offer(frame, title=f"{found.title}: cases named", key=f"named_{found.name}")


def _link(one: Named, address: Address) -> str:
    href = address(one)
    if href is None:
        return escape(one.id)
    return f'<a class="pl-link pl-light" target="_self" href="{escape(href)}">{escape(one.id)}</a>'


def runs(found: Sequence[RunRow], suite: SuiteFound) -> None:
    """Every run of a suite, failed and repeated ones too."""
    if not found:
        return
    newest = f"The newest {MOST_RUNS:,} runs" if len(found) == MOST_RUNS else "All runs"
    st.subheader(newest, anchor=False)
    frame = pd.DataFrame(
        {
            "Started": [numbers.moment(row.started_at) for row in found],
            "Version": [row.model_version for row in found],
            "Suite": [row.suite_version for row in found],
            "State": [row.status for row in found],
            "Attempt": [row.attempt for row in found],
            "Took": [_took(row) for row in found],
            "Cases": [numbers.count(row.cases) for row in found],
            "Tool": [row.tool or numbers.MISSING for row in found],
            "Digest of the suite": [row.suite_digest[:12] for row in found],
            "Run": [row.run_id for row in found],
        }
    )
    table.records(frame, key=f"runs_{suite.name}", title=f"{suite.title}: runs")


def _took(row: RunRow) -> str:
    if row.finished_at is None:
        return "not finished"
    return numbers.milliseconds(1000 * (row.finished_at - row.started_at).total_seconds())
