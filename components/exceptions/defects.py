"""Many exceptions, few defects: what one rule explains is said once, with its share.

Exceptions are counted per field, cause, transformation, batch and source. Those with the same
cause and the same transformation are one defect, over all fields it touches, because a fault in
one rule of a load shows wherever the rule is applied; where a cause has no transformation of its
own (a value lost, an unexplained change), every field is a defect of its own.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from components.exceptions.cause_kinds import CauseKind
from components.exceptions.cause_words import short
from queries.exceptions_rows import Rules

FEWEST = 2
"""A single exception is no system."""
CONCENTRATED = 0.95
"""A defect is said to lie in one batch or source that holds at least this share of it."""
# Rules whose signature says little: the same in two unrelated fields is not one defect.
_PER_FIELD = frozenset(
    {
        CauseKind.NULL_OUT,
        CauseKind.FILL_IN,
        CauseKind.OTHER,
        CauseKind.TRUNCATION,
        CauseKind.DEFAULT,
    }
)
_MOST_NAMED = 3
RULES = Rules(
    causes=tuple(kind.value for kind in CauseKind),
    other=CauseKind.OTHER.value,
    of_one_field=tuple(sorted(kind.value for kind in _PER_FIELD)),
)
"""The same for a database that counts: see :mod:`queries.exceptions_counted`."""


@dataclass(frozen=True, slots=True)
class CountedGroup:
    """So many exceptions that agree in everything that may explain them.

    ``pair`` names the relations compared; ``field`` is None for whole records. Without a
    ``batch`` they lie in several, or in one that is not recorded.
    """

    pair: str
    field: str | None
    cause: CauseKind
    signature: str
    batch: str | None
    system: str | None
    count: int


@dataclass(frozen=True, slots=True)
class Defect:
    """One rule that explains ``count`` of ``total`` exceptions.

    ``batch`` and ``system`` are set where the defect is concentrated there.
    """

    cause: CauseKind
    signature: str
    fields: tuple[str, ...]
    batch: str | None
    system: str | None
    count: int
    total: int

    @property
    def share(self) -> float:
        return self.count / self.total

    @property
    def sentence(self) -> str:
        """Such as “9,812 of 9,840 differences are one rule: birth_date, month and day swapped,
        batch 17 (99.7%).”"""
        parts = [", ".join(self.fields[:_MOST_NAMED]), short(self.cause, self.signature)]
        if len(self.fields) > _MOST_NAMED:
            parts[0] += f" and {len(self.fields) - _MOST_NAMED} more fields"
        if self.batch is not None:
            parts.append(f"batch {self.batch}")
        if self.system is not None:
            parts.append(f"source {self.system}")
        verb = "is" if self.count == 1 else "are"
        return (
            f"{self.count:,} of {self.total:,} differences {verb} one rule: "
            f"{', '.join(part for part in parts if part)} ({_percentage(self.count, self.total)})."
        )


def systematic(groups: Sequence[CountedGroup]) -> tuple[Defect, ...]:
    """The defects that explain two exceptions or more, largest first."""
    total = sum(group.count for group in groups)
    gathered: dict[tuple[CauseKind, str, str], list[CountedGroup]] = defaultdict(list)
    for group in groups:
        gathered[group.cause, group.signature, _own_field(group)].append(group)
    defects = [
        _defect(members, total)
        for members in gathered.values()
        if sum(member.count for member in members) >= FEWEST
    ]
    return tuple(sorted(defects, key=lambda each: (-each.count, each.cause, each.fields)))


def isolated(groups: Sequence[CountedGroup]) -> int:
    """How many exceptions no systematic defect explains."""
    explained = sum(defect.count for defect in systematic(groups))
    return sum(group.count for group in groups) - explained


def _own_field(group: CountedGroup) -> str:
    """What keeps groups with the same rule apart."""
    if group.field is None:
        return group.pair
    return _place(group) if not group.signature or group.cause in _PER_FIELD else ""


def _place(group: CountedGroup) -> str:
    return f"{group.pair}.{group.field}" if group.field else group.pair


def _defect(members: Sequence[CountedGroup], total: int) -> Defect:
    count = sum(member.count for member in members)
    places = Counter[str]()
    for member in members:
        places[_place(member)] += member.count
    return Defect(
        members[0].cause,
        members[0].signature,
        tuple(name for name, _ in sorted(places.items(), key=lambda item: (-item[1], item[0]))),
        _concentrated((member.batch, member.count) for member in members),
        _concentrated((member.system, member.count) for member in members),
        count,
        total,
    )


def _concentrated(counts: Iterable[tuple[str | None, int]]) -> str | None:
    """The label that nearly all share; a label that all records lack is none."""
    totals = Counter[str | None]()
    for name, count in counts:
        totals[name] += count
    name, largest = totals.most_common(1)[0]
    return name if largest >= CONCENTRATED * totals.total() else None


def _percentage(part: int, whole: int) -> str:
    """Never rounded onto 0% or 100%."""
    share = 100 * part / whole
    if part == whole:
        return "100%"
    if share > 99.95:
        return "over 99.9%"
    return "under 0.1%" if share < 0.05 else f"{share:.1f}%"
