"""The Explanations page in its states: attested, one prediction, wrong, unverified, nothing yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from dashboard.artifacts import trusted
from dashboard.explanations.run import run
from dashboard.progress import SilentProgress
from queries.database import own_engine, source_engine
from tests.conftest import SAMPLE_UNTIL, connected, new_database
from tests.pages.reading import sound, words

WRONG = sa.text(
    "SELECT prediction_id, elements FROM plumbline.explanation_mismatches ORDER BY 1 LIMIT 1"
)
RIGHT = sa.text(
    "SELECT prediction_id FROM prediction_explanations WHERE scored_at >= '2026-10-20'"
    " AND prediction_id NOT IN :wrong ORDER BY scored_at LIMIT 1"
).bindparams(sa.bindparam("wrong", expanding=True))


@pytest.fixture(scope="module")
def own(server_url: str, sample_database: str, models_of: Callable[[str], Path]) -> Iterator[str]:
    """A schema of the product's own with the sample's last four weeks attested."""
    models = models_of(sample_database)
    with new_database(server_url) as url:
        source, writing = source_engine(sample_database), own_engine(url)
        run(
            source,
            writing,
            SAMPLE_UNTIL.date(),
            SilentProgress(),
            trust_of=lambda rows: trusted.trust_in(models, models / "keys", rows),
            since=SAMPLE_UNTIL.date() - timedelta(days=28),
        )
        source.dispose()
        writing.dispose()
        yield url


@pytest.fixture
def open_explanations(
    open_page: Any, sample_database: str, models_of: Callable[[str], Path]
) -> Callable[..., Any]:
    def open_(**more: Any) -> Any:
        models = models_of(sample_database)
        given = {"MODELS_DIR": str(models), "KEYS_DIR": str(models / "keys"), **more}
        return open_page("explanations", sample_database, **given)

    return open_


def frame(page: Any, column: str) -> Any:
    return next(item.value for item in page.dataframe if column in item.value)


@pytest.fixture(scope="module")
def wrong(own: str) -> tuple[int, Any]:
    """A prediction whose explanation was spoiled, and the elements that differ."""
    with connected(own) as connection:
        row = connection.execute(WRONG).one()
    return int(row.prediction_id), row.elements


@pytest.fixture(scope="module")
def right(own: str, sample_database: str) -> int:
    """A prediction whose explanation holds."""
    with connected(own) as connection:
        ids = connection.scalars(
            sa.text("SELECT prediction_id::bigint FROM plumbline.explanation_mismatches")
        ).all()
    with connected(sample_database) as connection:
        return int(connection.execute(RIGHT, {"wrong": list(ids)}).scalar_one())


def test_every_mismatch_is_listed_with_its_values(open_explanations, own, wrong):
    page = open_explanations(OWN_URL=own)
    sound(page)

    listed = frame(page, "Stored, and what the model gives")
    assert "stored explanations are exactly what the verified models say" in words(page)
    assert str(wrong[0]) in listed["Prediction"].tolist()
    assert set(listed["Values that differ"]) == {2}


def test_a_right_explanation_is_told_in_words(open_explanations, own, right):
    page = open_explanations(OWN_URL=own, query={"record": str(right)})
    sound(page)
    said = words(page)

    assert "The model puts the risk at 0." in said
    assert "every stored value is what it gives" in said
    assert "Computed with the verified model, not recorded" in said
    assert len(frame(page, "Differs most in")) == 5
    assert {"asset age years", "work type"} <= set(frame(page, "Usual")["Feature"])
    path = next(item.value for item in page.table if "What followed" in item.value)
    assert path["Layer"].tolist() == ["Rules", "Model", "LLM", "Final"]


def test_a_wrong_explanation_is_not_told_as_a_reason(open_explanations, own, wrong):
    page = open_explanations(OWN_URL=own, query={"record": str(wrong[0])})
    sound(page)
    said = words(page)

    assert "The reasons stored with this score are not what the model gives" in said
    assert "The model puts the risk at" not in said
    differing = next(item.value for item in page.table if "Stored, log-odds" in item.value)
    assert differing["Feature"].tolist() == [name.replace("_", " ") for name, *_ in wrong[1]]


def test_without_model_files_nothing_is_claimed(open_explanations, own, right):
    page = open_explanations(OWN_URL=own, MODELS_DIR="/nowhere", query={"record": str(right)})
    sound(page)
    said = words(page)

    assert "Not recomputed: the model's file failed its verification" in said
    assert "It cannot be computed: the model could not be verified" in said
    assert "every stored value is what it gives" not in said


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        ("What matters", "What moves the score"),
        ("One feature", "Nothing is rolled up yet"),
        ("Named features", "features that may stand in for a person carry"),
        ("Predictions", "Choose a prediction to see its reasons"),
    ],
)
def test_each_section_answers(open_explanations, own, view, expected):
    page = open_explanations(OWN_URL=own, query={"view": view})
    sound(page)

    assert expected.casefold() in words(page).casefold()


def test_before_the_first_refresh_it_says_what_to_do(open_explanations):
    page = open_explanations()
    sound(page)

    assert "No explanation has been recomputed yet" in words(page)
    assert "plumbline refresh" in words(page)


def test_a_prediction_that_is_not_there(open_explanations, own):
    for wanted, said in (("999999999", "No prediction with this id"), ("x", "No prediction can")):
        page = open_explanations(OWN_URL=own, query={"record": wanted})
        sound(page)
        assert said in words(page)


def test_an_unexplained_prediction_still_shows_its_way(open_explanations, own, sample_database):
    with connected(sample_database) as connection:
        wanted = connection.scalar(
            sa.text(
                "SELECT prediction_id FROM prediction_audit a WHERE environment = 'production'"
                " AND NOT EXISTS (SELECT FROM prediction_explanations e"
                " WHERE e.prediction_id = a.prediction_id) LIMIT 1"
            )
        )
    page = open_explanations(OWN_URL=own, query={"record": str(wanted)})
    sound(page)

    assert "No explanation is stored with this prediction" in words(page)
    assert "The way to the decision" in words(page)


def test_a_missing_table_is_named(open_page, contract_database):
    with connected(contract_database) as connection, connection.begin():
        connection.execute(sa.text("DROP TABLE prediction_explanations"))
    page = open_page("explanations", contract_database)
    sound(page)

    assert "A table is missing" in words(page)
