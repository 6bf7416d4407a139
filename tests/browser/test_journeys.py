"""What people do: read, filter, share, drill, export."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.conftest import connected

pytestmark = pytest.mark.browser

SLOW = 30_000
# The grid is a canvas: its first row's mark stands below the heading, at the left.
ROW_MARK_X, FIRST_ROW_Y = 16, 47


def test_a_filtered_view_can_be_shared(visit: Callable[..., Visit]) -> None:
    mine = visit()
    mine.open("pipeline")
    mine.page.get_by_test_id("stSelectbox").filter(has_text="Period").locator("input").click()
    mine.page.get_by_role("option", name="7 days").click()
    expect(mine.page).to_have_url(re.compile(r"period=7(\+|%20)days"), timeout=SLOW)
    answer_place = mine.page.locator(".pl-answer")
    expect(answer_place).to_contain_text("7 days", timeout=SLOW)
    answer = answer_place.inner_text()

    theirs = visit()
    theirs.page.goto(mine.page.url)
    theirs.settled()

    expect(theirs.page.locator(".pl-answer")).to_have_text(answer, timeout=SLOW)


def test_filters_survive_a_change_of_page(visit: Callable[..., Visit]) -> None:
    window = visit()
    window.open("pipeline?period=7+days")
    window.page.get_by_role("link", name="Gates", exact=True).click()
    expect(window.page.get_by_role("heading", level=1)).to_have_text("Gates", timeout=SLOW)
    window.settled()
    window.page.get_by_role("link", name="Pipeline", exact=True).click()
    expect(window.page.get_by_role("heading", level=1)).to_have_text("Pipeline", timeout=SLOW)
    window.settled()

    assert "period=7" in window.page.url


def test_words_that_mean_nothing_fall_back_with_a_notice(visit: Callable[..., Visit]) -> None:
    window = visit()

    window.open("pipeline?period=for+ever&region=Atlantis&as_of=yesterday")

    expect(
        window.page.get_by_text("The link asks for a region that does not exist.")
    ).to_be_visible()
    expect(window.page.get_by_text("The link holds a day that cannot be shown.")).to_be_visible()
    expect(window.page.get_by_text("As of 31 Oct 2026")).to_be_visible()


def test_from_a_verdict_to_the_evidence(visit: Callable[..., Visit]) -> None:
    window = visit()
    window.open()
    blocker = window.page.locator(".st-key-blockers a").first
    title = blocker.inner_text()
    blocker.click()

    drawer = window.page.get_by_role("dialog")
    expect(drawer).to_contain_text(title, timeout=SLOW)
    expect(drawer).to_contain_text("Why this gate exists")
    window.settled()
    drawer.get_by_role("link", name="Evidence on the page").click()

    expect(window.page).to_have_url(re.compile(r"(pipeline|reconciliation)"), timeout=SLOW)
    window.settled()


def test_choosing_a_row_opens_its_gate(visit: Callable[..., Visit]) -> None:
    window = visit()
    window.open("gates?status=Fail")
    grid = window.page.get_by_test_id("stDataFrame").first
    box = grid.bounding_box()
    assert box is not None

    window.page.mouse.click(box["x"] + ROW_MARK_X, box["y"] + FIRST_ROW_Y)

    expect(window.page.get_by_role("dialog")).to_be_visible(timeout=SLOW)
    expect(window.page).to_have_url(re.compile("gate="), timeout=SLOW)


def test_closing_a_gate_clears_the_link(visit: Callable[..., Visit]) -> None:
    window = visit()
    window.open("gates?gate=snapshot_completeness")
    expect(window.page.get_by_role("dialog")).to_be_visible(timeout=SLOW)

    window.page.keyboard.press("Escape")

    expect(window.page.get_by_role("dialog")).to_have_count(0, timeout=SLOW)
    expect(window.page).not_to_have_url(re.compile("gate="), timeout=SLOW)


def test_choosing_an_exception_opens_both_values_masked(visit: Callable[..., Visit]) -> None:
    window = visit()
    window.open("exceptions")
    grid = window.page.get_by_test_id("stDataFrame").last
    grid.scroll_into_view_if_needed()
    box = grid.bounding_box()
    assert box is not None

    window.page.mouse.click(box["x"] + ROW_MARK_X, box["y"] + FIRST_ROW_Y)

    drawer = window.page.get_by_role("dialog")
    expect(drawer).to_be_visible(timeout=SLOW)
    expect(window.page).to_have_url(re.compile("record="), timeout=SLOW)
    values = drawer.locator(".pl-value").all_inner_texts()
    assert len(values) == 2
    assert all(re.fullmatch(r"[^a-wyzA-WYZ0-8]*", value) for value in values)


def test_an_exported_table_can_be_checked_and_is_recorded(
    visit: Callable[..., Visit], own_url: str, tmp_path: Path
) -> None:
    window = visit()
    window.open("gates")
    button = window.page.get_by_test_id("stDownloadButton").first.get_by_role("button")
    with window.page.expect_download(timeout=SLOW) as coming:
        button.click()
    path = tmp_path / coming.value.suggested_filename
    coming.value.save_as(path)

    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    lines = content.decode("utf-8-sig").splitlines(keepends=True)
    heading = list(takewhile(lambda line: line.startswith("#"), lines))
    table = "".join(lines[len(heading) :])
    digest = hashlib.sha256(table.encode("utf-8")).hexdigest()
    assert any(digest in line for line in heading)
    assert any("As of: 2026-11-01 00:00 UTC" in line for line in heading)
    rows = list(csv.DictReader(io.StringIO(table)))
    assert f"# Rows: {len(rows)}\r\n" in heading
    assert {"Status", "Gate", "Value", "Limit", "n", "Sentence"} <= set(rows[0])
    assert _recorded(own_url) == digest


def _recorded(own_url: str) -> str:
    with connected(own_url) as connection:
        return str(
            connection.execute(
                sa.text(
                    "SELECT detail ->> 'sha256' FROM plumbline.access_log "
                    "ORDER BY row_number DESC LIMIT 1"
                )
            ).scalar_one()
        )


def test_from_the_promotion_to_what_blocks_it_and_the_prices(visit: Callable[..., Visit]) -> None:
    window = visit()
    window.open("shadow")
    expect(window.page.locator(".pl-answer")).to_contain_text("may not be promoted", timeout=SLOW)
    gate = window.page.locator(".pl-checks a").first
    title = gate.inner_text()

    window.page.get_by_role("radio", name="Cost").click()
    price = window.page.get_by_label("A missed priority ticket")
    expect(price).to_be_visible(timeout=SLOW)
    price.fill("4000")
    price.press("Enter")
    expect(window.page).to_have_url(re.compile(r"cost_missed=4000"), timeout=SLOW)
    window.settled()

    window.page.goto(window.page.url)
    window.settled()
    expect(window.page.get_by_label("A missed priority ticket")).to_have_value("4000.00")
    expect(window.page.get_by_text("Where promoting pays")).to_be_visible()

    window.page.locator(".pl-checks a").first.click()
    expect(window.page.get_by_role("dialog")).to_contain_text(title, timeout=SLOW)
    expect(window.page).to_have_url(re.compile(r"gates\?.*gate="), timeout=SLOW)
