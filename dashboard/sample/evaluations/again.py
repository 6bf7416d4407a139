"""Tickets scored again: the suites that need a model, run on its file and on real tickets.

Each case is a prediction of the audit. Its stored features are changed, or left as they are, and
the model's own file scores them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from dashboard.sample.configuration import DECISION_THRESHOLD
from dashboard.sample.evaluations.cases import PRIORITY, Subject, cases
from dashboard.sample.evaluations.golden import expected
from dashboard.sample.evaluations.suite import Result, SuiteRun, digest, share
from dashboard.sample.features import Features, Flags, Floats, Kind, Schema
from queries.contract import ml_shadow_scores, prediction_audit
from queries.names import PRODUCTION

SIZE = 4_000
"""So many that a share of one in two hundred is told from one in a hundred."""
WINDOW = timedelta(days=28)
_NAMED = 5
_LITTLE = 0.01
"""Of the range that half of all values lie in: a letter more, a street further."""

Change = Callable[[Schema, Features], Features]
_audit, _shadow = prediction_audit.c, ml_shadow_scores.c


@dataclass(frozen=True, slots=True, eq=False)
class Tickets:
    """Predictions with what was seen of them; ``said`` is what is expected or was recorded."""

    prediction: tuple[int, ...]
    region: tuple[str, ...]
    said: Flags
    features: Features

    def names(self, wanted: Flags) -> list[str]:
        """A few of them, by id."""
        return [str(self.prediction[place]) for place in np.flatnonzero(wanted)[:_NAMED]]

    @property
    def digest(self) -> str:
        """Of the cases, in order."""
        return digest(self.prediction)


class Bench:
    """Model files and the schema of their features, as they lie in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.schema = Schema.of(next(folder.glob("feature_schema_*.json")).read_bytes())

    def decides(self, subject: Subject, features: Features) -> Flags:
        """Whether the model's file would give priority."""
        return self._score(subject.version, features) >= DECISION_THRESHOLD

    def _score(self, version: str, features: Features) -> Floats:
        file = self._folder / f"risk_model_{version}"
        matrix = features.matrix()
        if (text := file.with_name(f"{file.name}.txt")).exists():
            import lightgbm as lgb

            booster = lgb.Booster(model_file=text)
            return np.asarray(booster.predict(matrix, num_threads=1), dtype=np.float64)
        import xgboost as xgb

        native = xgb.Booster(model_file=file.with_name(f"{file.name}.ubj"))
        return native.predict(xgb.DMatrix(matrix, feature_names=self.schema.names)).astype(float)


def suites(
    connection: sa.Connection, subjects: Sequence[Subject], folder: Path, at: datetime
) -> Iterator[SuiteRun]:
    """Robustness and adversarial of every model, and stability of the one in the shadow."""
    if not subjects:
        return
    bench = Bench(folder)
    recent, clear = _recent(connection, bench, at), _clear(connection, bench)
    for subject in subjects:
        yield robustness(bench, subject, recent, at)
        if len(clear.prediction) and _attacks(bench.schema):
            yield adversarial(bench, subject, clear, at)
        if subject.role == "candidate":
            yield stability(bench, subject, _shadowed(connection, bench, subject, at), at)


def robustness(bench: Bench, subject: Subject, recent: Tickets, at: datetime) -> SuiteRun:
    """Each ticket with one change that nobody would call a change: does the decision hold?"""
    before = bench.decides(subject, recent.features)
    turn = np.arange(len(before)) % len(_HARMLESS)
    flipped = np.zeros(len(before), dtype=np.bool_)
    results = []
    for place, (name, change) in enumerate(_HARMLESS.items()):
        mine = turn == place
        own = recent.features.take(mine)
        flipped[mine] = bench.decides(subject, change(bench.schema, own)) != before[mine]
        results.append(share("flip_rate", int(flipped[mine].sum()), int(mine.sum()), segment=name))
    whole = _whole("flip_rate", flipped, recent)
    return SuiteRun(
        "robustness", "robustness-1", recent.digest, subject.version, at, (whole, *results)
    )


def adversarial(bench: Bench, subject: Subject, clear: Tickets, at: datetime) -> SuiteRun:
    """Clear cases in which the requester tries to look different: does the decision hold?"""
    results, lost, n = [], np.zeros(len(clear.prediction), dtype=np.int64), 0
    for name, attack in _attacks(bench.schema).items():
        changed = attack(bench.schema, clear.features)
        wrong = bench.decides(subject, changed) != clear.said
        results.append(share("pass_rate", int((~wrong).sum()), wrong.size, segment=name))
        lost, n = lost + wrong, n + wrong.size
    fell = clear.names(lost > 0)
    whole = share("pass_rate", n - int(lost.sum()), n, evidence={"predictions": fell})
    return SuiteRun(
        "adversarial", "adversarial-1", clear.digest, subject.version, at, (whole, *results)
    )


