"""Every page in every state: the page says what is the matter, and never shows a traceback."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from dashboard import navigation
from tests.conftest import connected
from tests.pages.conftest import OpenPage
from tests.pages.reading import sound, words

KEYS = [entry.key for entry in navigation.ENTRIES]
# Pages that show nothing of the owner's tables.
INDEPENDENT = {"methods", "runbooks"}
# What a page says whose tables may not be read: the gates judge it, the sources list it.
FORBIDDEN = {"gates": "could not be judged", "data_sources": "problems"}
FRESHNESS = {"status", "pipeline", "reconciliation"}

pytestmark = pytest.mark.parametrize("key", KEYS)


def test_normal(key: str, open_page: OpenPage, sample_database: str) -> None:
    page = open_page(key, sample_database, SAMPLE="invented")

    sound(page)
    assert page.title[0].value == navigation.entry(key).title
    assert "Sample programme: invented tickets, really scored." in words(page)
    assert "As of 31 Oct 2026" in words(page)
    assert not page.warning, words(page)


def test_empty_database(key: str, open_page: OpenPage, contract_database: str) -> None:
    page = open_page(key, contract_database)

    sound(page)
    assert not page.warning, words(page)


def test_not_configured(key: str, open_page: OpenPage) -> None:
    page = open_page(key, None)

    sound(page)
    assert "plumbline demo" in words(page)
    assert "PLUMBLINE_SOURCE_URL" in words(page)


def test_database_down(key: str, open_page: OpenPage) -> None:
    page = open_page(key, "postgresql://somebody:hunter2@127.0.0.1:1/nowhere")

    sound(page)
    if key not in INDEPENDENT:
        assert "The database does not answer" in words(page)
    assert "hunter2" not in words(page)
    assert "127.0.0.1" not in words(page)


def test_stale(key: str, open_page: OpenPage, sample_database: str) -> None:
    page = open_page(key, sample_database, AS_OF="2026-12-20T00:00:00Z")

    sound(page)
    if key in FRESHNESS:
        assert "d ago" in words(page)


def test_forbidden(
    key: str,
    open_page: OpenPage,
    contract_database: str,
    reader_url: Callable[[str], str],
) -> None:
    with connected(contract_database) as connection, connection.begin():
        connection.execute(
            sa.text("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM plumbline_reader, PUBLIC")
        )

    page = open_page(key, reader_url(contract_database))

    sound(page)
    if key not in INDEPENDENT:
        assert FORBIDDEN.get(key, "grant SELECT") in words(page)


def test_missing_relation(key: str, open_page: OpenPage, empty_database: str) -> None:
    page = open_page(key, empty_database)

    sound(page)
    assert page.title[0].value == navigation.entry(key).title


def test_unknown_role(key: str, open_page: OpenPage, contract_database: str) -> None:
    page = open_page(key, contract_database, DEFAULT_ROLE="emperor")

    sound(page)
    assert "emperor" in words(page)
