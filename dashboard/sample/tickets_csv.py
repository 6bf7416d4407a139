"""Tickets of a file: real work, brought into the programme by a mapping."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from dashboard.sample.csv_columns import by_frequency, codes, local_times, whole
from dashboard.sample.csv_features import derived_features
from dashboard.sample.csv_mapping import Mapping, read_mapping
from dashboard.sample.csv_tests import any_holds
from dashboard.sample.features import Features, Integers, Schema
from dashboard.sample.rules import RuleSet
from dashboard.sample.tickets import Tickets, to_datetime
from queries.errors import InvalidInputError

SMALLEST = 2_000
"""Fewer tickets than this train no model worth overseeing."""

PREHISTORY_SHARE = 0.3
"""The first tickets of the file, by order of time, whose labels train the first model."""

_HOUR = timedelta(hours=1)
_FIRST_LINE = 2


class CsvTickets:
    """All tickets of one file, in the order of their creation.

    Raises:
        InvalidInputError: the mapping or the file cannot be used; the message names the line
            and the column, and says what to do.
    """

    def __init__(self, file: Path, mapping_file: Path) -> None:
        mapping = read_mapping(mapping_file)
        table, created = _in_order(_read(file, mapping), file, mapping)
        ids = table[mapping.columns.ticket_id]
        _check_ids(ids, file, mapping.columns.ticket_id)
        self.times: Integers = whole(created.cast(pa.timestamp("us", "UTC")).cast(pa.int64()))
        self._ids = ids.combine_chunks()
        self.work_types, self._work_type = _segment(table[mapping.columns.work_type])
        self.regions, self._region = _segment(table[mapping.columns.region])
        features = derived_features(table, self.times, mapping)
        self._features: Features = features
        self.schema: Schema = features.schema
        self.rules: tuple[RuleSet, ...] = (mapping.rules.ruleset(),)
        self.rules[0].score(features.take(np.arange(1)))
        self._need = any_holds(mapping.label, table, self.times, mapping.time)
        self._escalated = any_holds(mapping.escalated, table, self.times, mapping.time)
        self._critical = any_holds(mapping.critical, table, self.times, mapping.time)
        if self._need.all() or not self._need.any():
            raise InvalidInputError(
                f"By the label of {mapping_file.name} every ticket is the same. Change its tests."
            )

    @property
    def start(self) -> datetime:
        """The hour after the tickets that the first model learns from."""
        moment = to_datetime(self.times[round(len(self.times) * PREHISTORY_SHARE)])
        return moment.replace(minute=0, second=0, microsecond=0) + _HOUR

    @property
    def until(self) -> datetime:
        """Midnight (UTC) after the last ticket."""
        last = to_datetime(self.times[-1])
        return last.replace(hour=0, minute=0, second=0, microsecond=0) + 24 * _HOUR

    def tickets(self, first: int, last: int) -> Tickets:
        """Tickets ``first`` to ``last`` (exclusive)."""
        rows = slice(first, last)
        number = np.arange(first, last)
        return Tickets(
            number,
            self._ids.slice(first, last - first),
            self.times[rows],
            self._work_type[rows],
            self._region[rows],
            self._features.take(number),
            self._escalated[rows],
            self._need[rows],
            self._critical[rows],
        )


def _read(file: Path, mapping: Mapping) -> pa.Table:
    """The columns that the mapping reads, as text; an empty field is null."""
    wanted = mapping.columns_read
    try:
        with pyarrow.csv.open_csv(file) as reader:
            header = reader.schema.names
        absent = [name for name in wanted if name not in header]
        if absent:
            raise InvalidInputError(
                f"{file.name} has no column {', '.join(absent)}. Its columns are: "
                f"{', '.join(header)}. Correct the names in the mapping."
            )
        table = pyarrow.csv.read_csv(
            file,
            parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
            convert_options=pyarrow.csv.ConvertOptions(
                include_columns=wanted,
                column_types=dict.fromkeys(wanted, pa.string()),
                strings_can_be_null=True,
                null_values=[""],
            ),
        )
    except (OSError, pa.ArrowInvalid) as error:
        raise InvalidInputError(f"{file.name} cannot be read as CSV: {error}") from error
    if table.num_rows < SMALLEST:
        raise InvalidInputError(
            f"{file.name} has {table.num_rows} tickets. The programme needs {SMALLEST} or more."
        )
    return table


def _in_order(table: pa.Table, file: Path, mapping: Mapping) -> tuple[pa.Table, pa.ChunkedArray]:
    """The table by time of creation, and those times in UTC."""
    name = mapping.columns.created_at
    created = local_times(table[name], mapping.time)
    bad = pc.indices_nonzero(created.is_null())
    if len(bad):
        line = bad[0].as_py() + _FIRST_LINE
        raise InvalidInputError(
            f"{file.name}, line {line}, column {name}: “{table[name][bad[0].as_py()]}” is not a "
            f"time of the form {mapping.time.format}. Correct the line, or the format in the "
            "mapping."
        )
    order = pc.sort_indices(
        pa.table({"at": created, "id": table[mapping.columns.ticket_id]}),
        sort_keys=[("at", "ascending"), ("id", "ascending")],
    )
    return table.take(order), created.take(order)


def _check_ids(ids: pa.ChunkedArray, file: Path, column: str) -> None:
    """Each ticket has an id of its own."""
    if ids.null_count:
        raise InvalidInputError(f"{file.name}: {ids.null_count} tickets have no {column}.")
    counts = ids.value_counts()
    repeated = counts.filter(pc.greater(counts.field("counts"), 1))
    if len(repeated):
        example = repeated[0].as_py()["values"]
        raise InvalidInputError(
            f"{file.name}, column {column}: {len(repeated)} ids occur more than once, such as "
            f"“{example}”. Remove the repeated tickets."
        )


def _segment(column: pa.ChunkedArray) -> tuple[tuple[str, ...], Integers]:
    """Values, busiest first, and for each ticket the code of its own; −1 where it is missing."""
    names = by_frequency(column)
    return tuple(names), codes(column, names)
