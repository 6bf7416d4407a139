"""Two databases: hashes of small buckets tell where to look, and only what differs travels.

Both sides are asked at once. One of them may be of another make, which is read as a whole.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Self

import sqlalchemy as sa

from queries import compare_survey as survey_of
from queries.compare_bucket import Bucketing, Selection, Span
from queries.compare_foreign import ForeignSide
from queries.compare_judge import Finding, Row, merge
from queries.compare_plan import Plan
from queries.compare_reader import Reader
from queries.compare_statements import Hashing, Statements
from queries.compare_survey import BucketCount, BucketState

ROWS_PER_DRILL = 200_000
"""So many records of differing buckets are fetched at a time."""


class PostgresSide:
    """One relation in one PostgreSQL."""

    def __init__(
        self, engine: sa.Engine, plan: Plan, bucketing: Bucketing, *, source: bool, marked: bool
    ) -> None:
        self.reader = Reader(engine)
        self.bucketing = bucketing
        self._ask = Statements(plan, bucketing)
        self._finer = Statements(plan, bucketing.finer())
        self._narrowed = Statements(plan, bucketing, chosen_by=bucketing.finer())
        self._plan = plan
        self._source = source
        self._marked = marked

    def survey(
        self, *, hashing: Hashing | None, buckets: Collection[int] | None
    ) -> dict[int, BucketCount]:
        statement = self._ask.survey(
            source=self._source, marked=self._marked, hashing=hashing, buckets=buckets
        )
        return survey_of.parse(self.reader.rows(statement))

    def parts(self, parts: Collection[int]) -> dict[int, BucketCount]:
        """What these parts of buckets hold."""
        statement = self._finer.survey(
            source=self._source, marked=False, hashing=Hashing.FAST, buckets=parts
        )
        return survey_of.parse(self.reader.rows(statement))

    def records(self, chosen: Selection, *, parts: bool = False) -> Iterator[Row]:
        """The records of buckets, or of parts of them, in the order of their keys."""
        width = len(self._plan.identity)
        ask = self._narrowed if parts else self._ask
        for found in self.reader.rows(ask.records(chosen, source=self._source)):
            yield Row(found[1 : 1 + width], found[1 + width : -2], found[-2:], int(found[0] or 0))


class AcrossDatabases:
    """The relations lie in two databases, of which one may be of another make."""

    rows_per_portion = ROWS_PER_DRILL

    def __init__(
        self, plan: Plan, source: PostgresSide | ForeignSide, target: PostgresSide | ForeignSide
    ) -> None:
        self._plan = plan
        self._sides = (source, target)
        self._stack = ExitStack()
        foreign = any(isinstance(side, ForeignSide) for side in self._sides)
        self._hashing = Hashing.PORTABLE if foreign else Hashing.FAST

    def __enter__(self) -> Self:
        for side in self._sides:
            if isinstance(side, PostgresSide):
                self._stack.enter_context(side.reader)
        return self

    def __exit__(self, *error: object) -> None:
        if error and error[0] is not None:
            for reader in self._readers():
                reader.cancel()
        self._stack.__exit__(*error)  # type: ignore[arg-type]

    def survey(
        self, *, hashed: bool, whole: bool, buckets: Collection[int] | None = None
    ) -> dict[int, BucketState]:
        states = survey_of.together(*self._both(hashed=hashed or whole, buckets=buckets))
        if buckets is None:
            return states
        # Another engine is read as a whole, whatever is asked.
        return {bucket: states[bucket] for bucket in sorted(states.keys() & set(buckets))}

    def hash(self, states: dict[int, BucketState], buckets: set[int]) -> dict[int, BucketState]:
        missing = {
            bucket
            for bucket in buckets
            if states[bucket].source.digest is None or states[bucket].target.digest is None
        }
        few = sum(states[bucket].rows for bucket in missing) <= ROWS_PER_DRILL
        if not missing or (few and all(states[bucket].marked for bucket in missing)):
            # Few records are compared sooner than hashed, and row versions remember them.
            return states
        found = self._both(hashed=True, buckets=missing)
        return states | survey_of.together(*found)

    def suspects(self, states: dict[int, BucketState], buckets: set[int]) -> list[int]:
        return sorted(bucket for bucket in buckets if not states[bucket].equal)

    def compare(self, chosen: Selection) -> Iterator[Finding]:
        source, target = self._sides
        if chosen is None or isinstance(chosen, Span):
            yield from merge(self._plan, source.records(chosen), target.records(chosen))
        elif isinstance(source, PostgresSide) and isinstance(target, PostgresSide):
            yield from self._narrowly(source, target, chosen)
        else:
            yield from merge(self._plan, source.records(chosen), target.records(chosen))

    def _narrowly(
        self, source: PostgresSide, target: PostgresSide, chosen: Collection[int]
    ) -> Iterator[Finding]:
        """Hash parts of the buckets first: most of their records need not travel."""
        parts = [part for bucket in chosen for part in source.bucketing.parts(bucket)]
        with _Parallel((source.reader, target.reader)) as pool:
            asked = [pool.submit(side.parts, parts) for side in (source, target)]
            states = survey_of.together(*(each.result() for each in asked))
        differing = [part for part, state in states.items() if not state.equal]
        yield from merge(
            self._plan,
            source.records(differing, parts=True),
            target.records(differing, parts=True),
        )

    def _both(
        self, *, hashed: bool, buckets: Collection[int] | None
    ) -> tuple[dict[int, BucketCount], dict[int, BucketCount]]:
        with _Parallel(self._readers()) as pool:
            asked = [pool.submit(self._one, side, hashed, buckets) for side in self._sides]
            source, target = (each.result() for each in asked)
        return source, target

    def _one(
        self, side: PostgresSide | ForeignSide, hashed: bool, buckets: Collection[int] | None
    ) -> dict[int, BucketCount]:
        if isinstance(side, ForeignSide):
            return side.survey()
        return side.survey(hashing=self._hashing if hashed else None, buckets=buckets)

    def _readers(self) -> tuple[Reader, ...]:
        return tuple(side.reader for side in self._sides if isinstance(side, PostgresSide))


class _Parallel:
    """Threads that do not outlive an interruption: it cancels what their connections run."""

    def __init__(self, readers: tuple[Reader, ...]) -> None:
        self._readers = readers
        self._pool = ThreadPoolExecutor(max_workers=3, thread_name_prefix="reconcile")

    def __enter__(self) -> ThreadPoolExecutor:
        return self._pool

    def __exit__(self, *error: object) -> None:
        if error[0] is not None:
            for reader in self._readers:
                reader.cancel()
        self._pool.shutdown(wait=True, cancel_futures=True)
