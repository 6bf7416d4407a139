"""Which mock conversion or live load a page shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from components.reconciliation.assess import Run, latest
from components.reconciliation.assess_evidence import title


def chosen_run(row: Any, found: Sequence[Run]) -> Run | None:
    """The viewer's choice, else the run that decides; None before any run has begun.

    ``row`` is the place of the page's filters.
    """
    decisive = latest(found)
    if decisive is None:
        return None
    by_id = {run.id: run for run in reversed(found)}
    titles = {run.id: title(run) for run in found}
    chosen = row.selectbox(
        "Run",
        list(by_id),
        index=list(by_id).index(decisive.id),
        format_func=partial(_named, titles),
        key="run",
        bind="query-params",
        width=240,
    )
    return by_id.get(chosen, decisive)


def _named(titles: Mapping[str, str], run_id: str) -> str:
    return titles.get(run_id, run_id)
