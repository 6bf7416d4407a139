"""All evidence there is, gathered in one snapshot of the database."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import exc

from components.gates.evidence import OUT_OF_TIME, Evidence
from components.gates.policy import Policy
from dashboard import evidence_shadow
from dashboard.collectors import COLLECTORS, Collector
from dashboard.evidence_late import leave_out_altered
from queries.database import translate
from queries.errors import MissingRelationError, PlumblineError, QueryTimeoutError
from queries.names import PRODUCTION
from queries.rolled import beside, own_of, read_rolled, rollups_of
from queries.rolled_late import leave_out_changed
from queries.scope import Scope
from queries.snapshot import guard, guard_all
from queries.time_limit import TimeLimit

LOG = logging.getLogger("plumbline.evidence")


def candidate(evidence: Iterable[Evidence]) -> str | None:
    """The model that a promotion would be about: the one in the shadow, else the only one named.

    Without one, or with several and none in the shadow, the gates of a promotion are STALE: they
    do not know what they would be about.
    """
    named = [item for item in evidence if item.candidate is not None]
    scored = {item.candidate for item in named if item.metric in evidence_shadow.METRICS}
    known = scored or {item.candidate for item in named}
    return known.pop() if len(known) == 1 else None


def gather(
    engine: sa.Engine,
    policy: Policy,
    as_of: datetime,
    collectors: tuple[Collector, ...] = COLLECTORS,
    own: sa.Engine | None = None,
    within: timedelta | None = None,
) -> tuple[Evidence, ...]:
    """Everything the collectors can measure over the policy's window before ``as_of``.

    ``own`` is an engine for the product's own schema; roll-ups of another source are refused.
    Days that were altered since are read in the source; where time is bounded, only those whose
    number of predictions has changed are known.
    Without roll-ups the source alone is read, which takes longer and gives the same evidence,
    and drift is not judged. ``within`` bounds the time: nothing is computed that a refresh would
    have kept, and without roll-ups what is not measured by its end has no value, and says why.

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
    return read_rolled(
        engine, own, lambda connection: _gather(connection, scope, policy, collectors, within)
    )


def _gather(
    connection: sa.Connection,
    scope: Scope,
    policy: Policy,
    collectors: tuple[Collector, ...],
    within: timedelta | None,
) -> tuple[Evidence, ...]:
    rollups = rollups_of(connection)
    if within is None:
        leave_out_altered(connection, scope, policy)
    elif rollups is not None:
        leave_out_changed(connection, rollups, scope)
    if beside(connection) is None:
        guard_all(connection)
    limit = None
    if within is not None:
        collectors = tuple(replace(one, collect=one.in_time or one.collect) for one in collectors)
    if within is not None and beside(connection) is None:
        limit = TimeLimit.starting(within)
        collectors = tuple(sorted(collectors, key=lambda one: one.slow))
    return tuple(
        item
        for one in collectors
        for item in _collect(connection, scope, policy, one, limit if one.slow else None)
    )


def _collect(
    connection: sa.Connection,
    scope: Scope,
    policy: Policy,
    collector: Collector,
    limit: TimeLimit | None = None,
) -> tuple[Evidence, ...]:
    """One collector behind a savepoint: its failure does not end the snapshot."""
    if limit is not None and limit.reached:
        return _unmeasured(collector)
    try:
        own = own_of(connection) if collector.reads_own else None
        with guard(collector.name, connection, *((own,) if own else ())):
            if limit is not None:
                limit.impose(connection)
            more: tuple[object, ...] = (own,) if collector.reads_own else ()
            if collector.reads_policy:
                more = (*more, policy)
            return collector.collect(connection, scope, *more)
    except exc.SQLAlchemyError as error:
        if isinstance(error, exc.DBAPIError) and error.connection_invalidated:
            raise
        failure = translate(error)
        if limit is not None and isinstance(failure, QueryTimeoutError):
            return _unmeasured(collector)
        return _failure(collector, failure)
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


def _unmeasured(collector: Collector) -> tuple[Evidence, ...]:
    """No value, and why; a collector that failed half-way gives nothing of its half."""
    LOG.info("collector=%s not measured in time", collector.name)
    return tuple(
        Evidence(metric, None, 0, collector.name, measured_at=None, sentence=OUT_OF_TIME)
        for metric in collector.metrics
    )


def _errors(collector: Collector, words: str) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(
            metric=metric, value=None, n=0, method=collector.name, measured_at=None, error=words
        )
        for metric in collector.metrics
    )
