"""Columns of text, as a file holds them, turned into arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dashboard.sample.csv_mapping import TimeFormat
from dashboard.sample.features import Flags, Integers


def whole(column: pa.ChunkedArray) -> Integers:
    """Whole numbers without a null."""
    return np.asarray(column.to_numpy(), dtype=np.int64)


def is_one_of(column: pa.ChunkedArray, values: Sequence[str]) -> Flags:
    """Where the text is one of these; a null is none of them."""
    return np.asarray(pc.is_in(column, value_set=pa.array(values)).to_numpy(), dtype=np.bool_)


def by_frequency(column: pa.ChunkedArray) -> list[str]:
    """The values that occur, the most frequent first."""
    counts = column.drop_null().value_counts().to_pylist()
    ordered = sorted(counts, key=lambda count: (-count["counts"], count["values"]))
    return [count["values"] for count in ordered]


def codes(column: pa.ChunkedArray, values: Sequence[str]) -> Integers:
    """The position of each text in ``values``; −1 where it is not there."""
    found = pc.index_in(column, value_set=pa.array(values, type=pa.string()))
    return whole(pc.fill_null(found, -1))


def local_times(column: pa.ChunkedArray, time: TimeFormat) -> pa.ChunkedArray:
    """Text as times with a zone; null where it cannot be read.

    An hour that occurs twice, when clocks go back, is taken as the first of the two.
    """
    naive = pc.strptime(column, format=time.format, unit="us", error_is_null=True)
    return pc.assume_timezone(naive, time.zone, ambiguous="earliest", nonexistent="latest")
