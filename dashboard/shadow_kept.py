"""The whole comparison as the last refresh left it: pages and gates need not compute it again.

It covers every segment and speaks of the days up to the newest that is rolled up. With filters,
of another pair, as of an earlier day, or where nothing was kept, it is computed from roll-ups or
source.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256

import sqlalchemy as sa
from pydantic import TypeAdapter

from components.gates.policy import Policy
from components.shadow.assess import report, rules
from components.shadow.kept import METHOD, from_text, to_text
from components.shadow.material import Rules
from components.shadow.types import ShadowReport
from dashboard import shadow_material
from dashboard.progress import Progress
from dashboard.shadow_material import Asked
from queries import shadow_kept
from queries.database import if_present, read, translated
from queries.drift_evidence import newest
from queries.errors import PlumblineError
from queries.names import PRODUCTION
from queries.rolled import beside, read_rolled, rollups_of
from queries.scope import Scope
from queries.shadow_kept import Made
from queries.shadow_rows import Pair

LOG = logging.getLogger("plumbline.refresh")
LONGEST = timedelta(days=2)
"""So long after its last day a kept comparison is shown: until the night's refresh is late."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A comparison, and the question that fetched it."""

    report: ShadowReport
    asked: Asked


def kept(connection: sa.Connection, scope: Scope, pair: Pair, policy: Policy) -> Kept | None:
    """What the last refresh kept of the pair; None where it does not speak of this scope, or days
    have been altered since."""
    own, rollups = beside(connection), rollups_of(connection)
    if own is None or scope.work_types or scope.regions or (rollups and rollups.changed):
        return None
    made = _newest(own, policy, scope.as_of.astimezone(UTC).date())
    if made is None or scope.as_of - _end(made.day) > LONGEST:
        return None
    answer = if_present(own, lambda: shadow_kept.kept(own, pair, made))
    found = from_text(answer.rows[0].report) if answer is not None and answer.rows else None
    if found is None or answer is None:
        return None
    words = "The comparison of both models, as the last refresh kept it."
    return Kept(found, Asked(words, answer.provenance))


def keep(source: sa.Engine, own: sa.Engine, policy: Policy, progress: Progress) -> None:
    """Keep the comparison of the registered candidate up to the newest rolled-up day.

    Pages and gates do without it: a failure is logged.
    """
    try:
        with progress.stage("Comparing the candidate in the shadow"):
            _keep(source, own, policy)
    except PlumblineError as error:
        LOG.warning("shadow report: %s", error.log)


def _keep(source: sa.Engine, own: sa.Engine, policy: Policy) -> None:
    made = read(own, lambda connection: _newest(connection, policy, date.max))
    if made is None:
        return
    found = read_rolled(source, own, lambda one: _computed(one, policy, _end(made.day)))
    if found is None:
        return
    pair, text = found[0], to_text(found[1])
    with translated(), own.begin() as connection:
        shadow_kept.keep(connection, pair, made, text)


def _newest(own: sa.Connection, policy: Policy, before: date) -> Made | None:
    key = newest(own, PRODUCTION, before)
    if key is None:
        return None
    given = TypeAdapter(Rules).dump_json(rules(policy))
    return Made(key.day, key.refreshed_at, sha256(given).hexdigest(), METHOD)


def _computed(
    connection: sa.Connection, policy: Policy, as_of: datetime
) -> tuple[Pair, ShadowReport] | None:
    scope = Scope(shadow_material.EPOCH, as_of, as_of)
    candidates = shadow_material.candidates(connection, scope)
    pair = candidates.pair()
    if pair is None:
        return None
    found = shadow_material.material(connection, scope, candidates, pair, policy.shadow)
    return None if found is None else (pair, report(found[0], rules(policy)))


def _end(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), UTC)
