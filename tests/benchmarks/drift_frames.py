"""Rows of a programme as data frames, the way that users of other tools would fetch them."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa
import sqlalchemy as sa
from psycopg import sql
from pyarrow import csv

from queries.drift_rows import Layout, VariableKind
from queries.scope import Scope

SCORES = ("rules_score", "ml_score", "llm_score", "final_score")
_ROWS = sql.SQL(
    "COPY (SELECT f.*, {scores}, final_decision FROM prediction_audit, "
    "jsonb_to_record(features) AS f({features}) WHERE environment = 'production' "
    "AND scored_at >= {start} AND scored_at < {until} AND prediction_id % {step} = 0 "
    "LIMIT {rows}) TO STDOUT (FORMAT csv, HEADER)"
)


def frame(source: sa.Engine, layout: Layout, scope: Scope, rows: int, held: int) -> pd.DataFrame:
    """About so many rows of a window, spread over it: numbers as float, the rest as text.

    Columns are taken out of the documents by the server and read by Arrow: the fastest way that
    asks for nothing but SQL.
    """
    numbers = {each.short_name: each.kind is VariableKind.NUMBER for each in layout.features}
    kinds = {name: "float8" if is_number else "text" for name, is_number in numbers.items()}
    statement = _ROWS.format(
        scores=sql.SQL(", ").join(map(sql.Identifier, SCORES)),
        features=sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind))
            for name, kind in kinds.items()
        ),
        start=scope.start,
        until=scope.until,
        step=max(1, held // rows),
        rows=rows,
    )
    with source.connect() as connection:
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(statement) as copying:
            sent = b"".join(copying)
    columns = {
        name: pa.float64() if is_number else pa.string() for name, is_number in numbers.items()
    }
    columns |= {name: pa.float64() for name in SCORES} | {"final_decision": pa.string()}
    read = csv.read_csv(
        pa.BufferReader(sent), convert_options=csv.ConvertOptions(column_types=columns)
    )
    wide: pd.DataFrame = read.to_pandas()
    return wide
