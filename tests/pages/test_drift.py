"""The Drift page: what it says first, what it opens, and how it reads without a schema of its own.

The sample programme is asked without roll-ups, as a viewer would without write access.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import cache
from tests.pages.conftest import AS_OF, TIMEOUT_S
from tests.pages.reading import sound, words

Open = Callable[..., AppTest]


@pytest.fixture(scope="module")
def url(sample_database: str) -> Iterator[str]:
    """The sample, with answers kept from test to test: each comparison is made once."""
    cache.forget()
    yield sample_database
    cache.forget()


@pytest.fixture
def opened(url: str, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Open the page: ``opened({"view": …})``."""

    def open_(query: Mapping[str, str | list[str]] | None = None) -> AppTest:
        for name in ("OWN_URL", "SAMPLE", "DEFAULT_ROLE", "POLICY_PATH"):
            monkeypatch.delenv(f"PLUMBLINE_{name}", raising=False)
        monkeypatch.setenv("PLUMBLINE_SOURCE_URL", url)
        monkeypatch.setenv("PLUMBLINE_AS_OF", AS_OF)
        monkeypatch.setenv("PLUMBLINE_JUDGING_S", "45")
        page = AppTest.from_string(
            'from dashboard.navigation import run\nrun("drift")', default_timeout=TIMEOUT_S
        )
        for name, value in (query or {}).items():
            page.query_params[name] = value
        return page.run()

    return open_


def test_it_says_what_was_compared_and_tested(opened):
    page = opened()

    sound(page)
    said = words(page)
    assert "Reference 4 Jun to 1 Sep 2026, 90 days" in said
    assert "Current 4 to 31 Oct 2026, 28 days" in said
    assert "rejected at a false-discovery rate of 5%" in said


def test_without_roll_ups_it_says_so(opened):
    assert "there are no roll-ups: slower, same numbers" in words(opened())


@pytest.mark.parametrize(
    ("view", "heading"),
    [
        ("Scores and decisions", "What the shift is made of"),
        ("Meaning of a score", "Does the same score still mean the same?"),
        ("Alert rules", "Alert rules, replayed"),
    ],
)
def test_each_section_draws(opened, view: str, heading: str):
    page = opened({"view": view})

    sound(page)
    assert heading in [one.value for one in page.header]


def test_a_feature_opens_from_the_link(opened):
    page = opened({"variable": "feature:rain_mm"})

    sound(page)
    assert "rain_mm" in [one.value for one in page.header]


def test_a_feature_that_is_not_known_falls_back_to_the_first(opened):
    page = opened({"variable": "feature:<script>"})

    sound(page)
    assert "<script>" not in [one.value for one in page.header]


def test_windows_from_the_link_are_compared(opened):
    page = opened(
        {"reference": ["2026-02-01", "2026-03-31"], "current": ["2026-05-01", "2026-05-28"]},
    )

    sound(page)
    assert "Reference 1 Feb to 31 Mar 2026, 59 days" in words(page)
    assert "Current 1 to 28 May 2026, 28 days" in words(page)


def test_windows_that_mean_nothing_fall_back(opened):
    page = opened({"reference": ["x", "y"], "current": ["1900-01-01"]})

    sound(page)
    assert "Current 4 to 31 Oct 2026" in words(page)


def test_a_quick_pick_moves_the_windows(opened):
    page = opened()

    page.button(key="pick_week").click().run()

    sound(page)
    assert "Current 25 to 31 Oct 2026, 7 days" in words(page)


def test_only_one_segment(opened):
    page = opened()
    button = next(one for one in page.button if (one.key or "").startswith("into_region"))
    segment = button.label.removeprefix("Only ")

    button.click().run()

    sound(page)
    chosen = next(one for one in page.multiselect if one.label == "Region")
    assert chosen.value == [segment]


def test_other_tools_stand_beside_ours(opened):
    page = opened({"tools": "true"})

    sound(page)
    tables = [one.value for one in page.table]
    assert any("It would say" in frame.columns for frame in tables)


def test_too_few_days_are_no_comparison(open_page, contract_database):
    page = open_page("drift", contract_database)

    sound(page)
    assert "too few days" in words(page)


def test_before_there_is_a_reference_it_says_how_much_is_needed(opened):
    page = opened({"as_of": "2025-05-14"})

    sound(page)
    assert not page.warning
    assert "A reference needs 14 days" in words(page)
