"""All evidence there is, gathered in one snapshot of the database."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import exc

from components.gates.evidence import Evidence
from components.gates.policy import Policy
from components.pipeline import assess as pipeline
from dashboard import evidence_migration, evidence_pipeline, evidence_reconciliation
from dashboard.settings import settings
from queries.database import read, translate
from queries.errors import MissingRelationError, PlumblineError
from queries.names import PRODUCTION
from queries.scope import Scope

LOG = logging.getLogger("plumbline.evidence")

Collect = Callable[..., tuple[Evidence, ...]]


@dataclass(frozen=True, slots=True)
class Collector:
    """Measures the metrics it names; none of them is left without a word when it fails.

    ``collect`` is asked with the connection and the scope; one that ``reads_own`` is also given
    the URL of the product's own schema, None where there is none.
    """

    name: str
    metrics: tuple[str, ...]
    collect: Collect
    reads_own: bool = False


COLLECTORS = (
    Collector("snapshots", pipeline.SNAPSHOT_METRICS, evidence_pipeline.snapshots),
    Collector(
        "requests",
        (*pipeline.FIRING_METRICS, *pipeline.LATENCY_METRICS),
        evidence_pipeline.requests,
    ),
    Collector("reviews", pipeline.CORRECTNESS_METRICS, evidence_pipeline.correctness),
    Collector("environments", pipeline.ENVIRONMENT_METRICS, evidence_pipeline.environments),
    Collector("migration", evidence_migration.METRICS, evidence_migration.collect),
    Collector("reports", evidence_reconciliation.REPORT_METRICS, evidence_reconciliation.reported),
    Collector(
        "recount",
        evidence_reconciliation.RECOUNT_METRICS,
        evidence_reconciliation.recounted,
        reads_own=True,
    ),
)


def gather(
    engine: sa.Engine,
    policy: Policy,
    as_of: datetime,
    collectors: tuple[Collector, ...] = COLLECTORS,
    own_url: str | None = None,
) -> tuple[Evidence, ...]:
    """Everything the collectors can measure over the policy's window before ``as_of``.

    ``own_url`` names the product's own schema; by default the one that is configured.

    A table that is missing gives no evidence, so that its gates say NO DATA. Any other failure
    of a collector becomes an evidence with ``error`` for each of its metrics, and the others go
    on.

    Raises:
        DatabaseDownError: there is no database to measure.
    """
    scope = Scope(
        start=as_of - timedelta(days=policy.window_days),
        end=as_of,
        as_of=as_of,
        environment=PRODUCTION,
    )
    own = own_url or _configured()
    return read(engine, lambda connection: _gather(connection, scope, collectors, own))


def _configured() -> str | None:
    url = settings().own_url
    return url.get_secret_value() if url is not None else None


def _gather(
    connection: sa.Connection,
    scope: Scope,
    collectors: tuple[Collector, ...],
    own_url: str | None,
) -> tuple[Evidence, ...]:
    return tuple(item for one in collectors for item in _collect(connection, scope, one, own_url))


def _collect(
    connection: sa.Connection, scope: Scope, collector: Collector, own_url: str | None
) -> tuple[Evidence, ...]:
    """One collector behind a savepoint: its failure does not end the snapshot."""
    try:
        with connection.begin_nested():
            if collector.reads_own:
                return collector.collect(connection, scope, own_url)
            return collector.collect(connection, scope)
    except exc.SQLAlchemyError as error:
        if isinstance(error, exc.DBAPIError) and error.connection_invalidated:
            raise
        return _failure(collector, translate(error))
    except PlumblineError as error:
        return _failure(collector, error)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        # A value that nobody foresaw in somebody's table must not silence the other gates.
        LOG.exception("collector=%s", collector.name)
        return _errors(collector, f"{type(error).__name__} while assessing; the log says more")


def _failure(collector: Collector, error: PlumblineError) -> tuple[Evidence, ...]:
    LOG.warning("collector=%s %s", collector.name, error.log)
    if isinstance(error, MissingRelationError):
        return ()
    return _errors(collector, str(error))


def _errors(collector: Collector, words: str) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(
            metric=metric, value=None, n=0, method=collector.name, measured_at=None, error=words
        )
        for metric in collector.metrics
    )
