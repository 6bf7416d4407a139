"""Who may see what: sessions end, roles are known words, exports need the right."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dashboard.access import IDLE_LIMIT, Right, Role, Viewer, pseudonym_of, session_holds
from tests.pages.conftest import OpenPage
from tests.pages.reading import sound, words

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = (NOW + timedelta(hours=1)).timestamp()


@pytest.mark.parametrize(
    ("claims", "last_seen", "holds"),
    [
        ({"is_logged_in": True, "exp": LATER}, None, True),
        ({"is_logged_in": True, "exp": LATER}, NOW - IDLE_LIMIT, True),
        ({"is_logged_in": True, "exp": LATER}, NOW - IDLE_LIMIT - timedelta(seconds=1), False),
        ({"is_logged_in": True, "exp": NOW.timestamp()}, None, False),
        ({"is_logged_in": True, "exp": float("nan")}, None, False),
        ({"is_logged_in": True}, None, False),
        ({"is_logged_in": True, "exp": "tomorrow"}, None, False),
        ({"is_logged_in": False, "exp": LATER}, None, False),
    ],
)
def test_a_session_ends(claims: dict[str, object], last_seen: datetime, holds: bool) -> None:
    assert session_holds(claims, NOW, last_seen) is holds


def test_personal_data_is_for_specialists() -> None:
    may = {role for role in Role if Viewer(role).may(Right.PERSONAL_DATA)}

    assert may == {Role.QA}


def test_a_pseudonym_is_stable_and_tells_nothing() -> None:
    claims = {"iss": "https://id.example", "sub": "4711", "name": "Nobody", "email": "n@example"}

    assert pseudonym_of(claims) == pseudonym_of(dict(claims))
    assert pseudonym_of(claims) != pseudonym_of({**claims, "sub": "4712"})
    assert not any(word in pseudonym_of(claims) for word in ("4711", "Nobody", "example"))


def test_a_signed_in_account_without_a_role_is_told_so(
    open_page: OpenPage, contract_database: str
) -> None:
    page = open_page("status", contract_database)
    expires = (datetime.now(UTC) + timedelta(hours=1)).timestamp()
    page.user = {"is_logged_in": True, "exp": expires, "sub": "1", "roles": ["visitor"]}

    page.run()

    sound(page)
    assert "no role in Plumbline" in words(page)


def test_an_expired_session_is_asked_to_sign_in(
    open_page: OpenPage, contract_database: str
) -> None:
    page = open_page("status", contract_database)
    expired = (datetime.now(UTC) - timedelta(hours=1)).timestamp()
    page.user = {"is_logged_in": True, "exp": expired, "sub": "1", "roles": ["qa"]}

    page.run()

    sound(page)
    assert "Sign in to see the programme." in words(page)
    assert [button.label for button in page.button] == ["Sign in"]
