"""Does development decide as production does, on the same tickets (B10)?"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from components.pipeline.shares import UNNAMED, Share
from queries.audit_rows import SCORE_BINS, PairRow


@dataclass(frozen=True, slots=True)
class ScoreDistance:
    """How far the final scores of the pairs lie apart, to 0.005, rounded up."""

    n: int
    p50: float
    p95: float
    largest: float


@dataclass(frozen=True, slots=True)
class WorkTypePairs:
    """Pairs of one kind of work, under the same versions."""

    work_type: str
    share: Share


@dataclass(frozen=True, slots=True)
class Environments:
    """Agreement of two environments, apart for pairs under the same and under other versions.

    Only under the same versions is a different decision a fault: other versions may decide
    differently. ``undecided`` pairs lack a decision on one side, and count as disagreement.
    """

    same_versions: Share
    other_versions: Share
    undecided: int
    distance: ScoreDistance | None
    by_work_type: tuple[WorkTypePairs, ...]
    newest: datetime | None

    @property
    def pairs(self) -> int:
        """Tickets that both environments scored."""
        return self.same_versions.whole + self.other_versions.whole


def environments(rows: Sequence[PairRow]) -> Environments:
    """Agreement, overall and by kind of work."""
    same = [row for row in rows if row.same_versions]
    groups: dict[str, list[PairRow]] = defaultdict(list)
    for row in same:
        groups[row.work_type or UNNAMED].append(row)
    by_work_type = [WorkTypePairs(name, _share(own)) for name, own in groups.items()]
    return Environments(
        same_versions=_share(same),
        other_versions=_share([row for row in rows if not row.same_versions]),
        undecided=sum(row.n for row in rows if row.agreed is None),
        distance=_distance(same),
        by_work_type=tuple(sorted(by_work_type, key=lambda item: item.share.value or 0.0)),
        newest=max((row.newest for row in same), default=None),
    )


def _share(rows: Sequence[PairRow]) -> Share:
    agreed = sum(row.n for row in rows if row.agreed)
    return Share.of(agreed, sum(row.n for row in rows))


def _distance(rows: Sequence[PairRow]) -> ScoreDistance | None:
    counts: Counter[int] = Counter()
    for row in rows:
        if row.bin is not None:
            counts[row.bin] += row.n
    total = counts.total()
    if total == 0:
        return None
    return ScoreDistance(
        n=total,
        p50=_reached(counts, ceil(0.50 * total)) / SCORE_BINS,
        p95=_reached(counts, ceil(0.95 * total)) / SCORE_BINS,
        largest=max(counts) / SCORE_BINS,
    )


def _reached(counts: Counter[int], rank: int) -> int:
    below = 0
    for bin_, n in sorted(counts.items()):
        below += n
        if below >= rank:
            return bin_
    raise AssertionError("the rank lies within the counts")
