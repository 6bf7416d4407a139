"""As of when exceptions were counted: said beside every number that rests on roll-ups (A3)."""

from __future__ import annotations

from dataclasses import replace

from components.gates.evidence import Evidence
from components.layout import numbers
from queries.rolled_rows import CountedAt


def as_counted(evidence: Evidence, counted: CountedAt | None) -> Evidence:
    """The same evidence with the time of the count; no number where batches ended after it.

    It is as old as the count where that is older than its newest item, so that the policy's
    maximum age holds for either.
    """
    if counted is None or counted.counted_at is None:
        return evidence
    at = numbers.moment(counted.counted_at)
    if counted.outrun:
        ended = "1 batch" if counted.outrun == 1 else f"{counted.outrun:,} batches"
        words = f"exceptions were last counted on {at}, and {ended} ended since. "
        return replace(evidence, value=None, sentence=f"{words}Run “plumbline refresh”")
    known = [time for time in (evidence.measured_at, counted.counted_at) if time is not None]
    words = f"{evidence.sentence}; counted on {at}"
    return replace(evidence, measured_at=min(known), sentence=words)
