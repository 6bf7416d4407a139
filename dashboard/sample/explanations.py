"""Stored explanations: SHAP values by the libraries' own path-dependent algorithm."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from dashboard.sample.audit_rows import constant, times
from dashboard.sample.features import Flags, Integers, json_documents
from dashboard.sample.models import Matrix, Model
from dashboard.sample.scoring import Words

METHOD = "tree_path_dependent"
OUTPUT_SPACE = "log_odds"
SHARE_BEFORE = 0.10
"""Share of predictions that are explained before the last quarter; then all are."""


def chosen(rng: np.random.Generator, scored_at: Integers, all_since: int) -> Flags:
    """Which predictions keep an explanation."""
    return (rng.random(len(scored_at)) < SHARE_BEFORE) | (scored_at >= all_since)


def explanation_table(
    prediction_id: Integers,
    scored_at: Integers,
    version: str,
    model: Model,
    names: list[str],
    matrix: Matrix,
    swapped: Flags,
) -> pa.Table:
    """Explanations of one model; in ``swapped`` rows the two largest values are exchanged."""
    values = model.contributions(matrix)
    shap, base = values[:, :-1].copy(), values[:, -1]
    for row in np.flatnonzero(swapped):
        largest = np.argsort(-np.abs(shap[row]), kind="stable")[:2]
        shap[row, largest] = shap[row, largest[::-1]]
    columns = [pa.array(shap[:, place]).cast(pa.string()) for place in range(len(names))]
    n = len(matrix)
    return pa.table(
        {
            "prediction_id": prediction_id,
            "scored_at": times(scored_at),
            "model_version": constant(version, n),
            "method": constant(METHOD, n),
            "output_space": constant(OUTPUT_SPACE, n),
            "base_value": pa.array(base),
            "shap_values": json_documents(names, columns),
            "library_version": constant(model.library, n),
        }
    )


def explanation_tables(
    prediction_id: Integers,
    scored_at: Integers,
    versions: Words,
    models: dict[str, Model],
    names: list[str],
    matrix: Matrix,
    swapped: Flags,
) -> list[pa.Table]:
    """One table for each model that scored these predictions."""
    tables = []
    for version in sorted(set(versions)):
        rows = versions == version
        tables.append(
            explanation_table(
                prediction_id[rows],
                scored_at[rows],
                version,
                models[version],
                names,
                matrix[rows],
                swapped[rows],
            )
        )
    return tables
