"""The reconciliation engine: two relations in, every difference out.

Inside one database a null-safe full join finds them; keys that stand more than once are compared
as multisets. Across databases, hashes of small buckets tell where to look, and only the records
of differing buckets travel. Nothing is ever written to either side.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from itertools import groupby
from typing import Protocol, Self

import sqlalchemy as sa

from queries import compare_survey as survey_of
from queries.compare_bucket import NULL_BUCKET, Bucketing, ByHash, Selection, Span
from queries.compare_judge import Finding, Row, group
from queries.compare_plan import Plan
from queries.compare_reader import Reader, Stream
from queries.compare_statements import Statements
from queries.compare_survey import BucketCount, BucketState
from queries.errors import PlumblineError

ROWS_PER_WINDOW = 16_000_000
"""A full join is cut into windows of this many records, some ten seconds of work, so that it can
be resumed."""
# Past this share of buckets with repeated keys, everything is compared as a multiset.
_MANY_REPEATED = 0.25


_Surveyed = tuple[dict[int, BucketCount], set[int]]
"""The buckets of one side, and those of them in which a key stands more than once."""


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
        self._bucketing = bucketing
        self._ask = Statements(plan, bucketing)
        self._marked = marked
        self._unique = unique
        self._stack = ExitStack()
        self._helpers: tuple[Reader, ...] = ()
        self._repeated: set[int] = set()
        self._buckets = 0
        self._null_keys = True
        self._begun: Future[Stream] | None = None

    def __enter__(self) -> Self:
        self._main = self._stack.enter_context(Reader(self._engine))
        self._pool = ThreadPoolExecutor(max_workers=3, thread_name_prefix="reconcile")
        return self

    def __exit__(self, *error: object) -> None:
        if self._begun is not None or (error and error[0] is not None):
            for reader in (self._main, *self._helpers):
                reader.cancel()
        with suppress(PlumblineError):
            self._drop_begun()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._stack.__exit__(*error)  # type: ignore[arg-type]

    def survey(
        self, *, hashed: bool, whole: bool, buckets: Collection[int] | None = None
    ) -> dict[int, BucketState]:
        # A few buckets are counted sooner than another connection is made.
        found = (
            self._survey_together(whole=whole)
            if buckets is None
            else [self._survey_few(source, buckets) for source in (True, False)]
        )
        self._repeated = found[0][1] | found[1][1]
        states = survey_of.together(found[0][0], found[1][0])
        self._buckets = len(states)
        self._null_keys = isinstance(self._bucketing, ByHash) or NULL_BUCKET in states
        return states

    def _survey_together(self, *, whole: bool) -> list[_Surveyed]:
        """On connections of their own that see the same moment as the main one.

        Where everything is joined in one piece, the server begins with that, and one connection
        counts both sides meanwhile: a second would only take processor time from the join.
        """
        snapshot = self._main.export_snapshot()
        sides: list[tuple[bool, ...]] = [(True,), (False,)]
        if whole and self._plan.keyed:
            self._begun = self._pool.submit(self._main.start, self._ask.join(None))
            sides = [(True, False)]
        self._helpers = tuple(
            self._stack.enter_context(Reader(self._engine, snapshot=snapshot)) for _ in sides
        )
        asked = [
            self._pool.submit(self._survey_sides, reader, each)
            for reader, each in zip(self._helpers, sides, strict=True)
        ]
        return [side for each in asked for side in each.result()]

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
        if self._null_keys and (self._ask.nullable(True) or self._ask.nullable(False)):
            for finding in self._net(chosen, null_key=True):
                if finding.bucket not in self._repeated:
                    yield finding
        repeated = _meet(self._repeated, chosen)
        if repeated:
            yield from self._net(repeated)

    def _joined(self, chosen: Selection) -> Iterator[Finding]:
        if chosen is not None:
            self._drop_begun()
        begun, self._begun = self._begun, None
        stream = begun.result() if begun else self._main.start(self._ask.join(chosen))
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

    def _survey_sides(self, reader: Reader, sources: Collection[bool]) -> list[_Surveyed]:
        return [self._survey_side(reader, source) for source in sources]

    def _survey_side(self, reader: Reader, source: bool) -> _Surveyed:
        marked = self._marked[0 if source else 1]
        statement = self._ask.survey(source=source, marked=marked, hashing=None)
        counts = survey_of.parse(reader.rows(statement))
        if self._unrepeated(source):
            return counts, set()
        repeated = reader.rows(self._ask.duplicates(source=source))
        return counts, {int(found[0] or 0) for found in repeated}

    def _survey_few(self, source: bool, buckets: Collection[int]) -> _Surveyed:
        marked = self._marked[0 if source else 1]
        if self._unrepeated(source):
            statement = self._ask.survey(
                source=source, marked=marked, hashing=None, buckets=buckets
            )
            return survey_of.parse(self._main.rows(statement)), set()
        statement = self._ask.survey_keys(source=source, marked=marked, buckets=buckets)
        rows = list(self._main.rows(statement))
        repeated = {int(found[0] or 0) for found in rows if found[5] == "t"}
        return survey_of.parse(found[:5] for found in rows), repeated

    def _unrepeated(self, source: bool) -> bool:
        """Whether no key can stand twice on this side, or none is asked for."""
        return not self._plan.keyed or self._unique[0 if source else 1]

    def _drop_begun(self) -> None:
        begun, self._begun = self._begun, None
        if begun is not None:
            begun.result().abandon()


def _meet(buckets: set[int], chosen: Selection) -> set[int]:
    if chosen is None:
        return buckets
    if isinstance(chosen, Span):
        return {bucket for bucket in buckets if chosen.first <= bucket <= chosen.last}
    return buckets & set(chosen)
