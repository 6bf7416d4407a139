"""The Feedback page in its states, for each role."""

from __future__ import annotations

import re
from typing import Any

import pytest

from dashboard.sample.reviews import REVIEWERS
from tests.conftest import connected
from tests.pages.reading import sound, words

YEAR = {"period": "365 days"}


def test_the_missed_floor_is_named_with_its_days(open_page: Any, sample_database: str) -> None:
    page = open_page("feedback", sample_database, query=YEAR)
    sound(page)
    text = words(page)
    assert re.search(r"Reviewers would change \d+(\.\d)?% of all decisions", text)
    assert "in the fortnight from 20 Sep 2026 chance chose almost no ticket for review" in text
    titles = ("Overturned by week", "By layer", "By work type", "Why decisions were changed")
    assert all(title in text for title in titles)
    assert "Harm counts points for each wrong decision: critical 10, major 3, minor 1" in text


def test_the_clean_programme_has_no_finding(open_page: Any, clean_database: str) -> None:
    text = words(open_page("feedback", clean_database, query=YEAR))
    assert "nothing speaks against trusting them" in text
    assert "has left the others" not in text


@pytest.mark.parametrize("role", ["qa", "leadership", "ers_reviewer"])
def test_single_reviewers_are_shown_to_qa_alone(
    open_page: Any, sample_database: str, role: str
) -> None:
    page = open_page("feedback", sample_database, query={"view": "Reviewers"}, DEFAULT_ROLE=role)
    sound(page)
    everything = words(page) + "".join(str(chart.proto) for chart in page.get("plotly_chart"))
    assert any(name in everything for name in REVIEWERS) is (role == "qa")
    assert ("Reviewers are shown one by one to QA specialists only" in everything) is (role != "qa")
    assert "Cohen’s κ" in everything or page.table


def test_labels_and_training_answer(open_page: Any, sample_database: str) -> None:
    page = open_page("feedback", sample_database, query={**YEAR, "view": "Labels"})
    sound(page)
    assert "How long a review takes" in words(page)
    page = open_page("feedback", sample_database, query={**YEAR, "view": "Training"})
    sound(page)
    text = words(page)
    assert "Yes, as far as measured: no other family did better than XGBoost" in text
    assert "After xgb-2 took over, overrides" in text
    runs = page.dataframe[0].value
    assert runs["Version"].iloc[-1] == "xgb-1"


def test_nothing_reviewed_and_tables_missing(
    open_page: Any, contract_database: str, empty_database: str
) -> None:
    page = open_page("feedback", contract_database)
    sound(page)
    assert "No prediction of this period has been reviewed." in words(page)
    for view in ("Reviewers", "Labels", "Training"):
        sound(open_page("feedback", contract_database, query={"view": view}))
    with connected(contract_database) as connection, connection.begin():
        connection.exec_driver_sql("DROP TABLE ml_feedback")
    page = open_page("feedback", contract_database)
    sound(page)
    assert "A table is missing" in words(page)
    sound(open_page("feedback", empty_database))
