"""The Shadow page: what it answers first, each view, and its states."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from components.shadow import panel
from tests.pages.reading import sound, words


@pytest.fixture(scope="module")
def url(sample_database: str) -> str:
    return sample_database


def test_it_answers_whether_the_candidate_may_be_promoted(open_page, url):
    page = open_page("shadow", url)

    sound(page)
    said = words(page)
    assert "may not be promoted" in said
    assert "Candidate lgb-1" in said
    assert "Runbook: Promote a candidate" in said
    assert "of 600 labelled disagreements" in said


HEADINGS = {
    panel.QUALITY: "Right decisions: candidate minus production",
    panel.TIME: "Evidence that the candidate does harm",
    panel.GROUPS: "Too few labelled disagreements to judge",
    panel.AGREEMENT: "Decisions that would differ, by segment",
    panel.SCORES: "Score differences over time",
    panel.COST: "Where promoting pays",
    panel.LOAD: "Workload under the candidate",
    panel.COVERAGE: "Do the gaps favour anybody?",
    panel.QUEUE: "nobody has reviewed them",
}


def test_every_view_draws_and_the_queue_shows_no_decision(open_page, url):
    page = open_page("shadow", url)

    for view in panel.VIEWS:
        page.button_group(key=panel.VIEW).set_value(view).run()
        sound(page)
        assert HEADINGS[view] in words(page)

    assert view == panel.QUEUE
    shown = [one.value for one in page.dataframe]
    assert [list(frame.columns) for frame in shown] == [["Prediction", "Ticket", "Scored (UTC)"]]


def test_each_way_out_has_its_checklist_and_its_runbook(open_page, url):
    page = open_page("shadow", url, {"checklist": "Roll back"})

    sound(page)
    assert "Runbook: Roll back a model" in words(page)
    page.button_group(key="checklist").set_value("Demote at once").run()
    sound(page)
    assert "Runbook: Demote a model at once" in words(page)
    assert "conditions" in words(page)


def test_prices_from_the_link_change_the_cost_until_the_standard_comes_back(open_page, url):
    page = open_page("shadow", url, {"view": panel.COST, "cost_missed": "4000.0"})
    sound(page)
    changed = _cost(page)

    page.button(key="cost_reset").click().run()

    sound(page)
    assert page.number_input(key="cost_missed").value == 400.0
    assert _cost(page) != changed


def _cost(page: AppTest) -> list[str]:
    frame = next(one.value for one in page.table if "Cost" in one.value.columns)
    return list(frame["Cost"])


def test_words_that_mean_nothing_fall_back_and_one_segment_is_kept(open_page, url):
    page = open_page("shadow", url, {"view": "<script>", "checklist": "Fly", "region": "Central"})

    sound(page)
    assert HEADINGS[panel.QUALITY] in words(page)
    assert "predictions compared" in words(page)


def test_without_a_candidate_it_says_so_and_keeps_the_checklists(open_page, contract_database):
    page = open_page("shadow", contract_database)

    sound(page)
    said = words(page)
    assert "No candidate is in the shadow" in said
    assert "Runbook: Promote a candidate" in said


def test_before_the_shadow_run_there_is_no_candidate(open_page, url):
    page = open_page("shadow", url, AS_OF="2026-06-01T00:00:00Z")

    sound(page)
    assert "No candidate is in the shadow" in words(page)
