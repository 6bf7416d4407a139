"""The drawer at the end of a page shows the question as it was put."""

from __future__ import annotations

from tests.pages.conftest import OpenPage
from tests.pages.reading import sound, words


def test_the_drawer_shows_statements_and_parameters(
    open_page: OpenPage, sample_database: str
) -> None:
    page = open_page("pipeline", sample_database)
    assert not page.code

    page.session_state["pipeline_provenance"] = True
    page.run()

    sound(page)
    assert any("SELECT" in block.value for block in page.code)
    assert any("prediction_audit" in block.value for block in page.code)
    assert "Asked " in words(page)


def test_a_judgement_names_its_digest(open_page: OpenPage, sample_database: str) -> None:
    page = open_page("status", sample_database)
    page.session_state["status_provenance"] = True

    page.run()

    sound(page)
    facts = page.table[-1].value if not page.code else page.table[0].value
    assert "Judgement" in facts.index
    assert "Policy" in facts.index
