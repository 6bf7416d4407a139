"""Deployments and configuration changes of the period, as charts mark them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from queries.audit_rows import ConfigurationRow
from queries.names import UNIT_COST_KNOB


@dataclass(frozen=True, slots=True)
class Change:
    """Versions that came into force at one moment."""

    at: datetime
    label: str


def changes(
    rows: Sequence[ConfigurationRow], start: datetime, until: datetime
) -> tuple[Change, ...]:
    """What came into force within the period; prices change no decision and are left out."""
    moments: dict[datetime, list[str]] = defaultdict(list)
    for row in rows:
        if row.knob != UNIT_COST_KNOB and start <= row.valid_from < until:
            moments[row.valid_from].append(row.version)
    return tuple(Change(at, ", ".join(sorted(names))) for at, names in sorted(moments.items()))
