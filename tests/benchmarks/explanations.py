"""A night's attestation: 4,110 stored explanations of a model of 300 trees × depth 6 × 30.

``python -m tests.benchmarks explanations``: a model of that size is trained, its file signed and
verified, its explanations are written as the audit stores them, JSON and all, and attested. CPU
time of the whole process counts, all threads together.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np

from dashboard.artifacts import models
from dashboard.artifacts.models import VerifiedModel
from dashboard.explanations.attest import Loaded, Tally, attest
from dashboard.explanations.recompute import recompute, usable_rows
from dashboard.sample.features import Feature, Kind, Schema
from dashboard.sample.signing import Origin, Signer
from queries.explanation_rows import ExplanationRow
from queries.explanations import BATCH
from tests.unit.artifact_shelf import LAST, MADE, NOW, Shelf, registered

TREES, DEPTH, FEATURES, TICKETS = 300, 6, 30, 4_110
BUDGET_S = 12.0


def run_from(words: Sequence[str]) -> None:
    """Attest the tickets asked for and print what it cost."""
    parser = argparse.ArgumentParser(prog="explanations", description=__doc__)
    parser.add_argument("--tickets", type=int, default=TICKETS)
    tickets: int = parser.parse_args(words).tickets
    with tempfile.TemporaryDirectory() as folder:
        model = _model(Path(folder))
    rows = _written(model, tickets)
    cpu, wall = process_time(), perf_counter()
    tally = Tally()
    for start in range(0, len(rows), BATCH):
        batch = [_read(row) for row in rows[start : start + BATCH]]
        tally.add(batch, attest(batch, Loaded(model)))
    cpu, wall = process_time() - cpu, perf_counter() - wall
    print(f"Attestation of {tickets:,} explanations, {TREES} trees × {DEPTH} × {FEATURES}")
    print(f"  verified {tally.verified:,}, mismatched {tally.mismatched:,}")
    each = 1000 * cpu / tickets
    print(f"  {cpu:.2f} CPU-s (budget {BUDGET_S:.0f}), {wall:.2f} s, {each:.2f} ms a row")
    if tally.verified != tickets:
        raise SystemExit("Not every explanation could be verified.")


def _schema() -> Schema:
    numbers = [Feature(f"f{place:02d}", Kind.NUMBER, decimals=3) for place in range(FEATURES - 4)]
    flags = [Feature(f"flag{place}", Kind.FLAG) for place in range(3)]
    return Schema((*numbers, *flags, Feature("kind", Kind.CATEGORY, categories=tuple("abcdefgh"))))


def _model(folder: Path) -> VerifiedModel:
    """Trained, signed and verified like any other."""
    import xgboost as xgb

    chance = np.random.default_rng(11)
    matrix = chance.normal(size=(20_000, FEATURES)).astype(np.float32)
    label = (matrix[:, :8].sum(axis=1) + chance.normal(size=20_000) > 0).astype(np.int32)
    schema = _schema()
    table = xgb.DMatrix(matrix, label, feature_names=schema.names)
    options = {"objective": "binary:logistic", "max_depth": DEPTH, "eta": 0.1, "seed": 3}
    booster = xgb.train(options, table, TREES)
    shelf = Shelf(folder, Signer(folder))
    (folder / f"feature_schema_{schema.sha256[:16]}.json").write_bytes(schema.document)
    origin = Origin("big-1", "production", "run-big-1", schema.sha256, MADE, LAST)
    row = registered(shelf.signer.write("big.ubj", bytes(booster.save_raw("ubj")), origin))
    trust = shelf.trust(features=frozenset({schema.sha256}))
    return models.load_verified("big-1", [row], trust=trust, at=NOW)


def _written(model: VerifiedModel, tickets: int) -> list[tuple[int, str, str, float]]:
    """Explanations as a platform stores them: id, features and values as JSON, base value."""
    chance = np.random.default_rng(12)
    assert model.schema is not None
    documents: list[dict[str, Any]] = []
    for _ in range(tickets):
        numbers = chance.normal(size=FEATURES - 4).round(3).tolist()
        flags = [bool(one) for one in chance.integers(0, 2, 3)]
        values = [*numbers, *flags, str(chance.choice(list("abcdefgh")))]
        documents.append(dict(zip(model.feature_names, values, strict=True)))
    _, matrix = usable_rows(model.schema, documents)
    found = recompute(model, matrix).values
    return [
        (
            place,
            json.dumps(documents[place]),
            json.dumps(dict(zip(model.feature_names, found[place, :-1].tolist(), strict=True))),
            float(found[place, -1]),
        )
        for place in range(tickets)
    ]


def _read(row: tuple[int, str, str, float]) -> ExplanationRow:
    place, features, values, base = row
    return ExplanationRow(
        place, NOW - timedelta(seconds=place), "big-1", "tree_path_dependent", "log_odds", base,
        json.loads(values), "xgboost", "production", json.loads(features), 0.5, "standard",
    )  # fmt: skip


if __name__ == "__main__":
    run_from(())
