"""What reconciliation hands to judgement, and the sentence that answers the page."""

from __future__ import annotations

from collections.abc import Sequence

from components.gates.evidence import Evidence
from components.layout import numbers
from components.reconciliation.assess import Batch, Flag, Run
from components.reconciliation.assess_totals import Totals
from queries.migration_rows import ExceptionRow

COUNTED = "full count"
RECOMPUTED = "exact decimal difference of both sides; the tool's own status is not used"
OPEN_RECORDS = "records with an open exception / records extracted; full count"

BATCH_METRICS = (
    "batches.unbalanced",
    "batches.incomplete",
    "batches.repeated",
    "batches.late",
)
TOTAL_METRICS = ("control_totals.differing",)
EXCEPTION_METRICS = ("exceptions.open_rate",)


def title(run: Run) -> str:
    """How a run is called on a screen: ``Live load live-1``."""
    return f"{'Live load' if run.live else 'Mock conversion'} {run.id}"


def evidence(
    run: Run | None, totals: Totals | None, exceptions: ExceptionRow | None
) -> tuple[Evidence, ...]:
    """Evidence over the run that decides.

    There is none where there is no run at all, and none of totals or exceptions that nobody
    keeps (None): their gates say NO DATA.
    """
    if run is None:
        return ()
    found = [*batch_evidence(run)]
    if totals is not None:
        found.append(total_evidence(run, totals))
    if exceptions is not None:
        found.append(exception_evidence(run, exceptions))
    return tuple(found)


def batch_evidence(run: Run) -> tuple[Evidence, ...]:
    """Batches that do not close, are incomplete, were loaded twice, or came late."""
    unbalanced, incomplete, repeated, late = BATCH_METRICS
    faults = (
        (unbalanced, run.unbalanced, run.ended, "do not close", "does not close"),
        (incomplete, run.incomplete, len(run.batches), "did not finish", "did not finish"),
        (
            repeated,
            run.having(Flag.REPEATED),
            len(run.batches),
            "were loaded twice",
            "was loaded twice",
        ),
        (late, run.having(Flag.LATE), len(run.batches), "ended late", "ended late"),
    )
    return tuple(
        Evidence(
            metric=metric,
            value=len(bad),
            n=n,
            method=COUNTED,
            measured_at=run.newest_at,
            running=bool(run.running),
            sentence=f"{title(run)}: {_of(bad, n, plural, singular)}",
        )
        for metric, bad, n, plural, singular in faults
    )


def total_evidence(run: Run, totals: Totals) -> Evidence:
    """Control totals that differ; batches without any, and totals without a side, are unscored."""
    covered = {total.row.batch_id for total in totals.totals}
    bare = sum(batch.ended and batch.row.batch_id not in covered for batch in run.batches)
    compared = len(totals.totals) - len(totals.unknown)
    differing = len(totals.differing)
    return Evidence(
        metric=TOTAL_METRICS[0],
        value=differing if compared else None,
        n=compared,
        n_unscored=len(totals.unknown) + bare,
        method=RECOMPUTED,
        measured_at=totals.newest_at,
        running=bool(run.running),
        sentence=f"{title(run)}: {totals_sentence(totals)}",
    )


def exception_evidence(run: Run, row: ExceptionRow) -> Evidence:
    """Share of extracted records with an open exception.

    Each rejected record must have an exception; those that lack one are unscored.
    """
    times = [time for time in (run.newest_at, row.newest_at) if time is not None]
    return Evidence(
        metric=EXCEPTION_METRICS[0],
        value=row.open_records / run.extracted if run.extracted else None,
        n=run.extracted,
        n_unscored=max(0, run.rejected - row.records),
        method=OPEN_RECORDS,
        measured_at=max(times),
        running=bool(run.running),
        sentence=(
            f"{title(run)}: {numbers.share(row.open_records, run.extracted)} "
            "records have an open exception"
        ),
    )


def answer(run: Run, totals: Totals | None) -> str:
    """The one sentence of the page: do the records close, and do the totals agree?"""
    parts = [f"{title(run)}: {_closing(run)}"]
    if run.incomplete:
        words = _of(run.incomplete, len(run.batches), "did not finish", "did not finish")
        parts.append(words)
    if totals is not None:
        parts.append(totals_sentence(totals))
    return "; ".join(parts) + "."


def totals_sentence(totals: Totals) -> str:
    """How many totals differ, and of how many of these the tool had said success."""
    if not totals.totals:
        return "no control totals were taken"
    differing = totals.differing
    if not differing:
        words = f"all {len(totals.totals):,} control totals agree exactly"
        if totals.unknown:
            words = f"no control total differs, {len(totals.unknown):,} cannot be compared"
        return words
    verb = "differs" if len(differing) == 1 else "differ"
    passed = sum(total.disagreement for total in differing)
    words = f"{len(differing):,} of {len(totals.totals):,} control totals {verb}"
    return f"{words}, {_passed(passed, len(differing))}" if passed else words


def _passed(passed: int, differing: int) -> str:
    if passed == differing:
        return "and the tool reported " + ("it" if passed == 1 else "all of them") + " as success"
    return f"of which the tool reported {passed:,} as success"


def _closing(run: Run) -> str:
    if not run.ended:
        return f"none of its {len(run.batches):,} batches has ended yet"
    if not run.unbalanced:
        return f"all {run.extracted:,} extracted records are accounted for"
    if not run.gross:
        return (
            f"{_of(run.unbalanced, run.ended, 'filter', 'filters')} records without a declared rule"
        )
    places = _of(run.unbalanced, run.ended, "do not close", "does not close")
    return f"{run.gross:,} of {run.extracted:,} records are unaccounted for; {places}"


def _of(bad: Sequence[Batch], n: int, plural: str, singular: str) -> str:
    return f"{len(bad):,} of {n:,} batches {singular if len(bad) == 1 else plural}"
