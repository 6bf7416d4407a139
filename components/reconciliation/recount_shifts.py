"""Exceptions of a run, batch by batch: the Exceptions page's own charts as evidence (A3)."""

from __future__ import annotations

from collections.abc import Sequence

from components.exceptions.assess_rates import Rates
from components.gates.evidence import Evidence
from components.reconciliation.assess import Run
from components.reconciliation.assess_evidence import title

SHIFT_METRICS = ("exceptions.shift_signals",)

CHARTS = "Laney p′ and EWMA over the batches of each table up to this run"


def shifts(run: Run, charts: Sequence[Rates]) -> tuple[Evidence, ...]:
    """Batches of the run beyond what chance explains, and tables whose level rose within it.

    Batches of a table whose rates cannot be charted are unscored.
    """
    drawn = [chart for chart in charts if chart.control is not None]
    if not drawn:
        return ()
    beyond = sum(len(chart.above) for chart in drawn)
    raised = sum(chart.raised for chart in drawn)
    n = sum(len(chart.batches) for chart in drawn)
    return (
        Evidence(
            metric=SHIFT_METRICS[0],
            value=beyond + raised,
            n=n,
            n_unscored=sum(len(chart.batches) for chart in charts if chart.control is None),
            method=CHARTS,
            measured_at=run.newest_at,
            running=bool(run.running),
            sentence=f"{title(run)}: {beyond:,} {'batch has' if beyond == 1 else 'batches have'} "
            f"more exceptions than chance explains; the level rose in {raised:,} of "
            f"{len(drawn):,} tables",
        ),
    )
