"""Exceptions, drawn: totals, defects, what only one origin knows, and the breakdowns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from components.exceptions.assess import Dimension, Part, Systematic, Total, word_label
from components.exceptions.assess_origins import Beside, disagreement
from components.gates.assess import GateResult
from components.layout import numbers, states, table, tile
from components.layout.exporting import offer
from components.layout.masking import mask_quoted
from queries.rolled_rows import CountedAt

REPORT, RECOUNT = "Pipeline's report", "Our recount"
ORIGINS = (REPORT, RECOUNT)
_COUNTED_BY = ("Pipeline reports", "Our recount finds")
_MOST_DEFECTS = 8
_MOST_PARTS = 7
_FEW = 10
"""A rule that so few records share may still name a person's value: it is masked."""

Href = Callable[..., str]


def origin(row: Any) -> str:
    """Who says so: the pipeline itself, or our own comparison."""
    chosen = row.segmented_control(
        "Origin", ORIGINS, default=REPORT, key="origin", bind="query-params", required=True
    )
    return str(chosen or REPORT)


def counted(found: CountedAt) -> None:
    """As of when the exceptions of the run are counted, and what of it."""
    st.html(f'<p class="pl-facts">{escape(counted_words(found))}</p>')


def counted_words(found: CountedAt) -> str:
    """The same as a sentence."""
    if found.counted_at is None:
        return "Exceptions are counted in the source now, which is slow where there are millions."
    words = f"Exceptions are counted as of {numbers.moment(found.counted_at)}"
    if not found.live:
        return f"{words}."
    batches = "batch with news since then is" if found.live == 1 else "batches with news since are"
    return f"{words}; {found.live:,} {batches} counted now."


def headline(
    found: Total, *, who: str, rate: GateResult | None = None, critical: GateResult | None = None
) -> None:
    """Key numbers: all, open, critical; and what the gates say, where they judge this very run."""
    others = [
        f"{word_label(word).lower()} {number:,}"
        for word, number in found.open_by_severity.items()
        if word != "critical"
    ]
    tiles = [
        tile.Tile("Exceptions", numbers.count(found.exceptions), trend=who),
        tile.Tile(
            "Open",
            numbers.count(found.open),
            trend=numbers.share(found.open, found.exceptions),
        ),
        tile.Tile(
            "Critical and open",
            numbers.count(found.critical_open),
            note=f"limit {critical.limit_text}" if critical else "",
            trend=", ".join(others) or "nothing else is open",
            status=critical.status if critical else None,
        ),
    ]
    if rate is not None:
        tiles.append(
            tile.Tile(
                "Records with an open exception",
                rate.value_text,
                note=f"limit {rate.limit_text}",
                trend=f"n {rate.n:,}" if rate.n is not None else "",
                status=rate.status,
            )
        )
    tile.tiles(tiles, key="exception_numbers")


def origins(found: Sequence[Beside]) -> None:
    """What only the pipeline or only our recount knows, before anything else."""
    st.markdown(disagreement(tuple(found)))
    differing = [each for each in found if each.difference]
    if not differing:
        return
    frame = pd.DataFrame(
        [(each.table, each.field, each.reported, each.recounted, each.words) for each in differing],
        columns=["Table", "Field", *_COUNTED_BY, "Who knows"],
    )
    number = st.column_config.NumberColumn(format="localized")
    table.records(
        frame,
        key="origins",
        title="What only one of the two knows",
        columns=dict.fromkeys(_COUNTED_BY, number),
    )
    st.caption(
        "The recount compares whole tables; the pipeline samples some fields and compares "
        "others loosely. A record the pipeline rejected is missing from the target in the recount."
    )


def defects(
    found: Sequence[Systematic], *, isolated: int, href: Href, revealed: bool, whole: int
) -> None:
    """Systematic defects with the share of all exceptions each explains, largest first."""
    if not found:
        states.notice("No two of these exceptions have one cause in common.")
        return
    shown = found[:_MOST_DEFECTS]
    items = "".join(_defect(each, href, revealed, whole) for each in shown)
    st.html(f'<ol class="pl-defects">{items}</ol>')
    rest = len(found) - len(shown)
    words = [f"{rest:,} smaller defects are in the file."] if rest else []
    if isolated:
        words.append(f"{isolated:,} exceptions stand alone.")
    if words:
        st.caption(" ".join(words))
    offer(_defect_frame(found, revealed), title="Systematic defects", key="defects_export")


