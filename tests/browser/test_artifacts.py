"""Artifacts in a real browser: what failed is named, the files are verified at a press."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser

SLOW = 30_000


def test_files_are_verified_at_a_press_and_the_runbook_is_one_click_away(
    visit: Callable[..., Visit],
) -> None:
    window = visit()
    window.open("artifacts")
    page = window.page
    expect(page.get_by_text("INTEGRITY FAILURE: The manifest's role").first).to_be_visible()

    page.get_by_role("button", name="Verify every file now").click()
    expect(page.get_by_text("every byte read, and recorded as run")).to_be_visible(timeout=SLOW)
    window.settled()

    page.get_by_role("link", name="Runbook: Roll back a model").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Runbooks", timeout=SLOW)
    window.settled()
