"""Tests of columns: from what a file says of a ticket to its label."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dashboard.sample.csv_columns import is_one_of, local_times
from dashboard.sample.csv_mapping import Test, Tests, TimeFormat
from dashboard.sample.features import Flags, Integers

_HOUR = 3_600_000_000


def any_holds(tests: Tests, table: pa.Table, created: Integers, time: TimeFormat) -> Flags:
    """For each ticket, whether any of the tests holds; false where there are none."""
    holds = np.zeros(len(created), dtype=np.bool_)
    for test in tests.any:
        holds |= _holds(test, table[test.column], created, time)
    return holds


def _holds(test: Test, column: pa.ChunkedArray, created: Integers, time: TimeFormat) -> Flags:
    if test.values is not None:
        return is_one_of(column, test.values)
    if test.missing is not None:
        return np.asarray(column.is_null().to_numpy() == test.missing)
    moments = local_times(column, time).cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    passed = pc.subtract(moments, pa.array(created)).to_numpy().astype(np.float64)
    hours = np.nan_to_num(passed / _HOUR, nan=np.inf)
    return np.asarray(hours < float(test.within_hours or 0))
