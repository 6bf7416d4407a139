"""The drawer's statement runs as it is shown, with the parameters as they are shown."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from components.layout.provenance import as_text
from queries import audit
from queries.database import read, source_engine
from queries.scope import Scope
from tests.conftest import SAMPLE_UNTIL

SCOPE = Scope(SAMPLE_UNTIL - timedelta(days=60), SAMPLE_UNTIL, SAMPLE_UNTIL)
QUESTIONS = (
    audit.snapshots,
    audit.pulse,
    audit.layer_agreement,
    audit.configurations,
    audit.correctness,
    audit.gap_histogram,
    audit.latency,
    audit.calls,
    audit.pairs,
)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.__name__)
def test_the_statement_shown_gives_the_rows_shown(
    question: Callable[..., Any], sample_database: str
) -> None:
    engine = source_engine(sample_database)
    answer = read(engine, lambda connection: question(connection, SCOPE))
    shown = answer.provenance

    def typed(match: re.Match[str]) -> str:
        text = as_text(shown.parameters[match[1]]).replace("'", "''")
        return f"'{text}'"

    statement = re.sub(r"%\((\w+)\)s", typed, shown.sql)
    again = read(engine, lambda connection: connection.exec_driver_sql(statement).all())
    engine.dispose()

    assert again
    assert len(again) == len(answer.rows)
