"""The knobs that the pipeline page needs, and one prediction in full."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.dialects.postgresql import JSONB

from queries.answer import Answer, ask
from queries.audit_parts import audit, number
from queries.audit_rows import ConfigurationRow, PredictionRow
from queries.contract import config_history
from queries.errors import InvalidInputError
from queries.names import UNIT_COST_KNOB, WORKFLOW_KNOB
from queries.scope import Scope
from queries.snapshot import once

_VERSION_KNOBS = ("rules_version", "ml_version", "llm_version", WORKFLOW_KNOB, UNIT_COST_KNOB)


@once
def configurations(connection: sa.Connection, scope: Scope) -> Answer[ConfigurationRow]:
    """Every value of the pipeline's knobs by the end of the scope, oldest first."""
    config = config_history.c
    value = sa.type_coerce(config.value, JSONB)
    statement = (
        sa.select(
            config.knob,
            config.version,
            config.valid_from,
            config.changed_by,
            config.reason,
            number(value, "agreement_threshold").label("agreement_threshold"),
            number(value, "decision_threshold").label("decision_threshold"),
            *(
                value[f"{layer}_usd"].astext.label(f"{layer}_usd")
                for layer in ("rules", "ml", "llm")
            ),
        )
        .where(config.knob.in_(_VERSION_KNOBS), config.valid_from < scope.until)
        .order_by(config.valid_from, config.knob, config.version)
    )
    return ask(connection, statement, ConfigurationRow)


def prediction(
    connection: sa.Connection, scope: Scope, prediction_id: Any
) -> Answer[PredictionRow]:
    """One prediction by its id, wherever in the history before ``as_of`` it lies.

    Raises:
        InvalidInputError: the id is a word where this database numbers its predictions.
    """
    columns = (audit[name] for name in PredictionRow.__dataclass_fields__)
    statement = sa.select(*columns).where(
        audit.prediction_id == str(prediction_id), audit.scored_at < scope.as_of
    )
    try:
        with connection.begin_nested():
            return ask(connection, statement, PredictionRow)
    except exc.DataError as error:
        raise InvalidInputError(
            "No prediction can have this id. Open a record from one of the lists."
        ) from error
