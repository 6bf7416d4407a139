"""What a comparison of candidate and production is made from: pair, days, counts, reviews."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from components.gates.policy_shadow import ShadowPolicy
from components.shadow.material import DIMENSIONS, Material
from queries import shadow
from queries.answer import Answer, Provenance
from queries.database import if_present
from queries.names import PRODUCTION
from queries.scope import Scope
from queries.shadow_labels import labels
from queries.shadow_rows import ALL, By, Kind, Pair, RunRow, tallies

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
CANDIDATE = "candidate"
_BY: tuple[By, ...] = ("work_type", "region")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was asked, in words, with its statement."""

    words: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs with the candidate's scores up to the as-of, the one to judge first.

    ``registered`` is the version that was last signed as candidate, first at ``signed_at``;
    ``unscored`` says that it has no score at all.
    """

    runs: tuple[RunRow, ...]
    registered: str | None
    signed_at: datetime | None = None

    @property
    def unscored(self) -> bool:
        """Whether the registered candidate never scored a ticket."""
        return self.registered is not None and all(
            run.candidate_version != self.registered for run in self.runs
        )

    def pair(self, candidate: str | None = None) -> Pair | None:
        """The candidate beside the production model of its latest score; None without scores."""
        wanted = candidate or self.registered
        own = [run for run in self.runs if wanted in {None, run.candidate_version}]
        if not own:
            return None
        latest = max(own, key=lambda run: run.last_at)
        mine = [run for run in self.runs if run.candidate_version == latest.candidate_version]
        since = min(run.first_at for run in mine)
        return Pair(latest.candidate_version, latest.production_version, since)

    def last_at(self, pair: Pair) -> datetime:
        """The candidate's latest score beside this production model."""
        return max(
            run.last_at
            for run in self.runs
            if (run.candidate_version, run.production_version) == (pair.candidate, pair.production)
        )


def candidates(connection: sa.Connection, scope: Scope) -> Candidates:
    """Which candidates there are, by what they scored and by what was signed.

    Raises:
        MissingRelationError: there is no table of shadow scores.
    """
    whole = Scope(EPOCH, scope.as_of, scope.as_of, PRODUCTION)
    found = shadow.runs(connection, whole).rows
    roles = if_present(connection, lambda: shadow.roles(connection, whole).rows)
    own = [row for row in roles or () if row.role == CANDIDATE]
    signed = [row.model_version for row in own]
    scored = [run.candidate_version for run in found]
    registered = next((name for name in signed if name in scored), next(iter(signed), None))
    return Candidates(
        tuple(sorted(found, key=lambda run: (run.candidate_version == registered, run.last_at)))[
            ::-1
        ],
        registered,
        next((row.first_signed_at for row in own if row.model_version == registered), None),
    )


def comparison(scope: Scope, pair: Pair, policy: ShadowPolicy) -> Scope:
    """The days of the comparison, with the segments that the scope keeps.

    From the candidate's first score, or the policy's ``since``, to the as-of; the last day counts
    as far as it has come.
    """
    start = max(_midnight(pair.since.astimezone(UTC).date()), _earliest(scope.as_of, policy))
    return replace(scope, start=start, end=scope.as_of, environment=PRODUCTION, model_versions=())


def _begun_in_time(found: Candidates, pair: Pair, policy: ShadowPolicy) -> Pair:
    """The pair since the day on which its candidate had to be in the shadow at the latest."""
    if found.signed_at is None or pair.candidate != found.registered:
        return pair
    due = found.signed_at + timedelta(days=policy.start_within_days)
    return replace(pair, since=min(pair.since, due))


def _earliest(as_of: datetime, policy: ShadowPolicy) -> datetime:
    last = (as_of.astimezone(UTC) - timedelta(microseconds=1)).date()
    earliest = _midnight(last - timedelta(days=policy.comparison_days - 1))
    return max(earliest, _midnight(policy.since)) if policy.since else earliest


def material(
    connection: sa.Connection, scope: Scope, found: Candidates, pair: Pair, policy: ShadowPolicy
) -> tuple[Material, tuple[Asked, ...]] | None:
    """Counts and reviews of the pair, and the questions asked; None before its first day.

    Raises:
        DatabaseError: a table cannot be read.
    """
    pair = _begun_in_time(found, pair, policy)
    wanted = comparison(scope, pair, policy)
    if wanted.start >= scope.as_of:
        return None
    asked: list[Asked] = []

    def rows(question: Any, *arguments: Any, **options: Any) -> Any:
        answer: Answer[Any] = question(connection, wanted, *arguments, **options)
        words = (question.__doc__ or question.__name__).strip().splitlines()[0]
        asked.append(Asked(words, answer.provenance))
        return answer.rows

    counted = rows(shadow.tallies, pair, tuple(Kind))
    segments = {
        by: tallies(rows(shadow.tallies, pair, (Kind.PAIR,), by=by), Kind.PAIR) for by in _BY
    }
    reviews = if_present(connection, lambda: rows(shadow.labels, pair))
    begun = max(wanted.start, pair.since)
    switches = if_present(connection, lambda: rows(shadow.switches, begun, wanted.until))
    replaced = if_present(
        connection, lambda: rows(shadow.replaced, pair.candidate, begun, wanted.until)
    )
    trained = if_present(connection, lambda: rows(shadow.training, pair.candidate))
    made = Material(
        pair=pair,
        as_of=scope.as_of,
        start=wanted.start.date(),
        end=_end(wanted.until),
        last_at=found.last_at(pair),
        whole=_whole(counted),
        segments={name: segments[name] for name in DIMENSIONS},  # type: ignore[index]
        labels=labels(reviews or ()),
        errors=rows(shadow.errors, pair),
        switches=(*(switches or ()), *(replaced or ())),
        training=trained or (),
    )
    return made, tuple(asked)


def _whole(counted: Sequence[Any]) -> dict[Kind, Any]:
    made = {kind: tallies(counted, kind).get(ALL) for kind in Kind}
    return {kind: found for kind, found in made.items() if found is not None}


def _end(until: datetime) -> date:
    """The day after the last one of which anything is read."""
    return (until.astimezone(UTC) - timedelta(microseconds=1)).date() + timedelta(days=1)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
