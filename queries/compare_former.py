"""What earlier reconciliations left in the product's own schema, for the next one to build on.

The states of the buckets are kept once for each pair of relations, with the latest run that
compared all of them. A recheck of a few buckets renews only theirs, and has none of its own.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from queries.compare_plan import Plan
from queries.compare_survey import BucketCount, BucketState, Totals
from queries.reconciliation_schema import (
    reconciliation_buckets as _buckets,
)
from queries.reconciliation_schema import (
    reconciliation_exceptions as _exceptions,
)
from queries.reconciliation_schema import (
    reconciliation_runs as _runs,
)

PARTIAL, RUNNING, COMPLETED = "partial", "running", "completed"
RECHECKED = "rechecked"
"""Complete, but only where the run before it had exceptions: no evidence for the rest."""
BIGINTS = sa.ARRAY(sa.BigInteger())


@dataclass(frozen=True, slots=True)
class FormerRun:
    """A run whose buckets may still hold. ``states_of`` is the run with which they are kept."""

    run_id: int
    bucketing: str
    status: str
    exceptions: int
    totals: Totals
    states_of: int


def former_run(
    connection: sa.Connection, name: str, plan: Plan, *, finished: bool = False
) -> FormerRun | None:
    """The latest run under the same rules, complete or not; ``finished`` passes over the latter."""
    totals = [_runs.c[each] for each in Totals.__dataclass_fields__]
    statement = (
        sa.select(_runs.c.run_id, _runs.c.bucketing, _runs.c.status, _runs.c.exceptions, *totals)
        .where(_runs.c.name == name, _runs.c.pair == plan.name, _runs.c.plan_digest == plan.digest)
        .order_by(_runs.c.run_id.desc())
        .limit(1)
    )
    if finished:
        statement = statement.where(_runs.c.status.in_([COMPLETED, RECHECKED]))
    found = connection.execute(statement).first()
    if found is None:
        return None
    run_id, bucketing, status, exceptions, *counts = found
    kept = _compared_all(connection, run_id) if status == RECHECKED else run_id
    return FormerRun(run_id, bucketing, status, exceptions, Totals(*counts), kept)


def _compared_all(connection: sa.Connection, run_id: int) -> int:
    """The run that compared everything, to which a chain of rechecks goes back."""
    columns = (_runs.c.run_id, _runs.c.based_on, _runs.c.status)
    chain = sa.select(*columns).where(_runs.c.run_id == run_id).cte(recursive=True)
    earlier = sa.select(*columns).join(chain, _runs.c.run_id == chain.c.based_on)
    chain = chain.union_all(earlier.where(chain.c.status == RECHECKED))
    return int(connection.execute(sa.select(sa.func.min(chain.c.run_id))).scalar_one())


def remembers_buckets(connection: sa.Connection, former: FormerRun) -> bool:
    """Whether its buckets are still kept: a later run under other rules forgets them."""
    kept = sa.select(_buckets.c.run_id).where(_buckets.c.run_id == former.states_of)
    return bool(connection.scalar(sa.select(kept.exists())))


def buckets_with_exceptions(connection: sa.Connection, former: FormerRun) -> frozenset[int]:
    """Where that run had found something."""
    wanted = _exceptions.c.run_id == former.run_id
    return frozenset(connection.scalars(sa.select(_exceptions.c.bucket).where(wanted).distinct()))


def former_states(
    connection: sa.Connection, former: FormerRun, only: Collection[int] | None = None
) -> dict[int, BucketState]:
    """What the buckets held when that run compared them; ``only`` these, or all."""
    columns = [column for column in _buckets.c if column.name != "run_id"]
    statement = sa.select(*columns).where(_buckets.c.run_id == former.states_of)
    if only is not None:
        statement = statement.where(_buckets.c.bucket == sa.any_(sa.cast(sorted(only), BIGINTS)))
    states = {}
    for bucket, *counts in connection.execute(statement):
        source, target = (
            BucketCount(bucket, rows, filtered, _whole(mark), _whole(digest))
            for rows, filtered, mark, digest in (counts[:4], counts[4:])
        )
        states[bucket] = BucketState(bucket, source, target)
    return states


def _whole(number: Decimal | None) -> int | None:
    return None if number is None else int(number)
