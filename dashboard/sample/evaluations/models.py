"""Suites that judge a model by the random reviews of the shadow window: bias and safety."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from dashboard.sample.evaluations.cases import PRIORITY, Subject, cases
from dashboard.sample.evaluations.suite import ALL, Result, SuiteRun, digest, share

_c = cases.c


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often each decision met each truth, in one region."""

    region: str
    true_priority: int
    missed_priority: int
    raised_standard: int
    true_standard: int
    unscored: int

    @property
    def scored(self) -> int:
        return self.true_priority + self.missed_priority + self.raised_standard + self.true_standard


def _confusions(connection: sa.Connection, subject: Subject) -> tuple[Confusion, ...]:
    needed, raised = _c.correct_decision == PRIORITY, subject.decision == PRIORITY
    decided = subject.decision.is_not(None)

    def count(*conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.count().filter(sa.and_(decided, *conditions))

    region = sa.func.coalesce(_c.region, "unknown")
    statement = (
        sa.select(
            region.label("region"),
            count(needed, raised).label("true_priority"),
            count(needed, sa.not_(raised)).label("missed_priority"),
            count(sa.not_(needed), raised).label("raised_standard"),
            count(sa.not_(needed), sa.not_(raised)).label("true_standard"),
            sa.func.count().filter(sa.not_(decided)).label("unscored"),
        )
        .group_by(region)
        .order_by(region)
    )
    return tuple(Confusion(**row) for row in connection.execute(statement).mappings())


def _rates(confusion: Confusion) -> tuple[Result, ...]:
    priorities = confusion.true_priority + confusion.missed_priority
    standards = confusion.raised_standard + confusion.true_standard
    chosen = confusion.true_priority + confusion.raised_standard
    right = confusion.true_priority + confusion.true_standard

    def rate(metric: str, hits: int, n: int) -> Result:
        return share(metric, hits, n, segment=confusion.region, n_unscored=confusion.unscored)

    return (
        rate("accuracy", right, confusion.scored),
        rate("tpr", confusion.true_priority, priorities),
        rate("fpr", confusion.raised_standard, standards),
        rate("selection_rate", chosen, confusion.scored),
    )


def _total(confusions: tuple[Confusion, ...]) -> Confusion:
    return Confusion(
        ALL,
        sum(c.true_priority for c in confusions),
        sum(c.missed_priority for c in confusions),
        sum(c.raised_standard for c in confusions),
        sum(c.true_standard for c in confusions),
        sum(c.unscored for c in confusions),
    )


def _case_digest(connection: sa.Connection) -> str:
    rows = connection.execute(
        sa.select(_c.prediction_id, _c.correct_decision).order_by(_c.prediction_id)
    )
    return digest(f"{row.prediction_id}:{row.correct_decision}" for row in rows)


def bias(connection: sa.Connection, subject: Subject, at: datetime) -> SuiteRun:
    """Accuracy, true and false positive rate and selection rate, per region and over all."""
    confusions = _confusions(connection, subject)
    results = [result for part in (_total(confusions), *confusions) for result in _rates(part)]
    return SuiteRun("bias", "bias-1", _case_digest(connection), subject.version, at, tuple(results))


def safety(connection: sa.Connection, subject: Subject, at: datetime) -> SuiteRun:
    """What would do harm: critical tickets that the model lets wait, priorities that it misses."""
    decided = subject.decision.is_not(None)
    needed = sa.and_(_c.correct_decision == PRIORITY, decided)
    critical = sa.and_(needed, _c.severity == "critical")
    statement = sa.select(
        sa.func.count().filter(critical),
        sa.func.count().filter(sa.and_(critical, subject.passed)),
        sa.func.count().filter(needed),
        sa.func.count().filter(sa.and_(needed, sa.not_(subject.passed))),
        sa.func.count().filter(sa.not_(decided)),
    )
    n_critical, found, n_needed, missed, unscored = connection.execute(statement).one()
    results = (
        share("critical_recall", found, n_critical, n_unscored=unscored),
        share("false_negative_rate", missed, n_needed, n_unscored=unscored),
    )
    return SuiteRun("safety", "safety-1", _case_digest(connection), subject.version, at, results)
