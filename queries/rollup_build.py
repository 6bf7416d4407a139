"""Histograms by day, counted in the source and written into the product's own schema."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import sqlalchemy as sa

from queries.database import if_present
from queries.drift_rows import Counts, Layout
from queries.rollup_packed import counted, counting, explained, explaining
from queries.rollup_parts import SEGMENTS, audit, scored_between, utc_day
from queries.rollup_schema import DAY, LEVELS, rollup_histograms, rollup_shap
from queries.rollup_vectors import ask_binary, bigint, copy_in, text, to_array
from queries.rollup_vectors import day as day_field

Segment = tuple[str | None, str | None, str | None]
"""Model version, work type, region."""
Vectors = dict[Segment, tuple[Counts, ...]]

_KEYS = [column.label(column.name) for column in SEGMENTS]
_HEAD = ("edges_id", "environment", "grain", "level", "day", "ml_version", "work_type", "region")


@dataclass(frozen=True, slots=True)
class Sent:
    """Predictions of one day, version, work type and region, packed."""

    day: date
    ml_version: str | None
    work_type: str | None
    region: str | None
    numbers: bytes

    @property
    def segment(self) -> Segment:
        return self.ml_version, self.work_type, self.region


@dataclass(frozen=True, slots=True)
class Slot:
    """Where vectors belong: a layout, an environment, and a day or the first day of a month."""

    layout: Layout
    environment: str
    day: date
    grain: str = DAY


@dataclass(slots=True)
class Day:
    """One day's vectors by version, work type and region; empty where nothing was scored."""

    counts: Vectors = field(default_factory=dict)
    shap: Vectors = field(default_factory=dict)


def count_days(
    source: sa.Connection, layout: Layout, environment: str, start: date, end: date
) -> dict[date, Day]:
    """Count the UTC days ``[start, end)`` under one layout; a day without predictions is left out.

    Days are counted together, since planning the statement costs as much as counting one.
    """
    limits = scored_between(environment, start, end)
    keys = [utc_day(audit.scored_at).label("day"), *_KEYS]
    days: dict[date, Day] = defaultdict(Day)
    sent = ask_binary(source, counting(layout, limits, keys), Sent).rows
    for row, counts in zip(sent, counted(layout, [each.numbers for each in sent]), strict=True):
        days[row.day].counts[row.segment] = (counts,)
    sent = (
        if_present(source, lambda: ask_binary(source, explaining(layout, limits, keys), Sent).rows)
        or ()
    )
    masses = zip(*explained(layout, [each.numbers for each in sent]), strict=True)
    for row, vectors in zip(sent, masses, strict=True):
        days[row.day].shap[row.segment] = vectors
    return days


def write_days(
    own: sa.Connection, layout: Layout, environment: str, counted: Mapping[date, Day]
) -> dict[date, int]:
    """Replace the histograms and SHAP mass of days; returns their predictions."""
    slots = [(Slot(layout, environment, day), found) for day, found in counted.items()]
    write_histograms(own, [(slot, levels(found.counts)) for slot, found in slots])
    write_shap(own, [(slot, levels(found.shap)) for slot, found in slots])
    first = layout.variables[0].slice
    return {
        day: sum(int(counts[first].sum()) for (counts,) in found.counts.values())
        for day, found in counted.items()
    }


def levels(pairs: Vectors) -> dict[str, Vectors]:
    """The vectors of every level, added up from those of version × work type × region."""
    found: dict[str, Vectors] = {}
    for split, level in LEVELS.items():
        summed: Vectors = {}
        for (version, work_type, region), vectors in pairs.items():
            key = (
                version,
                work_type if "work_type" in split else None,
                region if "region" in split else None,
            )
            before = summed.get(key)
            summed[key] = (
                vectors
                if before is None
                else tuple(a + b for a, b in zip(before, vectors, strict=True))
            )
        found[level] = summed
    return found


Filled = Sequence[tuple[Slot, Mapping[str, Vectors]]]
"""Slots of one layout, environment and grain, with the vectors of every level."""


def write_histograms(own: sa.Connection, filled: Filled) -> None:
    """Replace what stands in the slots."""

    def fields(slot: Slot, vectors: tuple[Counts, ...]) -> tuple[bytes, ...]:
        (counts,) = vectors
        first = slot.layout.variables[0].slice
        return bigint(int(counts[first].sum())), to_array(counts, wide=False)

    _replace(own, rollup_histograms, ("predictions", "counts"), filled, fields)


def write_shap(own: sa.Connection, filled: Filled) -> None:
    """Replace what stands in the slots."""

    def fields(slot: Slot, vectors: tuple[Counts, ...]) -> tuple[bytes, ...]:
        del slot
        explained, total = vectors
        return to_array(explained, wide=False), to_array(total, wide=True)

    _replace(own, rollup_shap, ("explained", "total_micro"), filled, fields)


Fields = Callable[[Slot, tuple[Counts, ...]], tuple[bytes, ...]]


def _replace(
    own: sa.Connection, table: sa.Table, columns: tuple[str, ...], filled: Filled, fields: Fields
) -> None:
    if not filled:
        return
    one = filled[0][0]
    own.execute(
        table.delete().where(
            table.c.edges_id == one.layout.edges_id,
            table.c.environment == one.environment,
            table.c.grain == one.grain,
            table.c.level.in_(LEVELS.values()),
            table.c.day.in_([slot.day for slot, _ in filled]),
        )
    )
    rows = (row for slot, found in filled for row in _rows(slot, found, fields))
    copy_in(own, table, (*_HEAD, *columns), rows)


def _rows(
    slot: Slot, found: Mapping[str, Vectors], fields: Fields
) -> Iterator[tuple[bytes | None, ...]]:
    head = (text(slot.layout.edges_id), text(slot.environment), text(slot.grain))
    moment = day_field(slot.day)
    for level, segments in found.items():
        for key, vectors in segments.items():
            names = (text(each) for each in key)
            yield (*head, text(level), moment, *names, *fields(slot, vectors))
