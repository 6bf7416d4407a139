"""A sample programme really built: its files, explanations, keys, and real tickets."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import joblib
import lightgbm as lgb
import numpy as np
import psycopg
import pyarrow as pa
import pytest
import sqlalchemy as sa
import xgboost as xgb

from dashboard.progress import SilentProgress
from dashboard.sample.load import Loader
from dashboard.sample.programme import build, open_source
from dashboard.sample.recipe import Recipe
from queries.contract_ddl import create_relations
from tests.conftest import SAMPLE_UNTIL, connected, new_database
from tests.contract.sample_questions import (
    defect,
    environments,
    missed,
    not_in_force,
    one,
    rows,
    without_cause,
)

SMALL = Recipe(6_000, years=0.6, seed=11, until=SAMPLE_UNTIL)
SHARED = Path(__file__).parents[3] / "shared" / "data"
LA311 = Path(os.environ.get("PLUMBLINE_SHARED_DATA") or SHARED) / "la311_requests_2017.csv"
LA311_MAPPING = Path(__file__).parents[2] / "dashboard" / "sample" / "la311.toml"


class Programme(NamedTuple):
    """A small programme of its own, with the model files that the shared ones lack."""

    url: str
    folder: Path


@pytest.fixture(scope="module")
def programme(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programme]:
    folder = tmp_path_factory.mktemp("models")
    with new_database(server_url) as url:
        build(url, SMALL, folder, SilentProgress())
        yield Programme(url, folder)


def _artifacts(programme: Programme) -> list[Any]:
    return rows(programme.url, "SELECT * FROM model_artifacts ORDER BY path")


def test_one_file_was_tampered_with_and_one_model_signed_for_another_role(programme):
    tampered, misplaced = [], []
    for row in _artifacts(programme):
        content = (programme.folder / row.path).read_bytes()
        assert len(content) == row.size_bytes
        if hashlib.sha256(content).hexdigest() != row.sha256:
            tampered.append(row.role)
        if row.manifest["role"] != row.role:
            misplaced.append(row.role)
    assert tampered == ["retired"]
    assert set(misplaced) == {"candidate"}
    roles = [row.role for row in _artifacts(programme)]
    assert {role: roles.count(role) for role in roles} == {
        "production": 2,
        "candidate": 2,
        "rollback": 2,
        "retired": 4,
    }


def test_the_fixed_names_load_as_models(programme):
    latest = joblib.load(programme.folder / "risk_model_latest.joblib")
    candidate = joblib.load(programme.folder / "risk_model_candidate.joblib")
    assert isinstance(latest, xgb.Booster)
    assert isinstance(candidate, lgb.Booster)


def _stored(programme: Programme, version: str) -> tuple[Any, list[str], np.ndarray, list[Any]]:
    """The native model and what was stored of its newest explanations."""
    names = one(
        programme.url,
        "SELECT array_agg(key ORDER BY length(key), key) FROM (SELECT jsonb_object_keys(features)"
        " AS key FROM (SELECT features FROM prediction_audit LIMIT 1) a) k",
    )
    found = rows(
        programme.url,
        "SELECT e.*, a.features, a.ml_score FROM prediction_explanations e"
        " JOIN prediction_audit a USING (prediction_id) WHERE e.model_version = :version"
        " ORDER BY prediction_id",
        version=version,
    )
    booster = xgb.Booster(model_file=str(programme.folder / f"risk_model_{version}.ubj"))
    assert set(names) == set(booster.feature_names)
    schema = open_source(SMALL).schema
    matrix = np.array(
        [
            [
                np.nan
                if row.features[feature.name] is None
                else feature.code(row.features[feature.name])
                if feature.categories
                else float(row.features[feature.name])
                for feature in schema.features
            ]
            for row in found
        ],
        dtype=np.float32,
    )
    return booster, schema.names, matrix, found


def test_explanations_can_be_recomputed_from_the_stored_model_but_for_the_swapped(programme):
    booster, names, matrix, found = _stored(programme, "xgb-4")
    again = booster.predict(xgb.DMatrix(matrix, feature_names=names), pred_contribs=True)
    stored = np.array([[row.shap_values[name] for name in names] for row in found])
    base = np.array([row.base_value for row in found])
    differing = np.abs(stored - again[:, :-1]) > 1e-6
    assert set(differing.sum(axis=1)) == {0, 2}
    assert differing.any(axis=1).sum() == defect("swapped_shap", SMALL).records
    np.testing.assert_allclose(base, again[:, -1], atol=1e-6)
    score = 1 / (1 + np.exp(-(stored.sum(axis=1) + base)))
    np.testing.assert_allclose(score, [row.ml_score for row in found], atol=1e-5)


def test_every_recent_prediction_is_explained(programme):
    missing = one(
        programme.url,
        """
        SELECT count(*) FROM prediction_audit a LEFT JOIN prediction_explanations e
            USING (prediction_id)
        WHERE a.environment = 'production' AND e.prediction_id IS NULL
            AND a.scored_at >= (SELECT min(scored_at) FROM prediction_audit
                                WHERE environment = 'development')
        """,
    )
    assert missing == 0


def test_equal_recipes_make_equal_programmes(programme, empty_database, tmp_path):
    build(empty_database, SMALL, tmp_path, SilentProgress())
    for table in (
        "prediction_audit",
        "prediction_explanations",
        "ml_shadow_scores",
        "ml_feedback",
        "ml_training_runs",
        "config_history",
    ):
        digest = (
            f"SELECT count(*), sum(hashtextextended((to_jsonb(t) - 'sha256')::text, 0)::numeric)"
            f" FROM {table} t"
        )
        assert rows(empty_database, digest) == rows(programme.url, digest), table


def test_keys_and_indexes_are_those_of_the_contract(programme, empty_database):
    with connected(empty_database) as connection, connection.begin():
        create_relations(connection, range(2026, 2027))
    catalogue = (
        "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'"
        " AND tablename !~ '_[0-9]{4}$' ORDER BY 1, 2"
    )
    partitions = "SELECT count(*) FROM pg_indexes WHERE tablename = 'prediction_audit_2026'"
    assert rows(programme.url, catalogue) == rows(empty_database, catalogue)
    assert one(programme.url, partitions) == one(empty_database, partitions) == 4


def test_a_database_that_is_not_empty_is_refused_and_left_alone(programme, tmp_path):
    before = one(programme.url, "SELECT count(*) FROM prediction_audit")
    with pytest.raises(sa.exc.ProgrammingError, match="already exists"):
        build(programme.url, SMALL, tmp_path, SilentProgress())
    assert one(programme.url, "SELECT count(*) FROM prediction_audit") == before
    assert not list(tmp_path.iterdir())


def test_rows_that_the_database_refuses_stop_the_load_with_its_error(programme):

    row = pa.table({"prediction_id": [1], "reviewer": ["nobody"]})
    with pytest.raises(psycopg.Error), Loader(programme.url) as loader:
        loader.add("ml_feedback", row)


def test_real_tickets_run_the_whole_programme(empty_database, tmp_path):
    if not LA311.is_file():
        pytest.skip("The shared data are absent; PLUMBLINE_SHARED_DATA names their folder")
    recipe = replace(SMALL, tickets_csv=LA311, mapping=LA311_MAPPING)
    build(empty_database, recipe, tmp_path, SilentProgress())
    n, versions, first, last = rows(
        empty_database,
        "SELECT count(*), count(DISTINCT ml_version), min(scored_at), max(scored_at)"
        " FROM prediction_audit WHERE environment = 'production'",
    )[0]
    assert n > 6_000
    assert versions == 4
    assert (first.date().isoformat(), last.date().isoformat()) == ("2017-12-28", "2018-01-01")
    assert (without_cause(empty_database), missed(empty_database)) == (0, 0)
    assert not_in_force(empty_database) == []
    assert sum(differ for _, differ in environments(empty_database).values()) == 0
    agreement, errors = rows(
        empty_database,
        "SELECT avg((rules_decision = ml_decision)::int), avg((error IS NOT NULL)::int)"
        " FROM prediction_audit",
    )[0]
    assert agreement >= 0.8
    assert errors < 0.001
    aucs = rows(
        empty_database, "SELECT model_version, (metrics ->> 'auc')::float8 FROM ml_training_runs"
    )
    assert all(auc > 0.7 for _, auc in aucs), aucs
    known = json.loads((tmp_path / "risk_model_latest.joblib.manifest.json").read_text())
    assert known["manifest"]["role"] == "production"
    assert one(empty_database, "SELECT count(*) FROM ml_shadow_scores") > 100
    assert one(empty_database, "SELECT count(*) FROM migration_batches") > 0
