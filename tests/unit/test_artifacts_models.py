"""Loading: only verified bytes, no pickle, whichever library; and what readiness means."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.artifacts.types import ProbeState
from dashboard.artifacts import features, files, models
from dashboard.artifacts.inspection import inspect
from dashboard.artifacts.readiness import readiness
from dashboard.artifacts.verify import verify_all
from dashboard.settings import settings
from queries.artifact_rows import ArtifactRow, ProbeRow
from queries.errors import IntegrityFailureError, InvalidInputError
from tests.unit.artifact_shelf import (
    NAMES,
    NOW,
    SCHEMA,
    Shelf,
    lightgbm_bytes,
    sha256,
    training_data,
    xgboost_bytes,
)


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    found = Shelf.new(tmp_path / "models")
    monkeypatch.setenv("PLUMBLINE_MODELS_DIR", str(found.folder))
    monkeypatch.setenv("PLUMBLINE_KEYS_DIR", str(found.folder / "keys"))
    monkeypatch.delenv("PLUMBLINE_OWN_URL", raising=False)
    settings.cache_clear()
    yield found
    settings.cache_clear()


def load(shelf: Shelf, row: ArtifactRow) -> models.VerifiedModel:
    return models.load_verified(row.model_version, [row], trust=shelf.trust(), at=NOW)


@pytest.mark.parametrize(
    ("name", "content", "family"),
    [
        ("model.ubj", xgboost_bytes("ubj"), "xgboost"),
        ("model.json", xgboost_bytes("json"), "xgboost"),
        ("model.txt", lightgbm_bytes(), "lightgbm"),
    ],
)
def test_native_files_of_both_families(
    shelf: Shelf, name: str, content: bytes, family: str
) -> None:
    model = load(shelf, shelf.put(name, content))

    assert model.family == family
    assert model.digest == sha256(content)
    assert model.feature_names == tuple(NAMES)
    assert model.best_iteration is None
    assert model.trees == 8
    assert model.schema is not None
    scores = model.score(training_data()[0][:5])
    assert np.all((scores > 0) & (scores < 1))


def test_an_early_stopped_model_keeps_its_best_iteration(shelf: Shelf) -> None:
    import xgboost as xgb

    model = load(shelf, shelf.put("model.ubj", xgboost_bytes(early=True)))

    assert model.best_iteration is not None
    assert model.iteration_range == (0, model.best_iteration + 1)
    assert model.best_iteration + 1 < model.trees
    matrix = training_data()[0][:20]
    table = xgb.DMatrix(matrix, feature_names=NAMES)
    cut = model.booster.predict(table, iteration_range=(0, model.best_iteration + 1))
    assert model.score(matrix) == pytest.approx(cut.astype(float))


def test_a_file_that_fails_is_never_loaded(shelf: Shelf) -> None:
    row = shelf.production()
    path = shelf.folder / row.path
    content = bytearray(path.read_bytes())
    content[100] ^= 4
    path.write_bytes(content)

    with pytest.raises(IntegrityFailureError, match="INTEGRITY FAILURE in model"):
        load(shelf, row)


class _Payload:
    """A pickle that leaves a trace when it is loaded."""

    def __init__(self, trace: str) -> None:
        self.trace = trace

    def __reduce__(self) -> Any:
        return os.mkdir, (self.trace,)


def test_a_pickle_is_verified_and_never_run(shelf: Shelf, tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    row = shelf.put("risk_model_latest.joblib", pickle.dumps(_Payload(str(trace))))

    found = inspect([row], [], NOW, fresh=True)

    assert found.checks[0].sound
    assert found.readiness[0].loadable is None
    assert "never loaded here" in found.readiness[0].sentence
    with pytest.raises(InvalidInputError, match="no file in a native format"):
        load(shelf, row)
    assert not trace.exists()


def test_a_pickle_under_a_native_name_is_not_run_either(shelf: Shelf, tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    for name in ("model.ubj", "model.json", "model.txt"):
        row = shelf.put(name, pickle.dumps(_Payload(str(trace))))
        with pytest.raises(IntegrityFailureError, match="cannot read it"):
            load(shelf, row)
    assert not trace.exists()


def test_a_rename_after_the_reading_changes_nothing(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The race: another file takes the name between the check and the loading."""
    row = shelf.production()
    other = shelf.folder / "other.ubj"
    other.write_bytes(xgboost_bytes(seed=9))
    reading = files.read

    def read_then_swap(folder: Path, name: str, **given: Any) -> bytes:
        content = reading(folder, name, **given)
        if name == row.path:
            other.replace(folder / name)
        return content

    monkeypatch.setattr(files, "read", read_then_swap)
    model = load(shelf, row)

    assert (shelf.folder / row.path).read_bytes() == xgboost_bytes(seed=9)
    assert model.digest == sha256(xgboost_bytes())
    assert bytes(model.booster.save_raw("ubj")) == xgboost_bytes()


