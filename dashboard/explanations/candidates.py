"""Attesting candidates: every score in the shadow is recomputed from the verified file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol

import numpy as np
import sqlalchemy as sa

from components.explanations.assess import SUM_TOLERANCE, Floats
from dashboard.artifacts.models import LIGHTGBM, VerifiedModel
from dashboard.artifacts.readiness import TOLERANCE
from dashboard.explanations.attest import Loaded
from dashboard.explanations.recompute import outputs, recompute, usable_rows
from queries import explanation_candidates as kept
from queries.database import if_present
from queries.errors import InvalidInputError
from queries.explanation_candidates import KnownCandidate, ShadowRow
from queries.rollup_marks import EMPTY, shadow_marks

LOOK_BACK_DAYS = 35
EXPLAINED = 50
"""Explanations of each batch that are recomputed too: each costs a hundred scores."""


class Models(Protocol):
    """Models by version."""

    def __getitem__(self, version: str) -> Loaded: ...


@dataclass(slots=True)
class _Tally:
    newest_at: datetime
    verified: int = 0
    mismatched: int = 0
    unverified: int = 0
    explained: int = 0


def attest_candidates(
    source: sa.Connection, own: sa.Connection, today: date, versions: Models, *, everything: bool
) -> tuple[int, int]:
    """Attest days that are new or changed; how many scores were verified, and were not.

    With ``everything`` every day is compared with the source, otherwise the last 35.
    """
    first = if_present(source, lambda: kept.first_day(source))
    if first is None or first >= today:
        return 0, 0
    with own.begin():
        known = kept.known(own).rows
    days = {row.day for row in known}
    start = first if everything or first not in days else today - timedelta(days=LOOK_BACK_DAYS)
    verified = wrong = 0
    for day, mark in sorted(shadow_marks(source, max(first, start), today).items()):
        if mark == EMPTY or not _is_new(day, mark, known, versions):
            continue
        with own.begin():
            for tally in _attest_day(source, own, day, mark, versions):
                verified += tally.verified
                wrong += tally.mismatched
    return verified, wrong


def _is_new(day: date, mark: str, known: Sequence[KnownCandidate], versions: Models) -> bool:
    """Whether a day was never attested, has changed, or can be only now."""
    own = [row for row in known if row.day == day]
    return not own or any(
        row.mark != mark
        or (row.digest is None and versions[row.candidate_version].digest is not None)
        for row in own
    )


def _attest_day(
    source: sa.Connection, own: sa.Connection, day: date, mark: str, versions: Models
) -> list[_Tally]:
    tallies: dict[str, _Tally] = {}
    for batch in kept.of_day(source, day):
        groups: dict[str, list[ShadowRow]] = defaultdict(list)
        for row in batch:
            groups[row.candidate_version].append(row)
        for version, rows in groups.items():
            newest = max(row.scored_at for row in rows)
            tally = tallies.setdefault(version, _Tally(newest))
            tally.newest_at = max(tally.newest_at, newest)
            _add(tally, rows, versions[version])
    kept.replace_day(own, day, [_row(day, mark, v, t, versions[v]) for v, t in tallies.items()])
    return list(tallies.values())


def _add(tally: _Tally, rows: Sequence[ShadowRow], loaded: Loaded) -> None:
    model = loaded.model
    if model is None or model.schema is None:
        tally.unverified += len(rows)
        return
    places, matrix = usable_rows(model.schema, [row.features for row in rows])
    tally.unverified += len(rows) - len(places)
    if not places:
        return
    said = np.array([rows[place].candidate_score for place in places], dtype=np.float64)
    try:
        same = _same(model, matrix, said)
        whole = recompute(model, matrix[:EXPLAINED])
    except InvalidInputError:
        tally.unverified += len(places)
        return
    adds_up = np.abs(whole.values.sum(axis=1) - whole.output) <= SUM_TOLERANCE
    same[: adds_up.size] &= adds_up
    tally.verified += int(same.sum())
    tally.mismatched += int((~same).sum())
    tally.explained += int(adds_up.sum())


def _same(model: VerifiedModel, matrix: Floats, said: Floats) -> Any:
    """Which scores the file gives; LightGBM's on singles too, where the platform hands it those."""
    found = np.abs(_risk(outputs(model, matrix)) - said) <= TOLERANCE
    if model.family == LIGHTGBM and not found.all():
        rounded = matrix.astype(np.float32).astype(np.float64)
        found |= np.abs(_risk(outputs(model, rounded)) - said) <= TOLERANCE
    return found


def _risk(log_odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(log_odds, -700, 700))), dtype=np.float64)


def _row(day: date, mark: str, version: str, tally: _Tally, model: Loaded) -> Mapping[str, Any]:
    return {
        "candidate_version": version,
        "day": day,
        "mark": mark,
        "verified": tally.verified,
        "mismatched": tally.mismatched,
        "unverified": tally.unverified,
        "explained": tally.explained,
        "detail": model.detail,
        "digest": model.digest,
        "newest_at": tally.newest_at,
        "attested_at": datetime.now(UTC),
    }