def stability(bench: Bench, subject: Subject, shadowed: Tickets, at: datetime) -> SuiteRun:
    """Tickets of the shadow scored again by the candidate's file: is the decision the same?"""
    flipped = bench.decides(subject, shadowed.features) != shadowed.said
    region = np.array(shadowed.region, dtype=np.str_)
    parts = [
        share(
            "rerun_flip_rate",
            int(flipped[region == name].sum()),
            int((region == name).sum()),
            segment=str(name),
        )
        for name in np.unique(region)
    ]
    whole = _whole("rerun_flip_rate", flipped, shadowed)
    return SuiteRun(
        "stability", "rescored-1", shadowed.digest, subject.version, at, (whole, *parts)
    )


def _whole(metric: str, flipped: Flags, tickets: Tickets) -> Result:
    evidence = {"predictions": tickets.names(flipped)}
    return share(metric, int(flipped.sum()), flipped.size, evidence=evidence)


def _moved(schema: Schema, features: Features, part: float) -> Features:
    """Every number moved by a part of its interquartile range."""
    moved = {}
    for one in schema.features:
        if one.kind is Kind.NUMBER:
            low, high = np.nanpercentile(features[one.name], (25, 75))
            moved[one.name] = features[one.name] + part * (high - low)
    return features.replaced(**moved)


def _coarser(schema: Schema, features: Features) -> Features:
    fractions = [one for one in schema.features if one.kind is Kind.NUMBER and one.decimals]
    return features.replaced(
        **{one.name: features[one.name].round(one.decimals - 1) for one in fractions}
    )


_HARMLESS: Mapping[str, Change] = {
    "every number a little larger": lambda schema, seen: _moved(schema, seen, _LITTLE),
    "every number a little smaller": lambda schema, seen: _moved(schema, seen, -_LITTLE),
    "one decimal fewer": _coarser,
}


def _attacks(schema: Schema) -> dict[str, Change]:
    """What a requester can do to look more or less urgent, as far as the features show it."""

    def times(name: str, factor: float) -> Change:
        return lambda _, seen: seen.replaced(**{name: seen[name] * factor})

    def turned(name: str) -> Change:
        return lambda _, seen: seen.replaced(**{name: 1 - seen[name]})

    every: dict[str, tuple[str, Change]] = {
        "a text twice as long": ("description_length", times("description_length", 2.0)),
        "half the text": ("description_length", times("description_length", 0.5)),
        "named or anonymous": ("anonymous", turned("anonymous")),
        "address checked or not": ("address_verified", turned("address_verified")),
    }
    return {words: change for words, (name, change) in every.items() if name in schema.names}


def _recent(connection: sa.Connection, bench: Bench, at: datetime) -> Tickets:
    """Tickets of the last weeks, drawn by a digest of their ids."""
    statement = (
        sa.select(_audit.prediction_id, _audit.region, _audit.features, sa.false().label("said"))
        .where(
            _audit.environment == PRODUCTION,
            _audit.scored_at >= at - WINDOW,
            _audit.scored_at < at,
            _audit.features.is_not(None),
        )
        .order_by(_drawn(_audit.prediction_id), _audit.prediction_id)
        .limit(SIZE)
    )
    return _tickets(connection, bench, statement)


def _shadowed(connection: sa.Connection, bench: Bench, subject: Subject, at: datetime) -> Tickets:
    """The same, with what the candidate decided on them in the shadow."""
    same = sa.and_(
        _shadow.prediction_id == _audit.prediction_id, _shadow.scored_at == _audit.scored_at
    )
    statement = (
        sa.select(
            _audit.prediction_id,
            _audit.region,
            _audit.features,
            (_shadow.candidate_decision == PRIORITY).label("said"),
        )
        .select_from(ml_shadow_scores.join(prediction_audit, same))
        .where(
            _shadow.candidate_version == subject.version,
            _shadow.candidate_decision.is_not(None),
            _shadow.scored_at >= at - WINDOW,
            _shadow.scored_at < at,
            _audit.environment == PRODUCTION,
            _audit.features.is_not(None),
        )
        .order_by(_drawn(_audit.prediction_id), _audit.prediction_id)
        .limit(SIZE)
    )
    return _tickets(connection, bench, statement)


def _clear(connection: sa.Connection, bench: Bench) -> Tickets:
    """Clear cases, with the decision on which reviewer, rules and production agree."""
    same = sa.and_(
        _audit.prediction_id == cases.c.prediction_id, _audit.scored_at == cases.c.scored_at
    )
    statement = (
        sa.select(
            _audit.prediction_id,
            _audit.region,
            _audit.features,
            (cases.c.correct_decision == PRIORITY).label("said"),
        )
        .select_from(cases.join(prediction_audit, same))
        .where(_audit.environment == PRODUCTION, _audit.features.is_not(None), *expected())
        .order_by(_audit.prediction_id)
        .limit(SIZE)
    )
    return _tickets(connection, bench, statement)


def _tickets(connection: sa.Connection, bench: Bench, statement: sa.Select[Any]) -> Tickets:
    rows = connection.execute(statement).all()
    return Tickets(
        tuple(row.prediction_id for row in rows),
        tuple(row.region or "unknown" for row in rows),
        np.array([row.said for row in rows], dtype=np.bool_),
        Features.stored(bench.schema, [row.features for row in rows]),
    )


def _drawn(number: sa.ColumnElement[int]) -> sa.ColumnElement[str]:
    """An order that looks random and depends on the prediction alone."""
    return sa.func.md5(sa.cast(number, sa.Text))