def _defect(found: Systematic, href: Href, revealed: bool, whole: int) -> str:
    defect = found.defect
    share = 100 * defect.count / whole
    state = f"{found.open:,} open" if found.open else "none open"
    places = ", ".join(defect.fields[:3]) + (" and more" if len(defect.fields) > 3 else "")
    where = [
        escape(text)
        for text in (
            f"batch {defect.batch}" if defect.batch else "several batches",
            f"source {defect.system}" if defect.system else "",
            f"{found.severity}",
            state,
        )
        if text
    ]
    wanted = {"cause": found.cause, **({"field": found.field} if found.field else {})}
    link = escape(href("exceptions", **wanted), quote=True)
    return (
        f'<li><div class="pl-defect-bar" style="--share:{share:.2f}%" aria-hidden="true"></div>'
        f'<p class="pl-defect-count">{defect.count:,}<span> {share_text(defect.count, whole)}'
        f'</span></p><div><p><a class="pl-link" href="{link}" target="_self">'
        f"{escape(places)}: {escape(rule(found, revealed))}</a></p>"
        f'<p class="pl-quiet">{" · ".join(where)}</p></div></li>'
    )


def rule(found: Systematic, revealed: bool) -> str:
    """What happened, as a rule; values that too few records share are masked."""
    text = found.defect.signature
    if not text:
        return found.cause.lower()
    shown = text if revealed or found.defect.count >= _FEW else mask_quoted(text)
    return f"{found.cause.lower()}, {shown}"


def share_text(part: int, whole: int) -> str:
    """A share of all exceptions, never rounded onto nothing or everything."""
    return "all" if part == whole else numbers.proportion_text(part / whole, 0.005)


def _defect_frame(found: Sequence[Systematic], revealed: bool) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Exceptions": [each.defect.count for each in found],
            "Open": [each.open for each in found],
            "Share": [each.defect.share for each in found],
            "Fields": [", ".join(each.defect.fields) for each in found],
            "Rule": [rule(each, revealed) for each in found],
            "Gravest severity": [each.severity for each in found],
            "Batch": [each.defect.batch for each in found],
            "Source": [each.defect.system for each in found],
        }
    )


def breakdowns(parts: dict[Dimension, tuple[Part, ...]], href: Href) -> None:
    """Small tables side by side: each line a share, its open part darker, and a link."""
    cards = "".join(
        _breakdown(dimension, found, href) for dimension, found in parts.items() if found
    )
    st.html(f'<div class="pl-breakdowns">{cards}</div>')
    rows = [
        (dimension.value, part.label, part.exceptions, part.open)
        for dimension, found in parts.items()
        for part in found
    ]
    frame = pd.DataFrame(rows, columns=["By", "Value", "Exceptions", "Open"])
    offer(frame, title="Exceptions broken down", key="breakdown_export")


def _breakdown(dimension: Dimension, parts: Sequence[Part], href: Href) -> str:
    largest = max(part.exceptions for part in parts)
    lines = "".join(_line(dimension, part, largest, href) for part in parts[:_MOST_PARTS])
    more = len(parts) - _MOST_PARTS
    tail = f'<caption class="pl-quiet">{more:,} more in the file</caption>' if more > 0 else ""
    return (
        f'<table class="pl-parts">{tail}<thead><tr><th scope="col">{dimension.value}</th>'
        f'<th scope="col">Exceptions</th><th scope="col">Open</th></tr></thead>'
        f"<tbody>{lines}</tbody></table>"
    )


def _line(dimension: Dimension, part: Part, largest: int, href: Href) -> str:
    name = escape(part.label)
    if dimension is not Dimension.SOURCE:
        link = escape(href("exceptions", **{dimension.value.lower(): part.label}), quote=True)
        name = f'<a class="pl-link" href="{link}" target="_self">{name}</a>'
    every, still_open = 100 * part.exceptions / largest, 100 * part.open / largest
    return (
        f'<tr style="--every:{every:.1f}%;--open:{still_open:.1f}%"><th scope="row">{name}</th>'
        f"<td>{part.exceptions:,}</td><td>{part.open:,}</td></tr>"
    )
