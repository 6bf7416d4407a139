"""Attestation against a database: planted defects, what is done again, and what is never lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from components.gates.evidence import Evidence
from dashboard.artifacts import trusted
from dashboard.artifacts.models import load_verified
from dashboard.evidence_explanations import attested
from dashboard.explanations.recompute import recompute, usable_rows
from dashboard.explanations.run import Attested, run
from dashboard.progress import SilentProgress
from dashboard.sample.defects import planted as planted_defect
from dashboard.sample.recipe import Recipe
from queries import contract, explanation_results
from queries.database import own_engine, read, source_engine
from queries.errors import InvalidInputError
from queries.explanation_rows import ResultRow
from queries.rolled import own_of, read_rolled
from queries.rollup_parts import midnight
from queries.scope import Scope
from tests.conftest import SAMPLE_TICKETS_PER_YEAR, SAMPLE_UNTIL
from tests.unit.artifact_shelf import NOW, Shelf, xgboost_bytes

TODAY = date(2026, 10, 4)
DAYS = [TODAY - timedelta(days=n) for n in (3, 2, 1)]
SOON = midnight(TODAY + timedelta(days=1))
FOR_EVER = datetime(2100, 1, 1, tzinfo=UTC)


def whole(end: datetime = NOW) -> Scope:
    return Scope(end - timedelta(days=800), end, end)


def of_sample(url: str, own_url: str, models: Path) -> tuple[Attested | None, list[Any], list[Any]]:
    """A run on a sample programme; its mismatches and its results."""
    source, own = source_engine(url), own_engine(own_url)

    def trust(rows: Any) -> Any:
        return trusted.trust_in(models, models / "keys", rows)

    try:
        since = NOW.date() - timedelta(days=28)
        found = run(source, own, NOW.date(), SilentProgress(), trust_of=trust, since=since)
        rows = read(own, lambda kept: explanation_results.mismatches(kept, whole()).rows)
        results = read(own, lambda kept: explanation_results.results(kept, whole()).rows)
    finally:
        source.dispose()
        own.dispose()
    return found, list(rows), list(results)


def swapped() -> int:
    """How many explanations the small sample's recipe spoils."""
    recipe = Recipe(tickets_per_year=SAMPLE_TICKETS_PER_YEAR, until=SAMPLE_UNTIL)
    defect = planted_defect(recipe, "swapped_shap")
    assert defect is not None
    return defect.records


def evidence_of(url: str, own_url: str, end: datetime = NOW) -> dict[str, Evidence]:
    scope = Scope(end - timedelta(days=28), end, end)
    source, own = source_engine(url), source_engine(own_url)
    try:
        found = read_rolled(
            source, own, lambda connection: attested(connection, scope, own_of(connection))
        )
    finally:
        source.dispose()
        own.dispose()
    return {one.metric: one for one in found}


def test_the_planted_swaps_are_found_and_nothing_else(
    sample_database: str, empty_database: str, models_of: Callable[[str], Path]
) -> None:
    found, wrong, results = of_sample(sample_database, empty_database, models_of(sample_database))

    assert found is not None
    planted = swapped()
    assert (found.mismatched, found.unverified) == (planted, 0)
    assert found.verified == found.explained - planted
    assert len(wrong) == planted
    for row in wrong:
        (_, stored, model), (_, other_stored, other_model) = row.elements
        assert (stored, other_stored) == pytest.approx((other_model, model), abs=1e-6)
    assert max(row.largest_gap for row in results) < 1e-6
    exact = evidence_of(sample_database, empty_database)["explanations.verified"]
    assert round(exact.n * (1 - float(exact.value or 0))) == planted
    candidate = evidence_of(sample_database, empty_database)["explanations.candidate_verified"]
    assert candidate.value is None
    assert "the manifest's role is “retired”" in candidate.sentence


def test_the_clean_sample_is_exact(
    clean_database: str, empty_database: str, models_of: Callable[[str], Path]
) -> None:
    found, wrong, _ = of_sample(clean_database, empty_database, models_of(clean_database))

    assert found is not None
    assert found.verified == found.explained > 0
    assert not wrong
    made = evidence_of(clean_database, empty_database)
    candidate = made["explanations.candidate_verified"]
    assert (candidate.value, candidate.n_unscored) == (1, 0)
    assert candidate.n > 300
    assert made["explanations.verified"].value == 1
    assert made["explanations.coverage"].value == 1


