"""Attesting what is new: day by day, a batch per model, each day in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from components.explanations.types import Unverified
from dashboard.artifacts import models, trusted
from dashboard.artifacts.verify import Trust
from dashboard.explanations.attest import Loaded, Tally, attest, elements, loaded
from dashboard.explanations.candidates import attest_candidates
from dashboard.progress import Progress, Stage
from queries import artifacts, explanation_results, explanations
from queries.artifact_rows import ArtifactRow
from queries.database import if_present, translated
from queries.errors import InvalidInputError
from queries.explanation_rows import DayCount, ExplanationRow, KnownDay
from queries.explanation_schema import EXPLANATIONS
from queries.own_tables import ensure
from queries.rollup_marks import EMPTY, explanation_marks
from queries.rollup_origin import identity, record, recorded
from queries.rollup_parts import midnight
from queries.rollup_tables import ROLL_UPS
from queries.scope import Scope

LOOK_BACK_DAYS = 35
_NO_ENVIRONMENT = "(none)"
"""Environment of explanations whose prediction is gone."""

_IN_NO_HURRY = sa.text("SET LOCAL synchronous_commit = off")
"""A day that a crash takes back is attested again: it need not wait for the disk."""

TrustOf = Callable[[Sequence[ArtifactRow]], Trust]


@dataclass(slots=True)
class Attested:
    """What a run did."""

    days: int = 0
    explained: int = 0
    verified: int = 0
    mismatched: int = 0
    unverified: int = 0
    scores: int = 0
    wrong_scores: int = 0

    @property
    def sentence(self) -> str:
        """The run in one line."""
        if not self.scores + self.wrong_scores:
            return self._explained
        whole = self.scores + self.wrong_scores
        return f"{self._explained} {self.scores:,} of {whole:,} shadow scores are the candidate's."

    @property
    def _explained(self) -> str:
        if not self.days:
            return "The explanations of every day were attested already."
        found = f"{self.verified:,} of {self.explained:,} explanations are what the model says"
        if self.mismatched:
            found += f"; {self.mismatched:,} are not, see the Explanations page"
        if self.unverified:
            found += f"; {self.unverified:,} could not be recomputed"
        return f"{found} ({self.days:,} {'day' if self.days == 1 else 'days'} attested)."


def run(
    source: sa.Engine,
    own: sa.Engine,
    today: date,
    progress: Progress,
    *,
    trust_of: TrustOf = trusted.trust,
    since: date | None = None,
    everything: bool = False,
) -> Attested | None:
    """Attest every day that is over and new, or changed, or whose model can be loaded only now.

    Days before ``since`` are not looked at; with ``everything`` every day is compared with the
    source, otherwise the last 35. None where the source has no explanations at all.

    Raises:
        InvalidInputError: what is kept there is of another source, or nobody knows of which.
        DatabaseError: source or own schema cannot be used; says why.
    """
    ensure(own, EXPLANATIONS)
    ensure(own, ROLL_UPS)
    with translated(), source.connect() as reading, own.connect() as writing:
        with writing.begin():
            known = {row.day: row for row in explanation_results.known_days(writing).rows}
            _settle(reading, writing, known)
        first = if_present(reading, lambda: explanations.first_day(reading))
        if first is None:
            return None
        versions = _Models(reading, today, trust_of)
        first = first if since is None else max(first, since)
        days = _days(reading, known, first, today, versions, everything)
        outcome = Attested(days=len(days))
        if days:
            with progress.stage(f"Recomputing explanations of {len(days):,} days") as stage:
                _work(reading, writing, days, versions, outcome, stage)
        outcome.scores, outcome.wrong_scores = attest_candidates(
            reading, writing, today, versions, everything=everything
        )
    return outcome


def _settle(source: sa.Connection, own: sa.Connection, known: Mapping[date, KnownDay]) -> None:
    """Put on record whose attestations these are; `plumbline refresh` did so before."""
    found, kept = identity(source), recorded(own)
    if kept == found:
        return
    if kept is not None or known:
        raise InvalidInputError(
            "The attestations in this schema are of another database, or it is not on record of "
            "which. Run `plumbline refresh`, or name another database in PLUMBLINE_OWN_URL."
        )
    record(own, found)


class _Models:
    """Models by version, each verified once a run."""

    def __init__(self, source: sa.Connection, today: date, trust_of: TrustOf) -> None:
        end = midnight(today)
        scope = Scope(end - timedelta(days=1), end, max(end, datetime.now(UTC)))
        rows = if_present(source, lambda: artifacts.files(source, scope).rows) or ()
        self._rows = rows
        self._trust = trust_of(rows)
        self._kept: dict[str, Loaded] = {}

    def __getitem__(self, version: str) -> Loaded:
        if version not in self._kept:
            self._kept[version] = loaded(
                version, lambda name: models.load_verified(name, self._rows, trust=self._trust)
            )
        return self._kept[version]


def _days(
    source: sa.Connection,
    known: Mapping[date, KnownDay],
    first: date,
    today: date,
    versions: _Models,
    everything: bool,
) -> list[tuple[date, str, list[DayCount]]]:
    """Days to attest, oldest first, each with its mark and its predictions."""
    missing = (first + timedelta(days=place) for place in range((today - first).days))
    back = today - timedelta(days=LOOK_BACK_DAYS)
    starts = [first] if everything else [back, *(day for day in missing if day not in known)]
    again = {day for day, row in known.items() if _can_now(row, versions)}
    start = max(first, min([*starts, *again]))
    if start >= today:
        return []
    marks = explanation_marks(source, start, today)
    counts: dict[date, list[DayCount]] = {}
    for row in explanations.day_counts(source, start, today).rows:
        counts.setdefault(row.day, []).append(row)
    found = []
    for place in range((today - start).days):
        day = start + timedelta(days=place)
        scored = sum(row.predictions for row in counts.get(day, []))
        mark = f"{marks.get(day, EMPTY)}/{scored}"
        purged = day in known and mark == f"{EMPTY}/0"
        if not purged and (day not in known or known[day].mark != mark or day in again):
            found.append((day, mark, counts.get(day, [])))
    return found


def _can_now(row: KnownDay, versions: _Models) -> bool:
    """Whether a model that could not be loaded when the day was attested can be loaded now."""
    return any(
        digest is None and versions[version].digest is not None
        for version, digest in row.models.items()
    )


def _work(
    source: sa.Connection,
    own: sa.Connection,
    days: Sequence[tuple[date, str, list[DayCount]]],
    versions: _Models,
    outcome: Attested,
    stage: Stage,
) -> None:
    for done, (day, mark, counts) in enumerate(days, start=1):
        with own.begin():
            own.execute(_IN_NO_HURRY)
            for tally in _attest_day(source, own, day, mark, counts, versions):
                outcome.explained += tally.explained
                outcome.verified += tally.verified
                outcome.mismatched += tally.mismatched
                outcome.unverified += sum(tally.reasons.values())
        stage.advance(done, len(days))


def _attest_day(
    source: sa.Connection,
    own: sa.Connection,
    day: date,
    mark: str,
    counts: Sequence[DayCount],
    versions: _Models,
) -> Iterable[Tally]:
    tallies: dict[tuple[str, str], Tally] = {}
    mismatches: list[dict[str, Any]] = []
    for batch in explanations.of_day(source, day):
        for (environment, version), rows in _groups(batch).items():
            found = attest(rows, versions[version])
            tallies.setdefault((environment, version), Tally()).add(rows, found)
            mismatches += [
                {
                    "prediction_id": str(one.prediction_id),
                    "scored_at": one.scored_at,
                    "environment": environment,
                    "day": day,
                    "model_version": version,
                    "elements": elements(one),
                    "sum_gap": one.sum_gap,
                }
                for one in found.mismatches
            ]
    now = datetime.now(UTC)
    used = {version: versions[version].digest for _, version in tallies}
    explanation_results.replace_day(
        own,
        KnownDay(day, mark, used),
        now,
        cover=_cover(day, counts, tallies, now),
        results=[_result(day, key, tally, versions[key[1]], now) for key, tally in tallies.items()],
    )
    explanation_results.add_mismatches(own, mismatches)
    return tallies.values()


def _groups(rows: Iterable[ExplanationRow]) -> dict[tuple[str, str], list[ExplanationRow]]:
    found: dict[tuple[str, str], list[ExplanationRow]] = {}
    for row in rows:
        key = (row.environment or _NO_ENVIRONMENT, row.model_version)
        found.setdefault(key, []).append(row)
    return found


def _cover(
    day: date,
    counts: Iterable[DayCount],
    tallies: Mapping[tuple[str, str], Tally],
    now: datetime,
) -> list[dict[str, Any]]:
    return [
        {
            "environment": row.environment,
            "day": day,
            "predictions": row.predictions,
            "explained": sum(
                tally.explained for key, tally in tallies.items() if key[0] == row.environment
            ),
            "newest_at": row.newest_at,
            "attested_at": now,
        }
        for row in counts
    ]


def _result(
    day: date, key: tuple[str, str], tally: Tally, model: Loaded, now: datetime
) -> dict[str, Any]:
    environment, version = key
    told = tally.reasons.keys() & {
        Unverified.MODEL_GONE, Unverified.MODEL_REFUSED, Unverified.SCHEMA_GONE
    }  # fmt: skip
    return {
        "environment": environment,
        "day": day,
        "model_version": version,
        "explained": tally.explained,
        "verified": tally.verified,
        "mismatched": tally.mismatched,
        "reasons": {str(reason): n for reason, n in sorted(tally.reasons.items())},
        "detail": model.detail if told else "",
        "digest": model.digest,
        "largest_gap": tally.largest_gap,
        "attribution_micro": dict(tally.attribution),
        "pairs": tally.pairs,
        "alike": tally.alike,
        "newest_at": tally.newest_at,
        "attested_at": now,
    }
