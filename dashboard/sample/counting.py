"""Counting what came before: tickets of the same group within a window of time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dashboard.sample.features import Integers

_MILLISECOND = 1_000


def earlier_in_window(
    group: npt.NDArray[np.integer], times: Integers, window: int
) -> npt.NDArray[np.int32]:
    """For each ticket, how many earlier ones of its group lie less than ``window`` back.

    ``times`` are in order; they and ``window`` are in microseconds, and are compared in
    milliseconds. Nothing later is looked at, so the count is what was known when the ticket
    came in.

    Raises:
        OverflowError: groups times milliseconds do not fit into 63 bits.
    """
    if not len(times):
        return np.zeros(0, dtype=np.int32)
    since = (times - times[0]) // _MILLISECOND
    window //= _MILLISECOND
    lane = int(since[-1]) + window + 1
    if (int(group.max()) + 1) * lane >= 2**63:
        raise OverflowError("There are too many groups over too long a time to count in.")
    key = group.astype(np.int64) * lane + since
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    oldest = np.searchsorted(ordered, ordered - window, side="right")
    counts = np.empty(len(times), dtype=np.int32)
    counts[order] = np.arange(len(times)) - oldest
    return counts
