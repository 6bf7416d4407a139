"""Answers kept for a while: shared by everybody who may see the same thing."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
import streamlit as st

from components.gates.assess import Evaluation, evaluate
from components.gates.policy import Policy, load_policy
from dashboard import engines
from dashboard.engines import beside, own, source
from dashboard.settings import default_as_of, settings
from queries.database import read
from queries.rolled import read_rolled, standing
from queries.rolled_rows import Standing
from queries.scope import Scope

ANSWER_TTL = "10m"
EVALUATION_TTL = "10m"
# The present advances in steps, so that answers can be shared for a while.
STEP = timedelta(minutes=5)


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
        _name(question), arguments, tuple(sorted(options.items())), viewer_scope, question, _both
    )


def answers(
    questions: tuple[Callable[..., Any], ...], *arguments: Hashable, viewer_scope: str
) -> tuple[Any, ...]:
    """Several questions with the same arguments, asked in one snapshot and kept together."""

    def together(connection: sa.Connection, *given: Hashable) -> tuple[Any, ...]:
        return tuple(question(connection, *given) for question in questions)

    names = " ".join(map(_name, questions))
    found: tuple[Any, ...] = _answer(names, arguments, (), viewer_scope, together, _both)
    return found


def own_answer(question: Callable[..., Any], *arguments: Hashable, viewer_scope: str) -> Any:
    """The same for the product's own schema; None where none is configured."""
    if settings().own_url is None:
        return None
    return _answer(_name(question), arguments, (), viewer_scope, question, _own_alone)


def _both(question: Callable[[sa.Connection], Any]) -> Any:
    return read_rolled(source(), beside(), question)


def _own_alone(question: Callable[[sa.Connection], Any]) -> Any:
    return read(own(), question)


def _name(question: Callable[..., Any]) -> str:
    return f"{question.__module__}.{question.__qualname__}"


@st.cache_data(ttl=ANSWER_TTL, max_entries=512, show_spinner=False)
def _answer(
    name: str,
    arguments: tuple[Hashable, ...],
    options: tuple[tuple[str, Hashable], ...],
    viewer_scope: str,
    _question: Callable[..., Any],
    _read: Callable[[Callable[[sa.Connection], Any]], Any],
) -> Any:
    return _read(lambda connection: _question(connection, *arguments, **dict(options)))


@st.cache_data(ttl=ANSWER_TTL, max_entries=64, show_spinner=False)
def roll_ups(scope: Scope) -> Standing:
    """Whether the roll-ups answer for the scope, or the source alone."""
    return read_rolled(source(), beside(), lambda connection: standing(connection, scope))


def present() -> datetime:
    """The as-of of a page that asks for none: the configured one, or the present's step."""
    now = datetime.now(UTC)
    return default_as_of(now - (now - datetime.min.replace(tzinfo=UTC)) % STEP)


def judge_anew(as_of: datetime) -> None:
    """Judge every gate as of a moment, whatever is kept of it."""
    _evaluation.clear(policy().version, as_of)
    _evaluation(policy().version, as_of)


def evaluation(as_of: datetime) -> Evaluation:
    """Every gate judged as of a moment, by the policy in force."""
    return _evaluation(policy().version, as_of)


@st.cache_data(ttl=EVALUATION_TTL, max_entries=64, show_spinner=False)
def _evaluation(policy_version: str, as_of: datetime) -> Evaluation:
    # Evidence imports every collector; the shell does not need them to show a page.
    from dashboard.evidence import candidate, gather

    within = timedelta(seconds=settings().judging_s)
    found = gather(source(), policy(), as_of, own=beside(), within=within)
    return evaluate(policy(), found, now=as_of, candidate=candidate(found))


def forget() -> None:
    """Drop everything that is kept, so that the next question is asked anew."""
    settings.cache_clear()
    policy.cache_clear()
    engines.forget()
    st.cache_data.clear()
