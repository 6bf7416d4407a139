"""One reconciliation, from an open pair of relations to a complete ledger."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from dashboard.progress import Progress, Stage
from dashboard.reconcile.basis import Options, find_basis
from dashboard.reconcile.classify import Causes
from dashboard.reconcile.resolve import Place, references, resolve
from dashboard.reconcile.spec import Specification, Table
from queries.compare import ROWS_PER_WINDOW
from queries.compare_bucket import NULL_BUCKET as WITHOUT_KEY
from queries.compare_bucket import Bucketing, Selection, Span, by_label, by_rows, portions
from queries.compare_former import COMPLETED, PARTIAL, RECHECKED
from queries.compare_ledger import Ledger, NewRun
from queries.compare_open import (
    Comparison,
    Side,
    bucketing_for,
    engine_for,
    in_one_database,
    open_comparison,
    skewed,
)
from queries.compare_plan import Plan
from queries.compare_survey import BucketState, Totals, totals
from queries.reconciliation_schema import ensure_reconciliation_schema
from queries.reference_check import Reference, ReferenceCheck

# A little more than a window is still joined in one piece.
_ONE_PIECE = 1.5
_FEWEST_ROWS = 50_000
# Past this many buckets, counting all of them is sooner done than finding each by its bounds.
_MOST_BOUNDS = 1_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one pair of relations.

    ``orphans`` are records of the target whose declared references lead nowhere.
    ``exceptions_before`` counts those of the run ``based_on``, whose other buckets were kept.
    """

    run_id: int
    pair: str
    status: str
    source_rows: int
    target_rows: int
    source_filtered: int
    target_filtered: int
    buckets: int
    compared: int
    exceptions: int
    orphans: int
    based_on: int | None
    exceptions_before: int | None

    @property
    def rechecked(self) -> bool:
        """Whether only old exceptions were put to the test."""
        return self.status == RECHECKED


