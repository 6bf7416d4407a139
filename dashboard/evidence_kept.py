"""Evidence that takes long to measure, as the last refresh found it, so that pages need not.

Roll-ups do not answer every question: a quarter of reviewed tickets is scored again by the model
to roll back to, tickets are counted once, two environments and two models are set side by side.
The refresh measures that as of the end of its newest day and keeps it beside the roll-ups, with
all that it was made from. Where any of that has changed it is measured anew.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from itertools import product

import sqlalchemy as sa

from components.artifacts.assess_history import served
from components.artifacts.types import PRODUCTION as IN_SERVICE
from components.gates.evidence import Evidence
from components.gates.evidence_json import from_json, to_json
from components.gates.policy import Policy
from components.shadow import kept as shadow_report
from components.status.earlier import LOOK_BACK
from dashboard import evidence_pipeline, evidence_production, evidence_shadow, shadow_material
from dashboard.production_harm import target
from dashboard.progress import Progress
from queries import artifacts, drift_evidence
from queries.database import if_present, read, translated
from queries.drift_evidence import Key
from queries.errors import PlumblineError
from queries.names import DEVELOPMENT, PRODUCTION
from queries.rolled import beside, read_rolled, rollups_of
from queries.scope import Scope

LOG = logging.getLogger("plumbline.refresh")
_DAY = timedelta(days=1)
LONGEST = 2 * _DAY
"""So long after its day kept evidence is shown: until the night's refresh is late."""


@dataclass(frozen=True, slots=True)
class Slow:
    """A collector whose evidence is kept.

    ``method`` changes with whatever changes the evidence of the same tables. ``made_from`` says
    what it is made from besides the rolled-up days of production; None where that cannot be said,
    and then nothing is kept. Both are asked as the collector is.
    """

    method: str
    collect: Callable[..., tuple[Evidence, ...]]
    made_from: Callable[..., object | None] = lambda *_: ()
    reads_policy: bool = False

    def kept(self, connection: sa.Connection, scope: Scope, *given: Policy) -> tuple[Evidence, ...]:
        """What the last refresh found, else what is found now."""
        own, key = beside(connection), _newest(connection, scope.as_of)
        rollups = rollups_of(connection)
        changed = rollups is not None and rollups.changed
        if own is None or key is None or changed or scope.as_of - _end(key.day) > LONGEST:
            return self.collect(connection, scope, *given)
        made = self.made(connection, scope, *given)
        found = made and if_present(
            own, lambda: drift_evidence.kept(own, PRODUCTION, key, made, self.method)
        )
        if not found:
            return self.collect(connection, scope, *given)
        return tuple(from_json(item) for item in found)

    def made(self, connection: sa.Connection, scope: Scope, *given: Policy) -> str | None:
        """A digest of all that the evidence is made from, but for the days themselves."""
        content = self.made_from(connection, scope, *given)
        if content is None:
            return None
        words = [self.method, str(scope.end - scope.start), content]
        return sha256(json.dumps(words, sort_keys=True, default=str).encode()).hexdigest()


def _ways_out(connection: sa.Connection, scope: Scope, policy: Policy) -> object:
    """The models, when they served, and the rules that weigh reviews."""
    rows = artifacts.files(connection, scope).rows
    events = artifacts.events(connection, scope).rows
    model, why = target(rows)
    return {
        "in service": sorted({row.model_version for row in rows if row.role == IN_SERVICE}),
        "since": [(one.version, one.start) for one in served(events, scope.as_of)],
        "rollback": model.digest if model is not None else why,
        "label_days": policy.shadow.label_days,
        "largest_weight": policy.shadow.largest_weight,
    }


def _development(connection: sa.Connection, scope: Scope) -> object | None:
    """When the days of development were last looked at."""
    key = _newest(connection, scope.as_of, DEVELOPMENT)
    return None if key is None else (key.day, key.refreshed_at)


def _candidate(connection: sa.Connection, scope: Scope, policy: Policy) -> object:
    """The candidate beside the model in service, and the rules they are compared by."""
    found = shadow_material.candidates(connection, scope)
    return found.registered, str(found.pair()), policy.version, shadow_report.METHOD


HARM = Slow("production harm 1", evidence_production.harm, _ways_out, reads_policy=True)
TICKETS = Slow("repeated tickets 1", evidence_pipeline.tickets)
ENVIRONMENTS = Slow("environments 1", evidence_pipeline.environments, _development)
SHADOW = Slow("shadow evidence 1", evidence_shadow.shadow, _candidate, reads_policy=True)
KEPT = (HARM, TICKETS, ENVIRONMENTS, SHADOW)


def keep(source: sa.Engine, own: sa.Engine, policy: Policy, progress: Progress) -> None:
    """Keep the evidence of the newest rolled-up day, and of those that Status looks back to.

    Pages do without it: a failure is logged.
    """
    # Today's page looks back from today, yesterday's from yesterday.
    looked_at = (LOOK_BACK, LOOK_BACK - _DAY, timedelta())
    with progress.stage("Measuring for the gates what takes long"):
        for back, slow in product(looked_at, KEPT):
            try:
                _keep(source, own, policy, back, slow)
            except PlumblineError as error:
                LOG.warning("evidence to keep: %s %s", slow.method, error.log)


def _keep(source: sa.Engine, own: sa.Engine, policy: Policy, back: timedelta, slow: Slow) -> None:
    newest = read(own, lambda one: drift_evidence.newest(one, PRODUCTION, date.max))
    if newest is None:
        return
    found = read_rolled(source, own, lambda one: _found(one, policy, newest.day - back, slow))
    if found is None:
        return
    key, made, evidence = found
    with translated(), own.begin() as connection:
        items = [to_json(one) for one in evidence]
        drift_evidence.keep(connection, PRODUCTION, key, made, slow.method, items)


def _found(
    connection: sa.Connection, policy: Policy, day: date, slow: Slow
) -> tuple[Key, str, tuple[Evidence, ...]] | None:
    """What is found of a day as of its end; None where it is not rolled up, or kept already."""
    end, own = _end(day), beside(connection)
    key = _newest(connection, end)
    if own is None or key is None or key.day != day:
        return None
    scope = Scope(end - timedelta(days=policy.window_days), end, end, PRODUCTION)
    given = (policy,) if slow.reads_policy else ()
    made = slow.made(connection, scope, *given)
    if made is None or drift_evidence.kept(own, PRODUCTION, key, made, slow.method) is not None:
        return None
    return key, made, slow.collect(connection, scope, *given)


def _newest(
    connection: sa.Connection, as_of: datetime, environment: str = PRODUCTION
) -> Key | None:
    """The newest rolled-up day that had ended; None where nothing is rolled up."""
    own = beside(connection)
    before = as_of.astimezone(UTC).date()
    return None if own is None else drift_evidence.newest(own, environment, before)


def _end(day: date) -> datetime:
    return datetime.combine(day + _DAY, time(), UTC)
