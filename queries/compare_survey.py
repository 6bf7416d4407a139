"""What is known of each bucket: how many records, which row versions, which content."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from queries.compare_reader import Texts


@dataclass(frozen=True, slots=True)
class BucketCount:
    """One side of a bucket. ``mark`` sums hashes of row versions, ``digest`` of row contents.

    Sums, never exclusive-or: a record that stands there three times must not fold like one.
    """

    bucket: int
    rows: int
    filtered: int
    mark: int | None
    digest: int | None


@dataclass(frozen=True, slots=True)
class BucketState:
    """Both sides of a bucket."""

    bucket: int
    source: BucketCount
    target: BucketCount

    @property
    def rows(self) -> int:
        return max(self.source.rows, self.target.rows)

    @property
    def marked(self) -> bool:
        """Whether both sides know their row versions."""
        return self.source.mark is not None and self.target.mark is not None

    @property
    def equal(self) -> bool:
        """Whether counts and contents agree; False where contents were not hashed."""
        hashed = self.source.digest is not None and self.target.digest is not None
        alike = self.source.rows == self.target.rows
        return hashed and alike and self.source.digest == self.target.digest

    def unchanged_since(self, before: BucketState | None) -> bool:
        """Whether both sides hold what they held: by row versions, else by contents."""
        if before is None:
            return False
        return _same(self.source, before.source) and _same(self.target, before.target)


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over many buckets."""

    buckets: int = 0
    source_rows: int = 0
    target_rows: int = 0
    source_filtered: int = 0
    target_filtered: int = 0

    def __add__(self, other: Totals) -> Totals:
        return Totals(
            self.buckets + other.buckets,
            self.source_rows + other.source_rows,
            self.target_rows + other.target_rows,
            self.source_filtered + other.source_filtered,
            self.target_filtered + other.target_filtered,
        )

    def __sub__(self, other: Totals) -> Totals:
        return Totals(
            self.buckets - other.buckets,
            self.source_rows - other.source_rows,
            self.target_rows - other.target_rows,
            self.source_filtered - other.source_filtered,
            self.target_filtered - other.target_filtered,
        )


def totals(states: Collection[BucketState]) -> Totals:
    """The sums over these buckets."""
    return Totals(
        len(states),
        sum(each.source.rows for each in states),
        sum(each.target.rows for each in states),
        sum(each.source.filtered for each in states),
        sum(each.target.filtered for each in states),
    )


def _same(now: BucketCount, before: BucketCount) -> bool:
    if now.rows != before.rows:
        return False
    if now.mark is not None and before.mark is not None:
        return now.mark == before.mark
    return now.digest is not None and now.digest == before.digest


def parse(rows: Iterable[Texts]) -> dict[int, BucketCount]:
    """The survey's rows, as the database printed them."""
    found = {}
    for bucket, kept, filtered, mark, digest in rows:
        number = int(bucket or 0)
        found[number] = BucketCount(
            number, int(kept or 0), int(filtered or 0), _whole(mark), _whole(digest)
        )
    return found


def together(
    source: Mapping[int, BucketCount], target: Mapping[int, BucketCount]
) -> dict[int, BucketState]:
    """Both sides of every bucket that either side has."""
    marked = any(each.mark is not None for each in (*source.values(), *target.values()))
    hashed = any(each.digest is not None for each in (*source.values(), *target.values()))
    none = 0 if hashed else None
    states = {}
    for bucket in sorted({*source, *target}):
        empty = BucketCount(bucket, 0, 0, 0 if marked else None, none)
        states[bucket] = BucketState(bucket, source.get(bucket, empty), target.get(bucket, empty))
    return states


def _whole(text: str | None) -> int | None:
    return None if text is None else int(text)
