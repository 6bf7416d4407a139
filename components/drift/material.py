"""What an assessment of drift is made from, and the windows that it compares by default."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from components.drift.types import ProgrammeChange
from components.gates.policy_drift import DriftPolicy
from components.statistics.seasonal_twin import seasonal_twin
from queries.drift_facts import LabelRow, VersionCell
from queries.drift_rows import Histograms, Layout, ShapMass
from queries.errors import InvalidInputError

TWIN_COVERED = 0.9
"""Share of the twin's days that must be known."""
LONGEST_TWIN = 180
"""Days beyond which a window holds too many seasons to have a twin."""

Span = tuple[date, date]
"""Whole UTC days, the end excluded."""


@dataclass(frozen=True, slots=True)
class Windows:
    """The days compared. ``twin`` is the current window a year before, None without history."""

    reference: Span
    current: Span
    twin: Span | None
    twin_note: str


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """Counts, explanations, reviews and events; None where there is no source for them.

    ``history`` holds all segments together over the whole period shown; ``segments`` one set of
    histograms for each dimension (``work_type``, ``region``), covering the windows at least.
    ``shadow_reviews`` are of tickets that a model of ``reviews`` scored in the shadow before.
    """

    as_of: datetime
    windows: Windows
    history: Histograms
    segments: tuple[tuple[str, Histograms], ...] = ()
    shap: ShapMass | None = None
    changes: tuple[ProgrammeChange, ...] = ()
    versions: tuple[VersionCell, ...] = ()
    reviews: tuple[LabelRow, ...] | None = None
    shadow_reviews: tuple[LabelRow, ...] = ()
    from_rollups: bool = True

    @property
    def layout(self) -> Layout:
        """The frozen bins of every histogram here."""
        return self.history.layout


def default_windows(days: tuple[date, ...], as_of: datetime, policy: DriftPolicy) -> Windows:
    """The policy's windows before ``as_of``, shortened to the days there are.

    Raises:
        InvalidInputError: there are too few days for a reference and a current window.
    """
    end = as_of.date()
    known = [day for day in days if day < end]
    if not known:
        raise InvalidInputError(
            "There is no day of predictions to compare. Choose a later date, or run "
            "“plumbline refresh”."
        )
    end = known[-1] + timedelta(days=1)
    current = (end - timedelta(days=policy.current_days), end)
    stop = end - timedelta(days=policy.reference_gap_days)
    first = known[0]
    if (stop - first).days < policy.minimum_reference_days:
        stop = current[0]
    start = max(first, stop - timedelta(days=policy.reference_days))
    if (stop - start).days < policy.minimum_reference_days:
        raise InvalidInputError(
            f"A reference needs {policy.minimum_reference_days} days before the current "
            f"{policy.current_days}. Wait for more history, or choose other windows."
        )
    return with_twin((start, stop), current, days)


def with_twin(reference: Span, current: Span, days: tuple[date, ...]) -> Windows:
    """Two windows and the current one's seasonal twin, where most of its days are known."""
    if (current[1] - current[0]).days > LONGEST_TWIN:
        return Windows(reference, current, None, "No twin: the current window is too long for one.")
    found = seasonal_twin(*current)
    twin = (found.start, found.end)
    held = sum(found.start <= day < found.end for day in days)
    if held < TWIN_COVERED * (found.end - found.start).days:
        note = "No twin: there is no year of history before the current window."
        return Windows(reference, current, None, note)
    note = "Twin: the same weeks of the year before."
    return Windows(reference, current, twin, note)
