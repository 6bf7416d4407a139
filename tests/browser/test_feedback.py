"""Feedback in a browser: from the answer to the reviewer who drifts, and on to the model family."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser

SLOW = 60_000


def test_from_the_answer_to_reviewers_and_training(visit: Callable[..., Visit]) -> None:
    """In the dark, where every view is accessible as well."""
    window = visit(width=1400, height=900, dark=True)
    window.open("feedback")
    answer = window.page.locator(".pl-answer")
    expect(answer).to_contain_text("Reviewers would change", timeout=SLOW)

    window.page.get_by_role("radio", name="Reviewers").click()
    expect(window.page).to_have_url(re.compile("view=Reviewers"), timeout=SLOW)
    expect(window.page.get_by_text("Two people, the same ticket")).to_be_visible(timeout=SLOW)
    assert _violations(window) == []

    window.page.get_by_role("radio", name="Labels").click()
    expect(window.page.get_by_text("With and without the model")).to_be_visible(timeout=SLOW)
    assert _violations(window) == []

    window.page.get_by_role("radio", name="Training").click()
    heading = window.page.get_by_role("heading", name="Is the model family right?")
    expect(heading).to_be_visible(timeout=SLOW)
    expect(window.page.get_by_text("What followed each promotion")).to_be_visible(timeout=SLOW)
    assert _violations(window) == []


def _violations(window: Visit) -> list[tuple[str, list[str]]]:
    found = Axe().run(window.page).response["violations"]
    return [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found]
