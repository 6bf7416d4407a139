"""The Findings page: what is late first, filtered by the link, one in full, as it stood."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from tests.conftest import connected
from tests.pages.reading import sound, words


def test_what_is_late_comes_first(open_page: Any, sample_database: str) -> None:
    page = open_page("findings", sample_database, query={"state": ["past its date", "open"]})
    sound(page)
    with connected(sample_database) as connection:
        still = connection.scalar(
            sa.text(
                "SELECT count(*) FROM findings WHERE opened_at <= '2026-11-01'"
                " AND (closed_at IS NULL OR closed_at > '2026-11-01')"
            )
        )
    frame = page.dataframe[0].value

    assert len(frame) == still
    assert f"{still} of " in words(page)
    assert set(frame["Closed"]) == {"–"}


def test_the_register_as_it_stood(open_page: Any, sample_database: str) -> None:
    page = open_page("findings", sample_database, query={"as_of": "2026-07-01"})
    sound(page)

    assert "The register holds no finding." in words(page)


def test_a_link_opens_a_finding_as_plain_text(open_page: Any, contract_database: str) -> None:
    with connected(contract_database) as connection:
        connection.execute(
            sa.text(
                "INSERT INTO findings VALUES ('F-1', 'P0', '<b>![x](http://x)</b>', 'Migration',"
                " 'Lead', '2026-10-01', NULL, NULL, '<script>alert(1)</script>')"
            )
        )
        connection.commit()
    page = open_page("findings", contract_database, query={"finding": "F-1"})
    sound(page)

    shown = "".join(element.value for element in page.get("html"))
    assert "&lt;script&gt;" in shown
    assert "<script>" not in shown
    unknown = open_page("findings", contract_database, query={"finding": "F-2"})
    assert "a finding that the register does not hold" in words(unknown)
