"""The Artifacts page in its states: planted, clean, empty, earlier, unconfigured, forbidden."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.conftest import connected
from tests.pages.reading import sound, words


@pytest.fixture
def open_artifacts(open_page: Any, models_of: Callable[[str], Path]) -> Callable[..., Any]:
    def open_(url: str, **more: Any) -> Any:
        models = models_of(url)
        return open_page(
            "artifacts", url, MODELS_DIR=str(models), KEYS_DIR=str(models / "keys"), **more
        )

    return open_


def frame(page: Any, column: str) -> Any:
    return next(item.value for item in page.dataframe if column in item.value)


def test_every_planted_defect_is_named(
    open_artifacts: Callable[..., Any], sample_database: str
) -> None:
    page = open_artifacts(sample_database)
    sound(page)
    text = words(page)

    assert "INTEGRITY FAILURE in 3 of" in text
    assert "The manifest's role is “retired”, it should be “candidate”" in text
    assert "the file was changed after it was signed" in text
    assert "The way back, xgb-" in text
    assert "is verified, loads and scores" in text
    assert "Demotion practised Fail 127 d ago limit 90 days" in text
    readiness = frame(page, "Scoring")
    assert readiness["Role"].tolist() == ["production", "rollback", "candidate"]
    assert readiness["Loads"].tolist() == ["yes", "yes", "no"]


def test_predictions_of_a_failed_version_can_be_listed(
    open_artifacts: Callable[..., Any], sample_database: str
) -> None:
    page = open_artifacts(sample_database)
    with connected(sample_database) as connection:
        expected = connection.scalar(
            sa.text(
                "SELECT count(*) FROM prediction_audit WHERE environment = 'production'"
                " AND ml_version = 'xgb-1'"
            )
        )
    made = next(item.value for item in page.table if "Predictions" in item.value)
    assert f"{expected:,}" in made["Predictions"].tolist()
    choice = page.selectbox(key="artifact_month")
    page = choice.select(choice.options[0]).run()
    sound(page)

    first = frame(page, "Ticket")
    assert len(first) == 50
    page = page.button(key="artifact_review_down").click().run()
    sound(page)
    second = frame(page, "Ticket")
    assert first["Prediction"].min() > second["Prediction"].max()
    n = int(choice.options[0].split(": ")[1].split()[0].replace(",", ""))
    page = page.button(key="artifact_review_file").click().run()
    sound(page)
    assert f"Prepare a file of all {n:,}" in [button.label for button in page.button]


def test_the_clean_sample_has_no_failure(
    open_artifacts: Callable[..., Any], clean_database: str
) -> None:
    page = open_artifacts(clean_database)
    sound(page)
    text = words(page)

    assert "model files are what was signed" in text
    assert "INTEGRITY" not in text
    assert "made by a version that failed" not in text
    assert set(frame(page, "SHA-256")["State"]) == {"✓ Pass"}


def test_the_button_reads_every_byte_and_records(
    open_artifacts: Callable[..., Any], sample_database: str, empty_database: str
) -> None:
    page = open_artifacts(sample_database, OWN_URL=empty_database)

    page = page.button(key="verify_now").click().run()

    sound(page)
    assert "recorded as run" in words(page)
    with connected(empty_database) as connection:
        recorded = connection.execute(
            sa.text("SELECT DISTINCT occasion FROM plumbline.artifact_checks")
        ).scalars()
        assert recorded.all() == ["by hand"]
    again = open_artifacts(sample_database, OWN_URL=empty_database)
    assert "Recorded integrity failures" in words(again)


def test_the_button_without_a_place_to_record(
    open_artifacts: Callable[..., Any], sample_database: str
) -> None:
    page = open_artifacts(sample_database).button(key="verify_now").click().run()

    sound(page)
    assert "Not recorded" in words(page)


def test_an_earlier_day_shows_the_record_only(
    open_artifacts: Callable[..., Any], sample_database: str
) -> None:
    page = open_artifacts(sample_database, query={"as_of": "2026-10-01"})
    sound(page)
    text = words(page)

    assert "Files can only be read as they are today" in text
    assert "nothing is known of them" in text
    assert "INTEGRITY FAILURE" not in text


def test_without_a_folder_the_page_says_how(open_page: Any, sample_database: str) -> None:
    page = open_page("artifacts", sample_database)
    sound(page)

    assert "PLUMBLINE_MODELS_DIR" in words(page)


def test_an_empty_programme(open_page: Any, contract_database: str, tmp_path: Path) -> None:
    page = open_page("artifacts", contract_database, MODELS_DIR=str(tmp_path))
    sound(page)

    assert "No model file was registered by this day" in words(page)


def test_a_missing_audit_log_costs_the_history_only(
    open_page: Any, contract_database: str, tmp_path: Path
) -> None:
    with connected(contract_database) as connection, connection.begin():
        connection.execute(
            sa.text(
                "INSERT INTO model_artifacts (model_version, role, path, sha256, size_bytes,"
                " manifest) VALUES ('m', 'production', 'm.ubj', '0', 1, '{}')"
            )
        )
        connection.execute(sa.text("DROP TABLE system_audit"))
    page = open_page(
        "artifacts", contract_database, MODELS_DIR=str(tmp_path), KEYS_DIR=str(tmp_path)
    )
    sound(page)
    text = words(page)

    assert "A table is missing" in text
    assert "INTEGRITY FAILURE in 1 of 1 model files" in text
    assert "Its manifest cannot be read" in text
