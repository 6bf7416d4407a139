"""Who is looking, and what that role may see."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import streamlit as st

from dashboard.rights import Right, Role, Viewer
from dashboard.settings import settings
from queries.errors import ForbiddenError

IDLE_LIMIT = timedelta(hours=8)
ROLES_CLAIM = "roles"
_LAST_SEEN = "_plumbline_last_seen"

__all__ = [
    "Right",
    "Role",
    "SignInNeeded",
    "Viewer",
    "session_holds",
    "sign_in_configured",
    "viewer",
]


class SignInNeeded(Exception):  # noqa: N818 - not an error: the viewer is asked to sign in
    """Sign-in is configured and this viewer has no valid session."""


def viewer() -> Viewer:
    """The viewer of this session.

    Raises:
        SignInNeeded: sign-in is configured and there is no session, or it is over.
        ForbiddenError: the role is none that the product knows.
    """
    if not sign_in_configured():
        return Viewer(role=_role(settings().default_role))
    claims: dict[str, Any] = dict(st.user)
    now = datetime.now(UTC)
    last_seen = st.session_state.get(_LAST_SEEN)
    if not session_holds(claims, now, datetime.fromisoformat(last_seen) if last_seen else None):
        raise SignInNeeded
    st.session_state[_LAST_SEEN] = now.isoformat()
    return Viewer(role=_claimed_role(claims), pseudonym=pseudonym_of(claims))


def pseudonym_of(claims: Mapping[str, Any]) -> str:
    """A stable word for an account: only the identity provider can tell who it is."""
    account = f"{claims.get('iss', '')}\0{claims.get('sub', '')}"
    return f"viewer-{hashlib.sha256(account.encode('utf-8')).hexdigest()[:12]}"


def sign_in_configured() -> bool:
    """Whether an identity provider is set up."""
    return "is_logged_in" in dict(st.user)


def session_holds(claims: Mapping[str, Any], now: datetime, last_seen: datetime | None) -> bool:
    """Whether a signed-in session is still good.

    The identity cookie outlives the token by weeks, so the token's own ``exp`` is checked,
    and a session that was idle for eight hours is over.
    """
    expires = claims.get("exp")
    if not claims.get("is_logged_in") or not isinstance(expires, int | float):
        return False
    # Written so that a value that is not a number ends the session.
    if not expires > now.timestamp():
        return False
    return last_seen is None or now - last_seen <= IDLE_LIMIT


def _claimed_role(claims: Mapping[str, Any]) -> Role:
    claimed = claims.get(ROLES_CLAIM)
    words = [claimed] if isinstance(claimed, str) else list(claimed or [])
    known = [Role(word) for word in words if word in set(Role)]
    if not known:
        raise ForbiddenError(
            "Your account has no role in Plumbline. Ask an administrator to give it one of: "
            f"{', '.join(Role)}.",
            log="signed-in account without a known role",
        )
    return known[0]


def _role(word: str) -> Role:
    if word not in set(Role):
        raise ForbiddenError(
            f"PLUMBLINE_DEFAULT_ROLE is “{word}”, which is no role. Use one of: {', '.join(Role)}."
        )
    return Role(word)
