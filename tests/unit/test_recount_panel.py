"""The recount beside the pipeline, as it stands on a page."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from tests.pages.reading import sound, words


def _disagreeing() -> None:
    from components.reconciliation.recount_panel import engine_versus_pipeline
    from tests.unit.test_recount import assessed, check, group

    engine_versus_pipeline(assessed(group("differs", 3, "name"), checks=(check(0),)))


def _absent() -> None:
    from components.reconciliation.recount_panel import engine_versus_pipeline

    engine_versus_pipeline(None)


def _outdated() -> None:
    from components.reconciliation.recount_panel import engine_versus_pipeline
    from tests.unit.test_recount import LOADED, assessed

    engine_versus_pipeline(assessed(started_at=LOADED.replace(year=2025)))


def test_a_contradiction_is_said_and_shown_first() -> None:
    page = AppTest.from_function(_disagreeing).run()
    assert "1 of 3 counts of the pipeline contradicts the recount" in words(page)
    shown = page.dataframe[0].value
    assert list(shown["Field"]) == ["name"]
    assert list(shown["Recount"]) == [3]
    assert list(shown["Pipeline"]) == ["0"]
    page.toggle(key="all_recounts").set_value(True).run()
    assert len(page.dataframe[0].value) == 3


def test_without_a_recount_the_page_says_what_to_run() -> None:
    page = AppTest.from_function(_absent).run()
    sound(page)
    assert "plumbline reconcile" in words(page)


def test_a_recount_from_before_the_load_is_left_out() -> None:
    page = AppTest.from_function(_outdated).run()
    sound(page)
    assert not page.dataframe
    assert "older than the last load" in words(page)
