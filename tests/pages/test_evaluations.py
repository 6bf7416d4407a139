"""The Evaluations page: suites with their gates, the cases they name, and nothing at all."""

from __future__ import annotations

from typing import Any

from tests.pages.reading import sound, words


def test_a_planted_regression_is_named_with_its_cases(open_page: Any, sample_database: str) -> None:
    page = open_page("evaluations", sample_database, query={"suite": "Golden cases"})
    sound(page)

    assert "Not met:" in words(page)
    assert "No golden case breaks anew" in words(page)
    measures = next(item.value for item in page.table if "What is measured" in item.value)
    broken = measures[measures["What is measured"] == "No golden case breaks anew"]
    assert broken["Gate"].item() == "✕ Fail"
    assert "Cases that the runs name" in words(page)
    runs = next(item.value for item in page.dataframe if "Digest of the suite" in item.value)
    assert {"succeeded", "failed"} <= set(runs["State"])


def test_nothing_fails_without_defects(open_page: Any, clean_database: str) -> None:
    page = open_page("evaluations", clean_database)
    sound(page)

    assert "Not met:" not in words(page)


def test_groups_are_compared_version_beside_version(open_page: Any, sample_database: str) -> None:
    page = open_page("evaluations", sample_database, query={"suite": "Bias"})
    sound(page)

    assert "By segment" in words(page)


def test_without_runs_every_demand_stands_unmet(open_page: Any, contract_database: str) -> None:
    page = open_page("evaluations", contract_database)
    sound(page)

    assert "0 of" in words(page)
    suites = next(item.value for item in page.table if "Newest runs" in item.value)
    assert set(suites["Newest runs"]) == {"no run on record"}
