"""From a list of predictions to the reasons of one, and whether those can be relied on."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.conftest import connected

pytestmark = pytest.mark.browser

SLOW = 30_000


@pytest.fixture(scope="module")
def explained(sample_database: str) -> str:
    """The newest prediction that has an explanation."""
    with connected(sample_database) as connection:
        found = connection.scalar(
            sa.text(
                "SELECT prediction_id FROM prediction_explanations"
                " ORDER BY scored_at DESC, prediction_id DESC LIMIT 1"
            )
        )
    return str(found)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_from_a_record_to_its_reasons(
    dark: bool, explained: str, visit: Callable[..., Visit]
) -> None:
    window = visit(dark=dark)
    window.open(f"pipeline?record={explained}")
    window.page.get_by_role("link", name="Why this score").click()
    expect(window.page.get_by_role("heading", level=1)).to_have_text("Explanations", timeout=SLOW)
    window.settled()

    expect(window.page.locator(".pl-answer")).to_contain_text("The model puts the risk at")
    expect(window.page.get_by_text("every stored value is what it gives")).to_be_visible()
    assert f"record={explained}" in window.page.url
    violations = Axe().run(window.page).response["violations"]
    assert [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in violations] == []

    window.page.get_by_role("button", name="Close").click()
    expect(window.page.locator(".pl-answer")).not_to_contain_text("puts the risk", timeout=SLOW)
    assert not re.search(r"record=", window.page.url)


def test_one_explanation_fits_a_narrow_screen(explained: str, visit: Callable[..., Visit]) -> None:
    window = visit(width=390, height=844)
    window.open(f"explanations?record={explained}")

    widths = window.page.evaluate(
        "[document.documentElement, document.querySelector('[data-testid=stMain]')]"
        ".map(part => part.scrollWidth)"
    )

    assert max(widths) <= 390