@dataclass
class Small:
    """Three days of two explained predictions and one that is not, and one signed model."""

    shelf: Shelf
    source: sa.Engine
    own: sa.Engine
    url: str

    def run(self, **options: Any) -> Attested:
        found = run(
            self.source, self.own, TODAY, SilentProgress(),
            trust_of=lambda _: self.shelf.trust(), **options,
        )  # fmt: skip
        assert found is not None
        return found

    def results(self) -> list[ResultRow]:
        return list(read(self.own, lambda own: explanation_results.results(own, whole()).rows))

    def execute(self, statement: str, **values: Any) -> None:
        with self.own.begin() as connection:
            connection.execute(sa.text(statement), values)

    @property
    def model_file(self) -> Path:
        return self.shelf.folder / "model.ubj"


@pytest.fixture
def small(contract_database: str, tmp_path: Path) -> Iterator[Small]:
    shelf = Shelf.new(tmp_path / "models")
    row = shelf.put("model.ubj", xgboost_bytes(), not_after=FOR_EVER)
    made = Small(shelf, source_engine(contract_database), own_engine(contract_database),
                 contract_database)  # fmt: skip
    with made.own.begin() as connection:
        connection.execute(sa.insert(contract.model_artifacts), asdict(row))
        connection.execute(sa.insert(contract.prediction_audit), _predictions())
        connection.execute(sa.insert(contract.prediction_explanations), _explanations(shelf, row))
    yield made
    made.source.dispose()
    made.own.dispose()


FEATURES = [
    {"depth": 0.5, "urgent": True, "kind": "leak"},
    {"depth": None, "urgent": False, "kind": "light"},
    {"depth": 2.0, "urgent": True, "kind": None},
]


def _predictions() -> list[dict[str, Any]]:
    return [
        {
            "prediction_id": 10 * number + place,
            "ticket_id": f"T-{number}-{place}",
            "scored_at": midnight(day) + timedelta(hours=place),
            "environment": "production",
            "ml_version": "xgb-2",
            "ml_score": 0.5,
            "ml_decision": "standard",
            "escalated": False,
            "features": features,
        }
        for number, day in enumerate(DAYS)
        for place, features in enumerate(FEATURES)
    ]


def _explanations(shelf: Shelf, row: Any) -> list[dict[str, Any]]:
    model = load_verified("xgb-2", [row], trust=shelf.trust(), at=NOW)
    assert model.schema is not None
    values = recompute(model, usable_rows(model.schema, FEATURES)[1]).values.astype(np.float32)
    return [
        {
            "prediction_id": made["prediction_id"],
            "scored_at": made["scored_at"],
            "model_version": "xgb-2",
            "method": "tree_path_dependent",
            "output_space": "log_odds",
            "base_value": float(values[made["prediction_id"] % 10, -1]),
            "shap_values": dict(
                zip(model.feature_names, values[made["prediction_id"] % 10].tolist(), strict=False)
            ),
            "library_version": "x",
        }
        for made in _predictions()
        if made["prediction_id"] % 10 < 2
    ]


def test_only_what_changed_is_attested_again(small: Small) -> None:
    first, second = small.run(), small.run()
    small.execute(
        "UPDATE prediction_explanations SET base_value = base_value + 0.1 WHERE prediction_id = 11"
    )
    third = small.run()

    assert (first.days, first.verified) == (3, 6)
    assert second.days == 0
    assert "attested already" in second.sentence
    assert (third.days, third.verified, third.mismatched) == (1, 1, 1)
    assert [row.mismatched for row in small.results()] == [0, 1, 0]


def test_predictions_without_an_explanation_count(small: Small) -> None:
    small.run()

    rows = read(small.own, lambda own: explanation_results.cover(own, whole()).rows)

    assert [(row.predictions, row.explained) for row in rows] == [(3, 2)] * 3


