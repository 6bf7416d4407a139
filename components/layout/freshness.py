"""How new a table is, as a quiet badge: fresh, old, empty or missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from components.gates.status import Status
from components.layout import icons, numbers, theme
from components.sources.assess import FED_CONTINUOUSLY
from queries.rolled_rows import Standing


@dataclass(frozen=True, slots=True)
class Freshness:
    """One table: its newest item at the as-of; ``exists`` is False where there is no such table."""

    relation: str
    newest_at: datetime | None
    exists: bool = True

    def status(self, as_of: datetime) -> Status:
        """Fresh is a pass, old is stale, empty and missing are no data.

        A table that is not fed all the time, such as a configuration history, is never old.
        """
        if not self.exists or self.newest_at is None:
            return Status.NO_DATA
        limit = FED_CONTINUOUSLY.get(self.relation)
        if limit is not None and as_of - self.newest_at > limit:
            return Status.STALE
        return Status.PASS

    def words(self, as_of: datetime) -> str:
        """The state in words."""
        if not self.exists:
            return "missing"
        if self.newest_at is None:
            return "empty"
        return numbers.age(self.newest_at, as_of)


def badges(tables: Sequence[Freshness], as_of: datetime) -> str:
    """One badge for each table, as HTML."""
    return f'<ul class="pl-fresh">{"".join(_badge(table, as_of) for table in tables)}</ul>'


def _badge(table: Freshness, as_of: datetime) -> str:
    status = table.status(as_of)
    tone = theme.STATUS[status].css
    shown = "" if status is Status.PASS else f' style="color:{tone}"'
    sign = "" if status is Status.PASS else icons.status_icon(status)
    return (
        f"<li{shown}>{sign}<code>{escape(table.relation)}</code> {escape(table.words(as_of))}</li>"
    )


def history_line(found: Standing) -> str:
    """Where the history on the page comes from, and what of its records is gone, as HTML."""
    if found.foreign:
        words = (
            "The roll-ups were built from another database and are not used: read from the source "
            "directly, which is slower. “plumbline refresh” brings them in order."
        )
    elif not found.configured:
        words = "Read from the source directly, which is slower."
    elif found.refreshed_at is None:
        words = "No roll-up covers this period: read from the source directly, which is slower."
    else:
        words = f"Roll-ups refreshed {numbers.moment(found.refreshed_at)}."
    if found.gone:
        words += (
            f" Records of {len(found.gone)} days up to {found.gone[-1]:%d %b %Y} are gone from "
            "the source, history stays: lists of records do not reach them."
        )
    return f'<p class="pl-facts">{escape(words)}</p>'
