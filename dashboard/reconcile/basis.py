"""What a reconciliation builds on: the last run under the same rules, and what it left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from queries.compare_former import (
    PARTIAL,
    RUNNING,
    FormerRun,
    buckets_with_exceptions,
    former_run,
    former_states,
    remembers_buckets,
)
from queries.compare_plan import Plan
from queries.compare_survey import BucketState, Totals, totals
from queries.database import translated
from queries.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Options:
    """``changed`` re-checks only buckets that changed since the last run under the same rules;
    ``fresh`` keeps nothing of a run that was interrupted; ``suspects`` re-checks only buckets in
    which the last run found exceptions, and is blind for new damage elsewhere."""

    changed: bool = False
    fresh: bool = False
    suspects: bool = False


@dataclass(frozen=True, slots=True)
class Basis:
    """The former run, None where nothing of one is kept.

    ``suspected`` are the buckets to look at, None for all; ``untouched`` is what the others held.
    ``states`` are what its buckets held, where that decides which are compared again.
    """

    run: FormerRun | None = None
    suspected: frozenset[int] | None = None
    states: Mapping[int, BucketState] = field(default_factory=dict)
    untouched: Totals = field(default_factory=Totals)


def find_basis(own: sa.Engine, name: str, plan: Plan, options: Options) -> Basis:
    """Look the former run up.

    Raises:
        InvalidInputError: suspects are to be re-checked, and no run tells which they are.
    """
    if options.fresh:
        return Basis()
    with translated(), own.connect() as connection:
        run = former_run(connection, name, plan, finished=options.suspects)
        if options.suspects:
            return _to_recheck(connection, run, plan)
        broken_off = run is not None and run.status in {PARTIAL, RUNNING}
        if run is None or not (options.changed or broken_off):
            return Basis()
        states = former_states(connection, run)
        # A later run under other rules forgets them; then nothing tells what still holds.
        return Basis(run, states=states) if states else Basis()


def _to_recheck(connection: sa.Connection, run: FormerRun | None, plan: Plan) -> Basis:
    if run is None or not remembers_buckets(connection, run):
        raise InvalidInputError(
            f"{plan.name} has no complete run under the present rules, so nothing "
            "tells which records to check again. Run without --open first."
        )
    suspected = buckets_with_exceptions(connection, run)
    looked_at = totals(former_states(connection, run, suspected).values())
    return Basis(run, suspected, untouched=run.totals - looked_at)
