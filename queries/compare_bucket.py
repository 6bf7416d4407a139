"""Buckets: small sets of keys that are hashed, compared and remembered as one."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from math import log2

ROWS_PER_BUCKET = 128
"""Small, because every record of a bucket is compared again when one of them was."""
MOST_BUCKETS = 8_192
"""Their states are held in memory, however many records there are."""
FEWEST_BUCKETS = 16
_HASHES = 65_536
"""What two bytes of a hash can tell apart."""
PARTS = 16
"""Into so many a differing bucket is cut, because most of its records are equal after all."""
NULL_BUCKET = -(2**63)
"""Where a range has its records without a key; no shifted key can be as small."""


@dataclass(frozen=True, slots=True)
class ByRange:
    """Buckets of ``2**shift`` neighbouring integer keys: an index finds each of them.

    The bounds stay integers, because a numeric bound on a bigint key would lose the index.
    """

    shift: int

    @property
    def label(self) -> str:
        return f"range:{self.shift}"

    def of(self, key: int | None) -> int:
        return NULL_BUCKET if key is None else key >> self.shift

    def finer(self) -> ByRange:
        """The same ranges, each cut into :data:`PARTS`.

        Never single keys: the smallest of them would be taken for the bucket without keys.
        """
        return ByRange(max(self.shift - (PARTS.bit_length() - 1), 1))

    def parts(self, bucket: int) -> range | tuple[int]:
        """The buckets of :meth:`finer` that make up one of these."""
        if bucket == NULL_BUCKET:
            return (NULL_BUCKET,)
        finer = self.shift - self.finer().shift
        return range(bucket << finer, (bucket + 1) << finer)

    def bounds(self, first: int, last: int) -> tuple[int, int]:
        """The smallest and the largest key of these neighbouring buckets."""
        return first << self.shift, (last << self.shift) + (1 << self.shift) - 1


@dataclass(frozen=True, slots=True)
class ByHash:
    """Buckets by SHA-256 of the key's canonical text, equal on every engine."""

    count: int

    @property
    def label(self) -> str:
        return f"hash:{self.count}"

    def of(self, encoded_key: str) -> int:
        digest = hashlib.sha256(encoded_key.encode("utf-8", "surrogatepass")).digest()
        return (digest[0] * 256 + digest[1]) & (self.count - 1)

    def finer(self) -> ByHash:
        """The same hashes, told apart by more of their bits, as far as there are any."""
        return ByHash(min(self.count * PARTS, _HASHES))

    def parts(self, bucket: int) -> range:
        """The buckets of :meth:`finer` that make up one of these."""
        return range(bucket, self.finer().count, self.count)


Bucketing = ByRange | ByHash


@dataclass(frozen=True, slots=True)
class Span:
    """Every bucket from ``first`` to ``last``, both included, but not the one without keys."""

    first: int
    last: int


Selection = Span | Collection[int] | None
"""Which buckets: neighbours, a few, or all of them."""


def by_label(label: str) -> Bucketing:
    """The bucketing that a former run stored."""
    kind, _, number = label.partition(":")
    return ByRange(int(number)) if kind == "range" else ByHash(int(number))


def rows_per_bucket(rows: int) -> int:
    """About a hundred; more where that would make too many buckets."""
    return max(ROWS_PER_BUCKET, rows // MOST_BUCKETS)


def by_density(rows: int, quartile_span: int) -> ByRange:
    """Ranges that hold about :func:`rows_per_bucket` rows.

    ``quartile_span`` is the distance between the quartiles of the key, which no outlier moves.
    """
    keys_per_row = max(quartile_span, 1) * 2 / max(rows, 1)
    width = max(rows_per_bucket(rows) * keys_per_row, 2.0)
    return ByRange(min(max(round(log2(width)), 1), 48))


def by_rows(rows: int) -> ByHash:
    """A power of two of hash buckets."""
    wanted = max(rows // rows_per_bucket(rows), 1)
    count = 1 << (wanted - 1).bit_length() if wanted > 1 else 1
    return ByHash(min(max(count, FEWEST_BUCKETS), MOST_BUCKETS))


def runs(buckets: Iterable[int]) -> list[tuple[int, int]]:
    """Neighbouring buckets joined: ``[1, 2, 5]`` becomes ``[(1, 2), (5, 5)]``."""
    joined: list[tuple[int, int]] = []
    for bucket in sorted(set(buckets)):
        if joined and bucket == joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], bucket)
        else:
            joined.append((bucket, bucket))
    return joined


def portions(rows: Sequence[tuple[int, int]], limit: int) -> list[list[int]]:
    """Buckets in order, cut so that each portion holds at most ``limit`` rows.

    ``rows`` pairs a bucket with its rows. A bucket larger than the limit is its own portion.
    """
    cut: list[list[int]] = []
    held = 0
    for bucket, count in sorted(rows):
        if not cut or held + count > limit:
            cut.append([])
            held = 0
        cut[-1].append(bucket)
        held += count
    return cut
