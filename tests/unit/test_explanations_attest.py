"""Attestation: what the libraries give is verified, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.explanations.types import BIAS, Unverified
from dashboard.artifacts import models
from dashboard.artifacts.models import VerifiedModel
from dashboard.explanations.attest import Batch, Loaded, attest, loaded
from dashboard.explanations.recompute import recompute, usable_rows
from queries.explanation_rows import ExplanationRow
from tests.unit.artifact_shelf import (
    NAMES,
    NOW,
    Shelf,
    lightgbm_bytes,
    training_data,
    xgboost_bytes,
)

DOCUMENTS: list[dict[str, Any]] = [
    {"depth": 0.5, "urgent": True, "kind": "leak"},
    {"depth": -1.25, "urgent": False, "kind": "light"},
    {"depth": None, "urgent": True, "kind": None},
    {"depth": 0.1, "urgent": None, "kind": "light"},
]
"""Categories, flags and missing values."""


def native(content: bytes, suffix: str) -> Callable[..., tuple[Any, Any]]:
    """What the library itself gives, without a line of ours: attributions and base values."""
    matrix = np.array(
        [[0.5, 1, 0], [-1.25, 0, 1], [np.nan, 1, np.nan], [0.1, np.nan, 1]], dtype=np.float64
    )
    if suffix == "txt":
        import lightgbm as lgb

        text = lgb.Booster(model_str=content.decode())
        return lambda **_: np.split(np.asarray(text.predict(matrix, pred_contrib=True)), [3], 1)
    import xgboost as xgb

    booster = xgb.Booster()
    booster.load_model(bytearray(content))
    table = xgb.DMatrix(matrix.astype(np.float32), feature_names=NAMES)

    def values(trees: tuple[int, int] = (0, 0)) -> Any:
        given = booster.predict(table, pred_contribs=True, iteration_range=trees)
        return np.split(given, [3], axis=1)

    return values


@pytest.fixture(params=["ubj", "json", "txt"])
def stored(request: Any, tmp_path: Path) -> tuple[VerifiedModel, list[ExplanationRow]]:
    """A verified model of each format, and explanations by its library as a platform keeps them."""
    content = lightgbm_bytes() if request.param == "txt" else xgboost_bytes(request.param)
    model = load(Shelf.new(tmp_path / "models"), f"model.{request.param}", content)
    return model, rows(*native(content, request.param)())


def load(shelf: Shelf, name: str, content: bytes) -> VerifiedModel:
    row = shelf.put(name, content)
    return models.load_verified(row.model_version, [row], trust=shelf.trust(), at=NOW)


def rows(values: Any, base: Any) -> list[ExplanationRow]:
    return [
        ExplanationRow(
            prediction_id=place,
            scored_at=NOW - timedelta(hours=place),
            model_version="xgb-2",
            method="tree_path_dependent",
            output_space="log_odds",
            base_value=float(base[place, 0]),
            shap_values=dict(zip(NAMES, values[place].tolist(), strict=True)),
            library_version="x",
            environment="production",
            features=document,
            ml_score=0.5,
            ml_decision="standard",
        )
        for place, document in enumerate(DOCUMENTS)
    ]


def changed(row: ExplanationRow, **values: Any) -> ExplanationRow:
    return replace(row, shap_values={**row.shap_values, **values})


def only(found: Batch) -> Any:
    assert len(found.mismatches) == 1
    return found.mismatches[0]


def test_what_the_library_gives_is_verified(stored):
    model, given = stored

    found = attest(given, Loaded(model))

    assert found.compared.verified == len(given)
    assert not found.mismatches
    assert not found.reasons


def test_two_swapped_values_are_named_though_the_sum_holds(stored):
    model, given = stored
    values = given[0].shap_values
    first, second = sorted(values, key=lambda name: -abs(values[name]))[:2]
    given[0] = changed(given[0], **{first: values[second], second: values[first]})

    wrong = only(attest(given, Loaded(model)))

    assert wrong.prediction_id == 0
    assert {one.feature for one in wrong.elements} == {first, second}
    assert {one.feature: one.recomputed for one in wrong.elements} == pytest.approx(
        {first: values[first], second: values[second]}, abs=1e-6
    )
    assert abs(wrong.sum_gap) < 1e-5


def test_a_small_change_that_keeps_the_sum_is_found(stored):
    model, given = stored
    values = given[1].shap_values
    given[1] = changed(given[1], depth=values["depth"] + 3e-5, kind=values["kind"] - 3e-5)

    wrong = only(attest(given, Loaded(model)))

    assert [one.feature for one in wrong.elements] == ["depth", "kind"]
    assert abs(wrong.sum_gap) < 1e-5


def test_values_rounded_to_six_decimals_are_the_same_values(stored):
    model, given = stored
    given = [
        replace(row, shap_values={name: round(v, 6) for name, v in row.shap_values.items()})
        for row in given
    ]

    assert attest(given, Loaded(model)).compared.verified == len(given)


def test_a_wrong_base_value_is_named(stored):
    model, given = stored
    given[2] = replace(given[2], base_value=given[2].base_value + 0.044)

    wrong = only(attest(given, Loaded(model)))

    assert [one.feature for one in wrong.elements] == [BIAS]
    assert wrong.sum_gap == pytest.approx(0.044, abs=1e-5)


@pytest.mark.parametrize("bad", [None, "0.2", True, float("nan"), float("inf")])
def test_a_value_that_is_no_number_never_passes(stored, bad):
    model, given = stored
    given[0] = changed(given[0], depth=bad)

    wrong = only(attest(given, Loaded(model)))

    assert wrong.elements[0].feature == "depth"
    assert wrong.elements[0].stored is None
    assert wrong.sum_gap is None


def test_columns_under_other_names_are_found(stored):
    model, given = stored
    turned = [NAMES[1], NAMES[2], NAMES[0]]
    values = [given[0].shap_values[name] for name in NAMES]
    given[0] = replace(given[0], shap_values=dict(zip(turned, values, strict=True)))

    assert len(only(attest(given, Loaded(model))).elements) >= 2


def test_a_missing_and_a_surplus_name_are_found(stored):
    model, given = stored
    renamed = {**given[0].shap_values, "deep": given[0].shap_values["depth"]}
    del renamed["depth"]
    given[0] = replace(given[0], shap_values=renamed)

    wrong = only(attest(given, Loaded(model)))

    assert [
        (one.feature, one.stored is None, one.recomputed is None) for one in wrong.elements
    ] == [
        ("depth", True, False),
        ("deep", False, True),
    ]


def test_an_early_stopped_model_is_asked_for_its_own_trees(tmp_path):
    content = xgboost_bytes(early=True)
    model = load(Shelf.new(tmp_path / "models"), "model.ubj", content)
    library = native(content, "ubj")

    right = attest(rows(*library(trees=model.iteration_range)), Loaded(model))
    wrong = attest(rows(*library(trees=(0, model.trees))), Loaded(model))

    assert model.iteration_range[1] < model.trees
    assert right.compared.verified == len(DOCUMENTS)
    assert len(wrong.mismatches) == len(DOCUMENTS)


def test_native_categories_are_recomputed(tmp_path):
    import xgboost as xgb

    matrix, label = training_data()
    codes = np.abs(matrix[:, 2]) > 0.7
    table = xgb.DMatrix(
        np.column_stack([matrix[:, 0], matrix[:, 1] > 0, codes]),
        label,
        feature_names=NAMES,
        feature_types=["q", "i", "c"],
        enable_categorical=True,
    )
    booster = xgb.train({"objective": "binary:logistic", "max_depth": 3}, table, 5)
    model = load(Shelf.new(tmp_path / "models"), "model.ubj", bytes(booster.save_raw("ubj")))
    given = np.array([[0.5, 1, 0], [-1.25, 0, 1], [np.nan, 1, np.nan], [0.1, np.nan, 1]])
    expected = booster.predict(
        xgb.DMatrix(
            given, feature_names=NAMES, feature_types=["q", "i", "c"], enable_categorical=True
        ),
        pred_contribs=True,
    )

    found = attest(rows(*np.split(expected, [3], axis=1)), Loaded(model))

    assert found.compared.verified == len(DOCUMENTS)
    # The same model tried out as a way back: its categories are categories there too.
    assert model.score(given.astype(np.float32)) == pytest.approx(
        1 / (1 + np.exp(-expected.sum(axis=1))), abs=1e-6
    )


def test_lightgbm_with_categories_stopped_early(tmp_path):
    """Its text holds the trees up to the best one; one that holds them all is another model."""
    import lightgbm as lgb

    matrix, label = training_data()
    matrix = np.column_stack([matrix[:, 0], matrix[:, 1] > 0, np.abs(matrix[:, 2]) > 0.7])
    data = lgb.Dataset(
        matrix[:300], label[:300], feature_name=NAMES, categorical_feature=[NAMES[2]]
    )
    booster = lgb.train(
        {"objective": "binary", "num_leaves": 4, "num_threads": 1, "verbosity": -1},
        data,
        30,
        valid_sets=[lgb.Dataset(matrix[300:], 1 - label[300:], reference=data)],
        keep_training_booster=True,
        callbacks=[lgb.early_stopping(2, verbose=False)],
    )
    given = np.array([[0.5, 1, 0], [-1.25, 0, 1], [np.nan, 1, np.nan], [0.1, np.nan, 1]])
    explained = rows(*np.split(np.asarray(booster.predict(given, pred_contrib=True)), [3], axis=1))
    shelf = Shelf.new(tmp_path / "models")
    best = load(shelf, "best.txt", booster.model_to_string().encode())
    every = load(shelf, "every.txt", booster.model_to_string(num_iteration=-1).encode())

    assert best.trees < every.trees
    assert attest(explained, Loaded(best)).compared.verified == len(DOCUMENTS)
    assert len(attest(explained, Loaded(every)).mismatches) == len(DOCUMENTS)


def test_lightgbm_in_single_and_in_double_precision_are_both_its_own(tmp_path):
    """A threshold may lie between a number and its single-precision neighbour."""
    import lightgbm as lgb

    chance = np.random.default_rng(8)
    depth = chance.choice([0.1, 0.2, 0.3, 0.7], 400)
    matrix = np.column_stack([depth, chance.integers(0, 2, 400), chance.integers(0, 2, 400)])
    options = {"objective": "binary", "num_leaves": 8, "min_data_in_leaf": 5, "verbosity": -1}
    data = lgb.Dataset(matrix, depth > 0.15, feature_name=NAMES)
    booster = lgb.train({**options, "num_threads": 1}, data, 8)
    content = booster.model_to_string().encode()
    model = load(Shelf.new(tmp_path / "models"), "model.txt", content)
    given = np.array([[0.1, 1, 0], [0.2, 0, 1], [np.nan, 1, np.nan], [0.7, np.nan, 1]])
    documents = [
        {**document, "depth": depth}
        for document, depth in zip(DOCUMENTS, [0.1, 0.2, None, 0.7], strict=True)
    ]

    for seen in (given, given.astype(np.float32)):
        values = np.asarray(booster.predict(seen, pred_contrib=True))
        explained = rows(*np.split(values, [3], axis=1))
        asked = [replace(r, features=d) for r, d in zip(explained, documents, strict=True)]
        assert attest(asked, Loaded(model)).compared.verified == len(asked)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"method": "interventional"}, Unverified.METHOD),
        ({"output_space": "probability"}, Unverified.OUTPUT_SPACE),
        ({"environment": None, "features": None}, Unverified.PREDICTION_GONE),
        ({"features": None}, Unverified.FEATURES),
        ({"features": {"depth": 1.0, "urgent": True}}, Unverified.FEATURES),
        ({"features": {"depth": 1.0, "urgent": True, "kind": "tree"}}, Unverified.FEATURES),
        ({"features": [1, 2, 3]}, Unverified.FEATURES),
    ],
)
def test_what_cannot_be_recomputed_is_counted_under_its_reason(stored, changes, reason):
    model, given = stored
    given[0] = replace(given[0], **changes)

    found = attest(given, Loaded(model))

    assert found.reasons == {reason: 1}
    assert found.compared.verified == len(given) - 1
    assert not found.mismatches


def test_a_tampered_model_verifies_nothing(tmp_path):
    shelf = Shelf.new(tmp_path / "models")
    row = shelf.production()
    path = shelf.folder / row.path
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    def load_now(version: str) -> VerifiedModel:
        return models.load_verified(version, [row], trust=shelf.trust(), at=NOW)

    found = loaded("xgb-2", load_now)
    given = rows(*native(xgboost_bytes(), "ubj")())
    made = attest(given, found)

    assert found.refused is Unverified.MODEL_REFUSED
    assert "INTEGRITY FAILURE" in found.detail
    assert made.reasons == {Unverified.MODEL_REFUSED: len(given)}
    assert made.compared.verified == 0
    assert loaded("xgb-9", load_now).refused is Unverified.MODEL_GONE


def test_without_the_signed_schema_nothing_is_guessed(tmp_path):
    shelf = Shelf.new(tmp_path / "models")
    row = shelf.production()
    next(shelf.folder.glob("feature_schema_*")).unlink()

    found = loaded(
        "xgb-2", lambda name: models.load_verified(name, [row], trust=shelf.trust(), at=NOW)
    )

    assert found.refused is Unverified.SCHEMA_GONE


def test_the_order_of_stored_names_does_not_matter(stored):
    model, given = stored
    turned = dict(reversed(list(given[0].shap_values.items())))

    assert attest([replace(given[0], shap_values=turned)], Loaded(model)).compared.verified == 1


def test_a_batch_gives_what_each_row_gives(stored):
    model, _ = stored
    assert model.schema is not None
    _, matrix = usable_rows(model.schema, DOCUMENTS)

    whole = recompute(model, matrix)
    single = [recompute(model, matrix[[place]]).values[0] for place in range(len(matrix))]

    assert np.array_equal(whole.values, np.array(single))
    assert whole.values.sum(axis=1) == pytest.approx(whole.output, abs=1e-5)
