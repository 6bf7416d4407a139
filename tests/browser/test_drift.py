"""Drift in a browser: move a window by keyboard, search, open a feature, reach a ticket."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser

SLOW = 60_000
ROW_MARK_X, FIRST_ROW_Y = 16, 47


def test_a_window_moves_by_keyboard_and_can_be_shared(visit: Callable[..., Visit]) -> None:
    window = visit(width=1400, height=900)
    window.open("drift")
    thumbs = window.page.locator(".st-key-drift_windows").get_by_role("slider")
    expect(thumbs).to_have_count(4, timeout=SLOW)
    before = window.page.get_by_text(re.compile("^Reference .* predictions"))
    said = before.inner_text()

    thumbs.nth(2).focus()
    window.page.keyboard.press("ArrowLeft")

    expect(window.page).to_have_url(re.compile("current=2026-10-03&current="), timeout=SLOW)
    window.settled()
    expect(before).not_to_have_text(said, timeout=SLOW)
    answer = window.page.locator(".pl-answer").inner_text()
    theirs = visit()
    theirs.page.goto(window.page.url)
    theirs.settled()
    expect(theirs.page.locator(".pl-answer")).to_have_text(answer, timeout=SLOW)


def test_from_the_list_to_a_ticket(visit: Callable[..., Visit]) -> None:
    window = visit(width=1400, height=900)
    window.open("drift")
    window.page.get_by_label("Find a feature").fill("hour")
    window.page.keyboard.press("Enter")
    row = window.page.locator(".st-key-drift_list").get_by_role("button", name="after_hours")
    expect(row).to_be_visible(timeout=SLOW)
    row.click()

    expect(window.page.get_by_role("heading", name="after_hours")).to_be_visible(timeout=SLOW)
    expect(window.page).to_have_url(re.compile("variable=feature%3Aafter_hours"), timeout=SLOW)
    window.settled()
    grid = window.page.get_by_test_id("stDataFrame").last
    grid.scroll_into_view_if_needed()
    box = grid.bounding_box()
    assert box is not None
    window.page.mouse.click(box["x"] + ROW_MARK_X, box["y"] + FIRST_ROW_Y)

    expect(window.page).to_have_url(re.compile("record="), timeout=SLOW)
    expect(window.page.get_by_role("heading", name=re.compile("^Prediction "))).to_be_visible(
        timeout=SLOW
    )
