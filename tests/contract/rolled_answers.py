"""Answers from the source alone and with roll-ups beside it, in a form that can be compared."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import sqlalchemy as sa

from queries import artifacts, audit
from queries.answer import Answer
from queries.audit_rows import LatencyRow
from queries.database import read
from queries.rolled import read_rolled
from queries.scope import Scope

Question = Callable[[sa.Connection, Scope], Answer[Any]]


QUESTIONS: dict[str, Question] = {
    "snapshots": audit.snapshots,
    "pulse": audit.pulse,
    "layer_agreement": audit.layer_agreement,
    "calls": audit.calls,
    "latency": audit.latency,
    "gap_histogram": audit.gap_histogram,
    "correctness": audit.correctness,
    "served": artifacts.served,
}


def from_source(source: sa.Engine, scope: Scope) -> dict[str, list[str]]:
    """What the source alone says."""
    return {
        name: _written(read(source, partial(_ask, question, scope)))
        for name, question in QUESTIONS.items()
    }


def with_roll_ups(source: sa.Engine, own: sa.Engine, scope: Scope) -> dict[str, list[str]]:
    """What the two say together."""
    return {
        name: _written(read_rolled(source, own, partial(_ask, question, scope)))
        for name, question in QUESTIONS.items()
    }


def reads_roll_ups(source: sa.Engine, own: sa.Engine, scope: Scope) -> set[str]:
    """The questions whose first statement is asked of the product's own schema."""
    found = {
        name: read_rolled(source, own, partial(_ask, question, scope)).provenance.sql
        for name, question in QUESTIONS.items()
    }
    return {name for name, sql in found.items() if "plumbline.rolled_" in sql}


def _ask(question: Question, scope: Scope, connection: sa.Connection) -> Answer[Any]:
    return question(connection, scope)


def _written(answer: Answer[Any]) -> list[str]:
    return sorted(repr(_in_order(row)) for row in answer.rows)


def _in_order(row: Any) -> Any:
    """A histogram is the same whatever the order of its bins."""
    if isinstance(row, LatencyRow):
        return (row.path, row.day, sorted(zip(row.bins, row.counts, strict=True)))
    return row