def test_a_tampered_model_is_no_data_until_it_is_whole_again(small: Small) -> None:
    content = small.model_file.read_bytes()
    small.model_file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    refused = small.run()
    row = small.results()[0]
    small.model_file.write_bytes(content)
    again = small.run()

    assert (refused.verified, refused.mismatched, refused.unverified) == (0, 0, 6)
    assert row.reasons == {"model_refused": 2}
    assert "INTEGRITY FAILURE" in row.detail
    assert row.digest is None
    assert (again.days, again.verified, again.unverified) == (3, 6, 0)


def test_a_model_that_goes_later_takes_no_result_away(small: Small) -> None:
    small.run()
    small.model_file.unlink()

    assert small.run().days == 0
    assert sum(row.verified for row in small.results()) == 6


def test_a_prediction_that_arrives_late_is_taken_up(small: Small) -> None:
    with small.own.begin() as connection:
        kept = connection.execute(
            sa.text("DELETE FROM prediction_audit WHERE prediction_id = 21 RETURNING *")
        )
        row = dict(kept.mappings().one())
    before = small.run()
    with small.own.begin() as connection:
        connection.execute(sa.insert(contract.prediction_audit), row)
    after = small.run()

    assert (before.verified, before.unverified) == (5, 1)
    assert (after.days, after.verified, after.unverified) == (1, 2, 0)
    assert {row.day for row in small.results()} == set(DAYS)


def test_a_purged_source_keeps_its_results(small: Small) -> None:
    small.run()
    small.execute("DELETE FROM prediction_explanations")
    small.execute("DELETE FROM prediction_audit")
    with small.own.begin() as connection:
        connection.execute(
            sa.insert(contract.prediction_explanations),
            {
                "prediction_id": 99,
                "scored_at": midnight(DAYS[-1]),
                "model_version": "xgb-2",
                "method": "tree_path_dependent",
                "output_space": "log_odds",
                "base_value": 0.0,
                "shap_values": {},
                "library_version": "x",
            },
        )

    small.run(everything=True)

    assert [row.verified for row in small.results()] == [2, 2]
    assert [row.day for row in small.results()] == DAYS[:2]


def test_without_explanations_there_is_nothing_to_say(small: Small) -> None:
    small.execute("DROP TABLE prediction_explanations")

    assert run(small.source, small.own, TODAY, SilentProgress()) is None
    assert {one.value for one in evidence_of(small.url, small.url).values()} == {None}


def test_attestations_of_another_source_say_nothing_here(small: Small) -> None:
    small.run()
    assert evidence_of(small.url, small.url, SOON)["explanations.verified"].value == 1
    small.execute("UPDATE plumbline.rollup_origin SET identity = 'elsewhere'")

    with pytest.raises(InvalidInputError, match="another database"):
        evidence_of(small.url, small.url, SOON)
    with pytest.raises(InvalidInputError, match="of another database"):
        small.run()


def test_a_shadow_score_that_is_not_the_files_is_counted(small: Small) -> None:
    def shadow(model: Any) -> list[dict[str, Any]]:
        _, matrix = usable_rows(model.schema, FEATURES)
        score = 1 / (1 + np.exp(-recompute(model, matrix).output))
        return [
            {
                "prediction_id": made["prediction_id"],
                "scored_at": made["scored_at"],
                "production_version": "xgb-2",
                "candidate_version": "c-1",
                "candidate_score": round(float(score[made["prediction_id"] % 10]), 6),
            }
            for made in _predictions()
        ]

    row = small.shelf.put(
        "c.ubj", xgboost_bytes(seed=2), version="c-1", role="candidate", not_after=FOR_EVER
    )
    rows = shadow(load_verified("c-1", [row], trust=small.shelf.trust(), at=NOW))
    rows[4]["candidate_score"] = 0.5
    with small.own.begin() as connection:
        connection.execute(sa.insert(contract.model_artifacts), asdict(row))
        connection.execute(sa.insert(contract.ml_shadow_scores), rows)

    first, again = small.run(), small.run()

    assert (first.scores, first.wrong_scores) == (8, 1)
    assert (again.scores, again.wrong_scores) == (0, 0)
    found = evidence_of(small.url, small.url, SOON)["explanations.candidate_verified"]
    assert (found.candidate, found.value, found.n) == ("c-1", 8 / 9, 9)
