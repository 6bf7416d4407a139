"""The reconciliation engine: two relations in, every difference out.

Inside one database a null-safe full join finds them; keys that stand more than once are compared
as multisets. Across databases, hashes of small buckets tell where to look, and only the records
of differing buckets travel. Nothing is ever written to either side.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import groupby
from typing import Protocol, Self

import sqlalchemy as sa

from queries import compare_survey as survey_of
from queries.compare_bucket import Bucketing, Selection, Span
from queries.compare_foreign import ForeignSide
from queries.compare_judge import Finding, Row, group, merge
from queries.compare_plan import Plan
from queries.compare_reader import Reader, Stream
from queries.compare_statements import Hashing, Statements
from queries.compare_survey import BucketCount, BucketState

ROWS_PER_WINDOW = 4_000_000
"""A full join is cut into windows of this many records, so that it can be resumed."""
ROWS_PER_DRILL = 200_000
"""So many records of differing buckets are fetched at a time."""
# Past this share of buckets with repeated keys, everything is compared as a multiset.
_MANY_REPEATED = 0.25


class Session(Protocol):
    """Both sides, open at one moment each."""

    def survey(
        self, *, hashed: bool, whole: bool, buckets: Collection[int] | None = None
    ) -> dict[int, BucketState]:
        """Count every bucket; ``hashed`` also sums contents where the session can use them.

        ``whole`` announces that everything will be compared next, in one piece. With ``buckets``
        nothing else is looked at, by the index of the keys where buckets are ranges.
        """

    def hash(self, states: dict[int, BucketState], buckets: set[int]) -> dict[int, BucketState]:
        """The states with the contents of these buckets hashed."""

    def suspects(self, states: dict[int, BucketState], buckets: set[int]) -> list[int]:
        """Those of the buckets that must be compared record by record."""

    def compare(self, chosen: Selection) -> Iterator[Finding]:
        """Every exception in these buckets."""

    @property
    def rows_per_portion(self) -> int:
        """How many records one call of :meth:`compare` should cover."""


class SameDatabase:
    """Both relations lie in one PostgreSQL database."""

    rows_per_portion = ROWS_PER_WINDOW

    def __init__(
        self,
        engine: sa.Engine,
        plan: Plan,
        bucketing: Bucketing,
        *,
        marked: tuple[bool, bool],
        unique: tuple[bool, bool],
    ) -> None:
        self._engine = engine
        self._plan = plan
        self._ask = Statements(plan, bucketing)
        self._marked = marked
        self._unique = unique
        self._stack = ExitStack()
        self._repeated: set[int] = set()
        self._buckets = 0
        self._begun: Stream | None = None

    def __enter__(self) -> Self:
        self._main = self._stack.enter_context(Reader(self._engine))
        snapshot = self._main.export_snapshot()
        self._helpers = tuple(
            self._stack.enter_context(Reader(self._engine, snapshot=snapshot)) for _ in range(2)
        )
        return self

    def __exit__(self, *error: object) -> None:
        if error and error[0] is not None:
            for reader in (self._main, *self._helpers):
                reader.cancel()
        self._drop_begun()
        self._stack.__exit__(*error)  # type: ignore[arg-type]

    def survey(
        self, *, hashed: bool, whole: bool, buckets: Collection[int] | None = None
    ) -> dict[int, BucketState]:
        with _Parallel((self._main, *self._helpers)) as pool:
            # The server joins while the other connections count.
            joining = (
                pool.submit(self._main.start, self._ask.join(None))
                if whole and self._plan.keyed
                else None
            )
            asked = [
                pool.submit(self._survey_side, reader, source, buckets)
                for reader, source in zip(self._helpers, (True, False), strict=True)
            ]
            found = [each.result() for each in asked]
            self._begun = joining.result() if joining else None
        self._repeated = found[0][1] | found[1][1]
        states = survey_of.together(found[0][0], found[1][0])
        self._buckets = len(states)
        return states

    def hash(self, states: dict[int, BucketState], buckets: set[int]) -> dict[int, BucketState]:
        return states

    def suspects(self, states: dict[int, BucketState], buckets: set[int]) -> list[int]:
        return sorted(buckets)

    def compare(self, chosen: Selection) -> Iterator[Finding]:
        many = len(self._repeated) > _MANY_REPEATED * max(self._buckets, 1)
        if not self._plan.keyed or many:
            self._drop_begun()
            yield from self._net(chosen)
            return
        yield from self._joined(chosen)
        if self._ask.nullable(True) or self._ask.nullable(False):
            for finding in self._net(chosen, null_key=True):
                if finding.bucket not in self._repeated:
                    yield finding
        repeated = _meet(self._repeated, chosen)
        if repeated:
            yield from self._net(repeated)

    def _joined(self, chosen: Selection) -> Iterator[Finding]:
        if chosen is not None:
            self._drop_begun()
        stream, self._begun = self._begun, None
        if stream is None:
            stream = self._main.start(self._ask.join(chosen))
        keys, fields = len(self._plan.keys), len(self._plan.fields)
        at = 3 + keys
        for found in stream.rows():
            bucket = int(found[0] or 0)
            if bucket in self._repeated:
                continue
            key = found[3:at]
            labels = found[at + 2 * fields :]
            source = [Row(key, found[at : at + fields], labels[:2], bucket)]
            target = [Row(key, found[at + fields : at + 2 * fields], labels[2:], bucket)]
            yield from group(
                self._plan, source if found[1] == "1" else [], target if found[2] == "1" else []
            )

    def _net(self, chosen: Selection, *, null_key: bool | None = None) -> Iterator[Finding]:
        width = len(self._plan.identity)
        rows = self._main.rows(self._ask.net(chosen, null_key=null_key))
        for key, members in groupby(rows, lambda found: found[5 : 5 + width]):
            source: list[Row] = []
            target: list[Row] = []
            in_source = in_target = False
            for found in members:
                ours, theirs = int(found[1] or 0), int(found[2] or 0)
                in_source, in_target = found[3] != "0", found[4] != "0"
                side, copies = (source, ours - theirs) if ours > theirs else (target, theirs - ours)
                values = found[5 + width : -2]
                side.append(Row(key, values, found[-2:], int(found[0] or 0), copies))
            yield from group(self._plan, source, target, in_source=in_source, in_target=in_target)

    def _survey_side(
        self, reader: Reader, source: bool, buckets: Collection[int] | None
    ) -> tuple[dict[int, BucketCount], set[int]]:
        side = 0 if source else 1
        statement = self._ask.survey(
            source=source, marked=self._marked[side], hashing=None, buckets=buckets
        )
        counts = survey_of.parse(reader.rows(statement))
        if not self._plan.keyed or self._unique[side]:
            return counts, set()
        repeated = reader.rows(self._ask.duplicates(source=source, buckets=buckets))
        return counts, {int(found[0] or 0) for found in repeated}

    def _drop_begun(self) -> None:
        if self._begun is not None:
            self._begun.abandon()
            self._begun = None


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


def _meet(buckets: set[int], chosen: Selection) -> set[int]:
    if chosen is None:
        return buckets
    if isinstance(chosen, Span):
        return {bucket for bucket in buckets if chosen.first <= bucket <= chosen.last}
    return buckets & set(chosen)
