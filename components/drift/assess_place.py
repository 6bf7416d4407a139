"""In which category the faults of a feature concentrate, such as one intake channel."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from components.drift.types import Concentration
from queries.drift_facts import DrillRow

_MOST = 0.5
"""The share of a feature's additional faults from which one value is named."""


def concentration(before: Sequence[DrillRow], after: Sequence[DrillRow]) -> Concentration | None:
    """The value whose faults rose most above what its share of rows would give.

    ``before`` are the counts of a window without the fault, ``after`` those of the current one.
    A value is named if it holds most of the additional faults of its feature; of several features
    the one is chosen whose value holds the most of them. None where no value stands out.
    """
    usual = {(row.feature, row.value): row.faults / row.rows for row in before if row.rows}
    more: dict[str, dict[str, float]] = defaultdict(dict)
    rows = {(row.feature, row.value): row for row in after}
    for key, row in rows.items():
        expected = usual.get(key, 0.0) * row.rows
        more[key[0]][key[1]] = row.faults - expected
    best, most = None, 0.0
    for feature, values in more.items():
        risen = sum(max(extra, 0.0) for extra in values.values())
        value = max(values, key=lambda name: values[name])
        extra = values[value]
        if len(values) > 1 and extra > _MOST * risen and extra > most:
            best, most = (feature, value), extra
    if best is None:
        return None
    found = rows[best]
    every = sum(row.faults for row in after if row.feature == best[0])
    return Concentration(best[0], best[1], found.faults, found.rows, every)
