"""Questions that the tests of the sample programme ask its database."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from dashboard.sample.defect import Defect
from dashboard.sample.defects import planted
from dashboard.sample.prediction_defects import UNKNOWN_VERSION
from dashboard.sample.recipe import Recipe
from tests.conftest import SAMPLE_TICKETS_PER_YEAR, SAMPLE_UNTIL, connected

SAMPLE = Recipe(SAMPLE_TICKETS_PER_YEAR, until=SAMPLE_UNTIL)

WITH_THRESHOLD = """
    SELECT a.*, (c.value ->> 'agreement_threshold')::float8 AS threshold
    FROM prediction_audit a
    LEFT JOIN config_history c ON c.knob = 'workflow_config' AND c.version = a.workflow_config
"""
SHOULD = "(escalated OR abs(rules_score - ml_score) > threshold)"
IN_FORCE = """
    SELECT knob, version, valid_from,
           lead(valid_from, 1, 'infinity') OVER (PARTITION BY knob ORDER BY valid_from) AS next_from
    FROM config_history
"""


def rows(url: str, statement: str, **parameters: Any) -> list[Any]:
    with connected(url) as connection:
        return list(connection.execute(sa.text(statement), parameters))


def one(url: str, statement: str, **parameters: Any) -> Any:
    return rows(url, statement, **parameters)[0][0]


def defect(key: str, recipe: Recipe = SAMPLE) -> Defect:
    found = planted(recipe, key)
    assert found is not None
    return found


def period(found: Defect, recipe: Recipe = SAMPLE) -> dict[str, datetime]:
    begin, end = found.period(recipe.until)
    return {"begin": begin, "end": end}


def without_cause(url: str) -> int:
    return int(
        one(
            url,
            f"SELECT count(*) FROM ({WITH_THRESHOLD}) a"
            f" WHERE llm_version IS NOT NULL AND NOT {SHOULD}",
        )
    )


def missed(url: str) -> int:
    return int(
        one(
            url,
            f"SELECT count(*) FROM ({WITH_THRESHOLD}) a"
            f" WHERE llm_trigger IS NULL AND llm_version IS NULL AND error IS NULL AND {SHOULD}",
        )
    )


def not_in_force(url: str) -> list[Any]:
    return rows(
        url,
        f"""
        WITH history AS ({IN_FORCE})
        SELECT a.scored_at, s.knob, s.version
        FROM prediction_audit a
        CROSS JOIN LATERAL (VALUES
            ('workflow_config', a.workflow_config), ('rules_version', a.rules_version),
            ('ml_version', a.ml_version), ('llm_version', a.llm_version)) AS s (knob, version)
        LEFT JOIN history h ON h.knob = s.knob AND h.version = s.version
            AND a.scored_at >= h.valid_from AND a.scored_at < h.next_from
        WHERE s.version IS NOT NULL AND s.version <> :unknown AND h.knob IS NULL
        """,
        unknown=UNKNOWN_VERSION,
    )


def environments(url: str) -> dict[str, tuple[int, int]]:
    pairs = rows(
        url,
        """
        SELECT p.work_type, count(*),
               count(*) FILTER (WHERE p.final_decision IS DISTINCT FROM d.final_decision)
        FROM prediction_audit p JOIN prediction_audit d USING (ticket_id)
        WHERE p.environment = 'production' AND d.environment = 'development' GROUP BY 1
        """,
    )
    return {work_type: (n, differ) for work_type, n, differ in pairs}
