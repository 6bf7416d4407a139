"""Answers kept for a while: shared by everybody who may see the same thing."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
import streamlit as st

from components.gates.assess import Evaluation, evaluate
from components.gates.policy import Policy, load_policy
from dashboard.settings import settings
from queries.database import read, source_engine
from queries.errors import InvalidInputError

ANSWER_TTL = "10m"
EVALUATION_TTL = "10m"


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


@lru_cache(maxsize=4)
def _engine(url: str, statement_timeout_s: int) -> sa.Engine:
    return source_engine(url, statement_timeout_s=statement_timeout_s)


@lru_cache(maxsize=1)
def policy() -> Policy:
    """The policy in force, read once."""
    return load_policy(settings().policy_path)


def answer(
    question: Callable[..., Any], *arguments: Hashable, viewer_scope: str, **options: Hashable
) -> Any:
    """Ask the source, or give what the same question was answered a few minutes ago.

    The key is the question's name, its arguments and what the viewer may see; nothing that
    is large or mutable is ever part of it.
    """
    return _answer(
        _name(question), arguments, tuple(sorted(options.items())), viewer_scope, question, source
    )


def own_answer(question: Callable[..., Any], *arguments: Hashable, viewer_scope: str) -> Any:
    """The same for the product's own schema; None where none is configured."""
    if settings().own_url is None:
        return None
    return _answer(_name(question), arguments, (), viewer_scope, question, own)


def _name(question: Callable[..., Any]) -> str:
    return f"{question.__module__}.{question.__qualname__}"


@st.cache_data(ttl=ANSWER_TTL, max_entries=512, show_spinner=False)
def _answer(
    name: str,
    arguments: tuple[Hashable, ...],
    options: tuple[tuple[str, Hashable], ...],
    viewer_scope: str,
    _question: Callable[..., Any],
    _engine_of: Callable[[], sa.Engine],
) -> Any:
    return read(_engine_of(), lambda connection: _question(connection, *arguments, **dict(options)))


def evaluation(as_of: datetime) -> Evaluation:
    """Every gate judged as of a moment, by the policy in force."""
    return _evaluation(policy().version, as_of)


@st.cache_data(ttl=EVALUATION_TTL, max_entries=64, show_spinner=False)
def _evaluation(policy_version: str, as_of: datetime) -> Evaluation:
    # Evidence imports every collector; the shell does not need them to show a page.
    from dashboard.evidence import gather

    return evaluate(policy(), gather(source(), policy(), as_of), now=as_of)


def forget() -> None:
    """Drop everything that is kept, so that the next question is asked anew."""
    settings.cache_clear()
    policy.cache_clear()
    _engine.cache_clear()
    st.cache_data.clear()
