"""What reconciliation hands to judgement, and the sentence that answers the page."""

from __future__ import annotations

from collections.abc import Sequence

from components.gates.evidence import Evidence
from components.layout import numbers
from components.reconciliation.assess import Batch, Flag, Run
from components.reconciliation.assess_totals import Totals, unproven
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
    run: Run | None,
    totals: Totals | None,
    exceptions: ExceptionRow | None,
    earlier: Totals | None = None,
) -> tuple[Evidence, ...]:
    """Evidence over the run that decides; ``earlier`` are the totals of the run before it.

    There is none where there is no run at all, and none of totals or exceptions that nobody
    keeps (None): their gates say NO DATA.
    """
    if run is None:
        return ()
    found = [*batch_evidence(run)]
    if totals is not None:
        found.append(total_evidence(run, totals, earlier))
    if exceptions is not None:
        found.append(exception_evidence(run, exceptions))
    return tuple(found)


def batch_evidence(run: Run) -> tuple[Evidence, ...]:
    """Batches that do not close, are incomplete, were loaded twice, or came late.

    Batches of which nothing was written are unscored, and a run that loaded nothing has no value.
    """
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
            value=len(bad) if bad or run.loaded else None,
            n=n,
            n_unscored=run.absent_batches,
            method=COUNTED,
            measured_at=run.newest_at,
            running=bool(run.running),
            sentence=f"{title(run)}: {_of(bad, n, plural, singular)}{_lacking(run)}",
        )
        for metric, bad, n, plural, singular in faults
    )


def _lacking(run: Run) -> str:
    """What the run before had loaded and this one did not, in words."""
    if not run.loaded:
        return "; nothing was loaded"
    return "".join(
        f"; {part.batches:,} of {part.source_system} into {part.target_table} "
        f"{'is' if part.batches == 1 else 'are'} absent that {part.before} had"
        for part in run.absent
    )


def total_evidence(run: Run, totals: Totals, earlier: Totals | None = None) -> Evidence:
    """Control totals that differ.

    Totals without a side, taken before the load, or taken elsewhere and not here are unscored.
    """
    outdated, untaken = unproven(run, totals, earlier)
    compared = len(totals.totals) - len(totals.unknown) - outdated
    differing = len(totals.differing)
    return Evidence(
        metric=TOTAL_METRICS[0],
        value=differing if (compared and run.loaded) or differing else None,
        n=compared,
        n_unscored=len(totals.unknown) + outdated + untaken + run.absent_batches,
        method=RECOMPUTED,
        measured_at=totals.newest_at,
        running=bool(run.running),
        sentence=f"{title(run)}: {totals_sentence(totals)}{_unproven(outdated, untaken)}",
    )


def _unproven(outdated: int, untaken: int) -> str:
    parts = []
    if outdated:
        parts.append(f"; {outdated:,} {'is' if outdated == 1 else 'are'} older than the load")
    if untaken:
        parts.append(f"; {untaken:,} {'was' if untaken == 1 else 'were'} not taken")
    return "".join(parts)


def exception_evidence(run: Run, row: ExceptionRow) -> Evidence:
    """Share of extracted records with an open exception.

    Each rejected record must have an exception; one that lacks it is open, for nobody says what
    became of it. Records that the run before had loaded and this one did not are unscored.
    """
    times = [time for time in (run.newest_at, row.newest_at) if time is not None]
    untold = max(0, run.rejected - row.records)
    unsolved = row.open_records + untold
    also = f"; {untold:,} of these are rejected without one" if untold else ""
    return Evidence(
        metric=EXCEPTION_METRICS[0],
        value=unsolved / run.extracted if run.extracted else None,
        n=run.extracted,
        n_unscored=run.absent_records,
        method=OPEN_RECORDS,
        measured_at=max(times),
        running=bool(run.running),
        sentence=(
            f"{title(run)}: {numbers.share(unsolved, run.extracted)} "
            f"records have an open exception{also}{_lacking(run)}"
        ),
    )


def answer(run: Run, totals: Totals | None) -> str:
    """The one sentence of the page: do the records close, and do the totals agree?"""
    parts = [f"{title(run)}: {_closing(run)}{_lacking(run) if run.ended else ''}"]
    if run.incomplete:
        words = _of(run.incomplete, len(run.batches), "did not finish", "did not finish")
        parts.append(words)
    if totals is not None:
        parts.append(f"{totals_sentence(totals)}{_unproven(*unproven(run, totals))}")
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
    if impossible := run.having(Flag.IMPOSSIBLE):
        return _of(impossible, len(run.batches), "count below zero", "counts below zero")
    if not run.gross:
        return (
            f"{_of(run.unbalanced, run.ended, 'filter', 'filters')} records without a declared rule"
        )
    places = _of(run.unbalanced, run.ended, "do not close", "does not close")
    return f"{run.gross:,} of {run.extracted:,} records are unaccounted for; {places}"


def _of(bad: Sequence[Batch], n: int, plural: str, singular: str) -> str:
    return f"{len(bad):,} of {n:,} batches {singular if len(bad) == 1 else plural}"
