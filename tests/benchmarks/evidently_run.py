"""Runs inside Evidently's own environment: its drift preset on two files of rows.

``python evidently_run.py REFERENCE.parquet CURRENT.parquet`` prints seconds of the wall clock, of
the processor, peak memory in MB, and the number of scores. Reading the files and importing are
not counted.
"""

from __future__ import annotations

import resource
import sys
from time import perf_counter, process_time

import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset


def main(reference: str, current: str) -> None:
    sides = [pd.read_parquet(name) for name in (reference, current)]
    numbers = [name for name in sides[0] if pd.api.types.is_float_dtype(sides[0][name])]
    categories = [name for name in sides[0] if name not in numbers]
    begun, busy = perf_counter(), process_time()
    kinds = DataDefinition(numerical_columns=numbers, categorical_columns=categories)
    before, after = (Dataset.from_pandas(side, data_definition=kinds) for side in sides)
    run = Report([DataDriftPreset()]).run(after, before)
    scores = [
        metric
        for metric in run.dict()["metrics"]
        if "ValueDrift" in str(metric.get("metric_name", metric.get("metric_id", "")))
    ]
    seconds, processor = perf_counter() - begun, process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{seconds:.3f} {processor:.3f} {peak} {len(scores)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