class InterruptedRunError(Exception):
    """The user stopped the run; ``outcome`` tells what is complete."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.pair)
        self.outcome = outcome


def run_table(
    specification: Specification,
    table: Table,
    place: Place,
    own: sa.Engine,
    options: Options,
    progress: Progress,
) -> Outcome:
    """Compare one pair of relations and write its ledger.

    Raises:
        SpecificationError: the specification does not fit the relations.
        InvalidInputError: suspects are to be re-checked, and no run tells which they are.
        InterruptedRunError: Ctrl-C; what was complete is kept and marked partial.
    """
    here, there = specification.source.resolved(), specification.target.resolved()
    source = engine_for(here)
    target = source
    try:
        if there != here:
            target = engine_for(there)
        with ThreadPoolExecutor(max_workers=1) as pool:
            prepared = pool.submit(ensure_reconciliation_schema, own)
            plan, ours, theirs = resolve(table, place, source, target)
            checks = references(table, place, theirs)
            prepared.result()
        runner = _Runner(specification, table, plan, checks, ours, theirs, own, options)
        return runner.run(progress)
    finally:
        source.dispose()
        target.dispose()


class _Runner:
    def __init__(
        self,
        specification: Specification,
        table: Table,
        plan: Plan,
        checks: tuple[Reference, ...],
        source: Side,
        target: Side,
        own: sa.Engine,
        options: Options,
    ) -> None:
        self._name = specification.name
        self._plan = plan
        self._checks = checks
        self._sides = (source, target)
        self._orphans = 0
        self._own = own
        self._together = in_one_database(source, target)
        self._classify = Causes(plan, table)
        basis = find_basis(own, specification.name, plan, options)
        self._former = basis.run
        self._suspected = basis.suspected
        self._before = basis.states
        self._untouched = basis.untouched

    def run(self, progress: Progress) -> Outcome:
        bucketing = (
            by_label(self._former.bucketing)
            if self._former
            else bucketing_for(*self._sides, self._plan)
        )
        outcome = self._attempt(bucketing, progress)
        if outcome is not None:
            return outcome
        # One range of keys holds too much: keys are crowded, and hashes spread them.
        rows = max(side.info.rows for side in self._sides)
        again = self._attempt(by_rows(rows), progress, final=True)
        if again is None:
            raise AssertionError("a comparison by hashes is never skewed")
        return again

    def _attempt(
        self, bucketing: Bucketing, progress: Progress, *, final: bool = False
    ) -> Outcome | None:
        comparison = open_comparison(*self._sides, self._plan, bucketing, together=self._together)
        with comparison:
            with progress.stage(f"{self._plan.name}: count records") as stage:
                states = self._survey(comparison)
                stage.advance(1, 1)
            if not final and self._former is None and _crowded(bucketing, states):
                return None
            return self._compare(comparison, bucketing, states, progress)

    def _survey(self, comparison: Comparison) -> dict[int, BucketState]:
        wanted = self._suspected
        bounded = wanted if wanted is not None and len(wanted) <= _MOST_BOUNDS else None
        states = comparison.survey(
            hashed=self._needs_contents(), whole=self._whole(), buckets=bounded
        )
        if wanted is None:
            return states
        return {bucket: state for bucket, state in states.items() if bucket in wanted}

    def _whole(self) -> bool:
        rows = max(side.info.rows for side in self._sides)
        return self._former is None and rows <= _ONE_PIECE * ROWS_PER_WINDOW

    def _needs_contents(self) -> bool:
        """Whether row versions do not tell what changed, so that contents must be hashed."""
        return self._former is None or not all(side.info.versioned for side in self._sides)

    def _compare(
        self,
        comparison: Comparison,
        bucketing: Bucketing,
        states: dict[int, BucketState],
        progress: Progress,
    ) -> Outcome:
        todo = self._changed(states)
        states = comparison.hash(states, todo)
        mode = "one database" if self._together else "across databases"
        whole = self._suspected is None
        held = totals(states.values()) + self._untouched
        ledger = Ledger(
            self._own,
            NewRun(
                self._name,
                self._plan,
                bucketing.label,
                mode if whole else f"{mode}, only buckets with exceptions checked again",
                datetime.now(UTC),
                self._former,
            ),
            held,
        )
        compared = 0
        try:
            if self._former and whole:
                # What is not compared keeps its former state: a later run sees what changed since.
                ledger.carry_over(self._former, todo | (self._before.keys() - states.keys()))
            with progress.stage(f"{self._plan.name}: compare") as stage:
                for done in self._portions(comparison, states, todo, ledger, stage):
                    compared += done
            self._follow_references(ledger, progress)
            with progress.stage(f"{self._plan.name}: count exceptions"):
                ledger.complete(datetime.now(UTC), self._suspected)
        except BaseException as error:
            ledger.stop(datetime.now(UTC))
            if isinstance(error, KeyboardInterrupt):
                outcome = self._outcome(ledger, held, compared, PARTIAL)
                raise InterruptedRunError(outcome) from error
            raise
        return self._outcome(ledger, held, compared, COMPLETED if whole else RECHECKED)

    def _follow_references(self, ledger: Ledger, progress: Progress) -> None:
        """Every reference is followed in every run: an anti-join is cheap, and parents change."""
        if not self._checks:
            return
        with progress.stage(f"{self._plan.name}: follow references") as stage:
            for done, reference in enumerate(self._checks, start=1):
                check = ReferenceCheck(self._sides[1].engine, self._plan, reference)
                self._orphans += ledger.write_reference(reference, check.counts(), check.orphans())
                stage.advance(done, len(self._checks))

    def _changed(self, states: dict[int, BucketState]) -> set[int]:
        """The buckets to compare: those whose former comparison does not hold, or is tested."""
        before = self._before
        if self._suspected is not None:
            return set(states)
        return {
            bucket
            for bucket, state in states.items()
            if not state.unchanged_since(before.get(bucket))
        }

    def _portions(
        self,
        comparison: Comparison,
        states: dict[int, BucketState],
        todo: set[int],
        ledger: Ledger,
        stage: Stage,
    ) -> Iterator[int]:
        suspects = comparison.suspects(states, todo)
        quiet = todo - set(suspects)
        if quiet:
            ledger.write((states[each] for each in sorted(quiet)), ())
            yield len(quiet)
        total = sum(states[each].rows for each in suspects)
        whole = len(suspects) == len(states) and not self._untouched.buckets
        limit = comparison.rows_per_portion
        if whole and total <= _ONE_PIECE * limit:
            limit = max(total, 1)
        elif not whole:
            limit = min(limit, max(total // 4, _FEWEST_ROWS))
        rows = 0
        for buckets in portions([(each, states[each].rows) for each in suspects], limit):
            chosen = _selection(buckets, states, whole=whole)
            found = self._classify.all(comparison.compare(chosen))
            ledger.write((states[each] for each in buckets), found)
            rows += sum(states[each].rows for each in buckets)
            stage.advance(rows, total)
            yield len(buckets)

    def _outcome(self, ledger: Ledger, held: Totals, compared: int, status: str) -> Outcome:
        return Outcome(
            ledger.run_id,
            self._plan.name,
            status,
            held.source_rows,
            held.target_rows,
            held.source_filtered,
            held.target_filtered,
            held.buckets,
            compared,
            ledger.written,
            self._orphans,
            self._former.run_id if self._former else None,
            self._former.exceptions if self._former else None,
        )


def _selection(buckets: list[int], states: dict[int, BucketState], *, whole: bool) -> Selection:
    """Everything, neighbours as one span where all buckets are compared, or a list."""
    if whole and len(buckets) == len(states):
        return None
    if whole and WITHOUT_KEY not in buckets:
        return Span(buckets[0], buckets[-1])
    return buckets


def _crowded(bucketing: Bucketing, states: dict[int, BucketState]) -> bool:
    largest = max((each.rows for each in states.values()), default=0)
    return skewed(bucketing, largest, sum(each.rows for each in states.values()))
