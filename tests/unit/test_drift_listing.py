"""The ranked list keeps what matters in front, with two hundred features as with ten."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from components.drift import panel_features
from components.drift.types import Verdict
from tests.unit.drift_reports import finding, report

MANY = tuple(
    finding(f"feature_{place:03}", Verdict.MOVED if place < 3 else Verdict.STEADY, 1 / (place + 1))
    for place in range(200)
)


def test_what_matters_comes_alone():
    assert [one.label for one in panel_features.kept(MANY, "", False)] == [
        "feature_000",
        "feature_001",
        "feature_002",
    ]


def test_where_nothing_matters_the_largest_are_shown():
    assert panel_features.kept(MANY[3:], "", False) == list(MANY[3:8])


def test_a_search_looks_at_every_feature():
    assert [one.label for one in panel_features.kept(MANY, "FEATURE 17", False)] == [
        one.label for one in MANY if "17" in one.label
    ]


def test_the_file_holds_every_feature_and_names_its_methods():
    frame = panel_features.frame(report(MANY))

    assert len(frame) == 200
    assert frame["Methods"].iloc[0] == "js/base2/v1, psi/half/v1"
    assert frame["Tests in family"].iloc[0] == 40
    assert frame["Current window"].iloc[0] == "4 to 31 Oct 2026"


def _listed() -> None:
    from components.drift import panel_features
    from tests.unit.test_drift_listing import MANY, report

    opened = panel_features.ranked(report(MANY))
    import streamlit as st

    st.text(f"opened {opened}")


def test_choosing_a_row_opens_its_feature():
    test = AppTest.from_function(_listed, default_timeout=30).run()
    assert not test.exception
    assert test.text[0].value == "opened feature:feature_000"

    test.button(key="open_2").click().run()

    assert test.text[0].value == "opened feature:feature_002"
    assert test.query_params["variable"] == "feature:feature_002"


def test_everything_is_paged():
    test = AppTest.from_function(_listed, default_timeout=30)
    test.query_params["show"] = panel_features.EVERYTHING

    test.run()

    assert not test.exception
    rows = [one for one in test.button if (one.key or "").startswith("open_")]
    assert len(rows) == panel_features.PAGE_SIZE
