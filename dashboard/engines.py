"""Engines of the configured databases, one for each URL, shared by the whole process."""

from __future__ import annotations

from functools import lru_cache

import sqlalchemy as sa

from dashboard.settings import settings
from queries.database import source_engine
from queries.errors import InvalidInputError


def source() -> sa.Engine:
    """The engine of the tables to oversee.

    Raises:
        InvalidInputError: no source is configured.
    """
    url = settings().source_url
    if url is None:
        raise InvalidInputError("No database is configured. Set PLUMBLINE_SOURCE_URL.")
    return _engine(url.get_secret_value(), settings().statement_timeout_s)


def own() -> sa.Engine:
    """The engine of the product's own schema, read-only here: one module alone writes.

    Raises:
        InvalidInputError: no schema of the product's own is configured.
    """
    url = settings().own_url
    if url is None:
        raise InvalidInputError(
            "No schema of Plumbline's own is configured. Set PLUMBLINE_OWN_URL."
        )
    return _engine(url.get_secret_value(), settings().statement_timeout_s)


def beside() -> sa.Engine | None:
    """The engine of the roll-ups that stand beside the source; None where there can be none."""
    return None if settings().own_url is None else own()


@lru_cache(maxsize=4)
def _engine(url: str, statement_timeout_s: int) -> sa.Engine:
    return source_engine(url, statement_timeout_s=statement_timeout_s)


def forget() -> None:
    """Open engines anew at the next question, as the settings then say."""
    _engine.cache_clear()
