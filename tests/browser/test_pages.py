"""Every page in a real browser: accessible in both lights, narrow without sideways scrolling."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe

from dashboard import navigation
from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser

PATHS = {
    entry.key: "" if entry.key == navigation.DEFAULT else entry.key for entry in navigation.ENTRIES
}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("key", PATHS)
def test_no_accessibility_violations(key: str, dark: bool, visit: Callable[..., Visit]) -> None:
    window = visit(dark=dark)
    window.open(PATHS[key])

    found = Axe().run(window.page).response["violations"]

    assert [
        (violation["id"], [node["html"][:200] for node in violation["nodes"]])
        for violation in found
    ] == []


@pytest.mark.parametrize("key", PATHS)
def test_narrow_screens_do_not_scroll_sideways(key: str, visit: Callable[..., Visit]) -> None:
    window = visit(width=390, height=844)
    window.open(PATHS[key])

    widths = window.page.evaluate(
        "[document.documentElement, document.querySelector('[data-testid=stMain]')]"
        ".map(part => part.scrollWidth)"
    )

    assert max(widths) <= 390


def test_the_first_screen_needs_no_scrolling(visit: Callable[..., Visit]) -> None:
    window = visit(width=1400, height=900)
    window.open()

    for heading in ("What blocks, and who acts", "What changed since"):
        box = window.page.get_by_role("heading", name=heading).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < 700