def test_a_rename_before_the_reading_is_refused(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = shelf.production()
    other = shelf.folder / "other.ubj"
    other.write_bytes(xgboost_bytes(seed=9))
    reading = files.read

    def swap_then_read(folder: Path, name: str, **given: Any) -> bytes:
        if name == row.path and other.exists():
            other.replace(folder / name)
        return reading(folder, name, **given)

    monkeypatch.setattr(files, "read", swap_then_read)

    with pytest.raises(IntegrityFailureError):
        load(shelf, row)


def test_the_file_is_verified_again_at_every_call(shelf: Shelf) -> None:
    row = shelf.production()
    first = load(shelf, row)
    assert load(shelf, row).booster is first.booster

    (shelf.folder / row.path).write_bytes(b"")

    with pytest.raises(IntegrityFailureError):
        load(shelf, row)


def test_two_files_never_share_a_model(shelf: Shelf) -> None:
    one = load(shelf, shelf.put("one.ubj", xgboost_bytes(), version="a"))
    other = load(shelf, shelf.put("other.ubj", xgboost_bytes(seed=2), version="b"))

    assert one.booster is not other.booster
    assert one.digest != other.digest


def test_features_in_another_order_than_signed_are_refused(shelf: Shelf) -> None:
    turned = features.file_name(SCHEMA.sha256)
    schema = type(SCHEMA)(tuple(reversed(SCHEMA.features)))
    (shelf.folder / features.file_name(schema.sha256)).write_bytes(schema.document)
    row = shelf.put("model.ubj", xgboost_bytes(), feature_schema_sha256=schema.sha256)
    assert turned != features.file_name(schema.sha256)

    with pytest.raises(IntegrityFailureError, match="features are not those, in that order"):
        models.load_verified(
            row.model_version, [row], trust=shelf.trust(features=frozenset()), at=NOW
        )


def test_an_altered_schema_counts_as_none(shelf: Shelf) -> None:
    path = shelf.folder / features.file_name(SCHEMA.sha256)
    path.write_bytes(path.read_bytes().replace(b"leak", b"luck"))

    assert load(shelf, shelf.production()).schema is None


def test_stored_features_become_a_row(shelf: Shelf) -> None:
    schema = features.load(shelf.folder, SCHEMA.sha256)
    assert schema is not None

    row = schema.matrix([{"kind": "light", "urgent": True, "depth": None, "more": 1}])

    assert np.isnan(row[0, 0])
    assert row[0, 1:].tolist() == [1.0, 1.0]
    for wrong in ({"kind": "tree"}, {"urgent": 1}, {"depth": "2"}, {"depth": True}):
        with pytest.raises(ValueError, match=r".+"):
            schema.matrix([{"kind": "leak", "urgent": False, "depth": 1, **wrong}])
    with pytest.raises(ValueError, match="lack kind"):
        schema.matrix([{"urgent": False, "depth": 1}])


STORED = {"kind": "leak", "urgent": True, "depth": 0.5}


def probe(shelf: Shelf, row: ArtifactRow, off: float = 0.0, stored: Any = STORED) -> ProbeRow:
    model = load(shelf, row)
    assert model.schema is not None
    score = float(model.score(model.schema.matrix([STORED]))[0])
    made = NOW - timedelta(hours=1)
    return ProbeRow(row.model_version, 7, made, stored, round(score + off, 6))


def tried(shelf: Shelf, row: ArtifactRow, probes: dict[str, ProbeRow]) -> Any:
    trust = shelf.trust()
    return readiness([row], verify_all([row], trust, NOW), probes, trust)[0]


def test_a_way_back_gives_its_recorded_score(shelf: Shelf) -> None:
    row = shelf.put("model.ubj", xgboost_bytes(), role="rollback")

    found = tried(shelf, row, {row.model_version: probe(shelf, row)})

    assert found.probe is ProbeState.REPRODUCED
    assert found.ready


@pytest.mark.parametrize(
    ("off", "stored", "state"),
    [
        (0.001, STORED, ProbeState.DIFFERS),
        (0.0, {"kind": "tree", "urgent": True, "depth": 1}, ProbeState.FAILED),
        (0.0, [1, 2], ProbeState.FAILED),
    ],
)
def test_a_way_back_that_scores_otherwise_is_not_ready(
    shelf: Shelf, off: float, stored: Any, state: ProbeState
) -> None:
    row = shelf.put("model.ubj", xgboost_bytes(), role="rollback")

    found = tried(shelf, row, {row.model_version: probe(shelf, row, off, stored)})

    assert found.probe is state
    assert not found.ready


def test_without_a_prediction_a_row_of_missing_values_is_scored(shelf: Shelf) -> None:
    found = tried(shelf, shelf.put("model.txt", lightgbm_bytes(), role="rollback"), {})

    assert found.probe is ProbeState.SCORED
    assert found.ready


def test_a_refused_file_is_not_ready_whatever_else_is_there(shelf: Shelf) -> None:
    row = shelf.put("model.ubj", xgboost_bytes(), role="rollback")
    (shelf.folder / row.path).unlink()

    found = tried(shelf, row, {})

    assert found.loadable is False
    assert not found.ready


def test_without_a_folder_nothing_is_loaded(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    row = shelf.production()
    monkeypatch.delenv("PLUMBLINE_MODELS_DIR")
    settings.cache_clear()

    with pytest.raises(InvalidInputError, match="PLUMBLINE_MODELS_DIR"):
        models.load_verified(row.model_version, [row])
