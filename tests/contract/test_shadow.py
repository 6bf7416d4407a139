"""A candidate in the shadow: from the source as from the roll-ups, and as plain SQL counts it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from components.gates.evidence import Evidence
from components.gates.policy import load_policy
from components.shadow.assess import report, rules
from components.shadow.types import ShadowReport
from dashboard import shadow_kept, shadow_material
from dashboard.evidence_shadow import shadow as evidence_of
from dashboard.progress import SilentProgress
from dashboard.refresh.plan import Options
from dashboard.refresh.run import refresh
from queries import contract, shadow
from queries.database import own_engine, read, source_engine
from queries.names import PRODUCTION
from queries.rolled import read_rolled
from queries.rolled_build import PipelineRollUps
from queries.rolled_shadow import ShadowRollUps
from queries.scope import Scope
from queries.shadow_labels import labels
from queries.shadow_rows import Kind, tallies
from tests.conftest import SAMPLE_UNTIL, new_database
from tests.contract.audit_programme import AS_OF, DAY, NOON, Programme

POLICY = load_policy(None)
SCOPE = Scope(SAMPLE_UNTIL - timedelta(days=28), SAMPLE_UNTIL, SAMPLE_UNTIL)
ROLLED_DAYS = 30


@pytest.fixture(scope="module")
def engines(server_url: str, sample_database: str) -> Iterator[tuple[sa.Engine, sa.Engine]]:
    """The sample, and a schema in another database with its last days rolled up."""
    with new_database(server_url) as url:
        source, own = source_engine(sample_database), own_engine(url)
        options = Options(
            environments=(PRODUCTION,),
            today=SAMPLE_UNTIL.date(),
            since=SAMPLE_UNTIL.date() - timedelta(days=ROLLED_DAYS),
            families=(PipelineRollUps(), ShadowRollUps()),
        )
        refresh(source, own, POLICY.drift, options, SilentProgress())
        yield source, own
        source.dispose()
        own.dispose()


def made_from(connection: sa.Connection, scope: Scope) -> ShadowReport:
    found = shadow_material.candidates(connection, scope)
    pair = found.pair()
    assert pair is not None
    made = shadow_material.material(connection, scope, found, pair, POLICY.shadow)
    assert made is not None
    return report(made[0], rules(POLICY))


@pytest.mark.parametrize(
    "scope",
    [
        SCOPE,
        replace(SCOPE, as_of=SAMPLE_UNTIL - timedelta(days=9, hours=7)),
        replace(SCOPE, regions=("Central", "South"), work_types=("Sewer", "Tree")),
    ],
    ids=["now", "earlier, within a day", "some segments"],
)
def test_roll_ups_and_the_source_say_the_same(
    engines: tuple[sa.Engine, sa.Engine], scope: Scope
) -> None:
    source, own = engines
    plain = read(source, lambda connection: made_from(connection, scope))
    rolled = read_rolled(source, own, lambda connection: made_from(connection, scope))
    assert rolled.pairing == plain.pairing
    assert rolled.coverage == plain.coverage
    assert rolled.slices == plain.slices
    assert rolled.induced == plain.induced


def test_the_roll_ups_are_read(engines: tuple[sa.Engine, sa.Engine]) -> None:
    source, own = engines
    late = replace(SCOPE, start=SAMPLE_UNTIL - timedelta(days=20))

    def asked(connection: sa.Connection) -> tuple[str, ...]:
        pair = shadow_material.candidates(connection, late).pair()
        assert pair is not None
        answers: tuple[Any, ...] = (
            shadow.tallies(connection, late, pair, tuple(Kind)),
            shadow.labels(connection, late, pair),
            shadow.errors(connection, late, pair),
        )
        return tuple(answer.provenance.sql for answer in answers)

    assert all("plumbline.rolled_shadow" in sql for sql in read_rolled(source, own, asked))


def test_what_a_refresh_keeps_is_what_would_be_computed(
    engines: tuple[sa.Engine, sa.Engine],
) -> None:
    source, own = engines
    shadow_kept.keep(source, own, POLICY, SilentProgress())

    def both(connection: sa.Connection, scope: Scope) -> tuple[ShadowReport | None, ShadowReport]:
        pair = shadow_material.candidates(connection, scope).pair()
        assert pair is not None
        known = shadow_kept.kept(connection, scope, pair, POLICY)
        return known.report if known else None, made_from(connection, scope)

    known, made = read_rolled(source, own, lambda connection: both(connection, SCOPE))
    assert known == made
    assert repr(known).replace("TzInfo(0)", "datetime.timezone.utc") == repr(made)
    for scope in (
        replace(SCOPE, regions=("Central",)),
        replace(SCOPE, as_of=SAMPLE_UNTIL - timedelta(days=3)),
    ):
        known, _ = read_rolled(source, own, partial(both, scope=scope))
        assert known is None


def test_counts_are_those_of_plain_sql(engines: tuple[sa.Engine, sa.Engine]) -> None:
    source, _ = engines
    made = read(source, lambda connection: made_from(connection, SCOPE))
    with source.connect() as connection:
        plain = connection.execute(sa.text(_PLAIN), {"until": SAMPLE_UNTIL}).mappings().one()
    total = made.agreement.total
    assert total.raised + total.lowered == plain["differ"]
    assert made.pairing.scored == plain["scored"]
    assert made.pairing.rows == plain["predictions"]
    assert made.quality.disagreements == plain["labelled"]
    assert made.quality.reviewed == plain["reviewed"]
    assert made.scores.mean == pytest.approx(plain["mean_difference"], abs=1e-7)
    assert made.induced.escalations.candidate == plain["priority"]
    accuracy = made.quality.accuracy
    assert accuracy is not None
    assert accuracy.naive.value == pytest.approx(float(plain["naive"]), abs=1e-12)
    assert accuracy.hajek is not None
    assert accuracy.hajek.value == pytest.approx(plain["hajek"], abs=1e-9)


_PLAIN = """
WITH latest AS (
  SELECT DISTINCT ON (prediction_id) prediction_id, correct_decision
  FROM ml_feedback WHERE reviewed_at < :until
  ORDER BY prediction_id, reviewed_at DESC, feedback_id DESC
), paired AS (
  SELECT a.prediction_id, s.candidate_score, s.production_score, s.candidate_decision,
         s.production_decision, l.correct_decision, a.review_propensity,
         s.candidate_score IS NOT NULL AS scored
  FROM prediction_audit a
  LEFT JOIN ml_shadow_scores s
    ON s.prediction_id = a.prediction_id AND s.candidate_version = 'lgb-1'
  LEFT JOIN latest l ON l.prediction_id = a.prediction_id
  WHERE a.environment = 'production' AND a.ml_score IS NOT NULL AND a.scored_at < :until
    AND a.ml_version = (SELECT max(production_version) FROM ml_shadow_scores)
    AND a.scored_at >= (
      SELECT min(scored_at) FROM ml_shadow_scores WHERE candidate_version = 'lgb-1')
), gains AS (
  SELECT *, (candidate_decision = correct_decision)::int
            - (production_decision = correct_decision)::int AS gain,
         least(1 / review_propensity, 100) AS w
  FROM paired
)
SELECT count(*) AS predictions,
       count(*) FILTER (WHERE scored) AS scored,
       count(*) FILTER (WHERE scored AND candidate_decision <> production_decision) AS differ,
       count(*) FILTER (WHERE scored AND candidate_decision = 'priority') AS priority,
       count(*) FILTER (WHERE scored AND correct_decision IS NOT NULL) AS reviewed,
       count(*) FILTER (WHERE scored AND gain <> 0) AS labelled,
       avg(candidate_score - production_score) FILTER (WHERE scored) AS mean_difference,
       avg(gain) FILTER (WHERE scored) AS naive,
       sum(w * gain) FILTER (WHERE scored) / sum(w) FILTER (WHERE scored AND gain IS NOT NULL)
         AS hajek
FROM gains
"""


def test_the_switch_of_configuration_blocks_and_a_clean_sample_does_not(
    sample_database: str, clean_database: str
) -> None:
    planted, clean = (evidence(url) for url in (sample_database, clean_database))
    assert planted["shadow.configuration_changes"].value == 1
    assert "workflow_config" in planted["shadow.configuration_changes"].sentence
    assert clean["shadow.configuration_changes"].value == 0
    assert {one.candidate for one in (*planted.values(), *clean.values())} == {"lgb-1"}


def evidence(url: str) -> dict[str, Evidence]:
    engine = source_engine(url)
    try:
        found = read(engine, lambda connection: evidence_of(connection, SCOPE, POLICY))
    finally:
        engine.dispose()
    return {one.metric: one for one in found}


@pytest.fixture
def small(contract_database: str) -> Iterator[tuple[sa.Connection, Programme]]:
    """Four predictions on one day, written by hand."""
    engine = sa.create_engine(contract_database)
    with engine.connect() as connection, connection.begin():
        programme = Programme(connection)
        programme.healthy_configuration()
        yield connection, programme
    engine.dispose()


def score(connection: sa.Connection, prediction: int, **changes: Any) -> None:
    row = {
        "prediction_id": prediction,
        "scored_at": NOON,
        "production_version": "ml-1",
        "candidate_version": "candidate-1",
        "production_score": 0.75,
        "production_decision": "priority",
        "candidate_score": 0.25,
        "candidate_decision": "standard",
        "candidate_latency_ms": 12.0,
        **changes,
    }
    connection.execute(sa.insert(contract.ml_shadow_scores), [row])


def test_scores_that_are_no_numbers_are_not_scored(
    small: tuple[sa.Connection, Programme],
) -> None:
    connection, programme = small
    ids = programme.predict(6)
    score(connection, ids[0])
    for place, value in enumerate((float("nan"), float("inf"), 1.5, None), start=1):
        score(connection, ids[place], candidate_score=value, candidate_error="broken")
    scope = Scope(DAY, AS_OF, AS_OF)
    made = made_from(connection, scope)
    assert (made.coverage.total.predictions, made.coverage.total.scored) == (6, 1)
    assert made.coverage.unusable == 4
    assert made.coverage.errors == (("broken", 4),)
    assert (made.agreement.total.lowered, made.agreement.total.n) == (1, 1)
    # |rules 0.75 − candidate 0.25| is over the threshold: it would have asked the LLM.
    assert (made.induced.newly_called, made.induced.counterfactual_known) == (1, 0)


def test_the_review_in_force_at_the_as_of_counts(small: tuple[sa.Connection, Programme]) -> None:
    connection, programme = small
    (first, second) = programme.predict(2, review_propensity=0.5)
    for one in (first, second):
        score(connection, one)
    programme.review(first, "priority", reviewed_at=DAY + timedelta(days=1), severity="critical")
    programme.review(first, "standard", reviewed_at=DAY + timedelta(days=3))
    early = Scope(DAY, AS_OF, DAY + timedelta(days=2))
    pair = shadow_material.candidates(connection, early).pair()
    assert pair is not None
    before = labels(shadow.labels(connection, early, pair).rows)
    after = labels(shadow.labels(connection, Scope(DAY, AS_OF, AS_OF), pair).rows)
    assert (before.correct.tolist(), before.severity.tolist()) == ([1], [1])
    assert after.correct.tolist() == [0]
    assert after.newest == datetime(2026, 10, 8, tzinfo=UTC)
    waiting = shadow.queue(connection, early, pair).rows
    assert [row.prediction_id for row in waiting] == [second]


def test_a_shadow_score_beside_another_model_counts_as_none(
    small: tuple[sa.Connection, Programme],
) -> None:
    connection, programme = small
    ids = programme.predict(2)
    score(connection, ids[0])
    score(connection, ids[1], production_version="ml-0")
    scope = Scope(DAY, AS_OF, AS_OF)
    found = shadow_material.candidates(connection, scope)
    pair = next(p for run in found.runs if (p := found.pair(run.candidate_version)))
    pair = replace(pair, production="ml-1")
    rows = shadow.tallies(connection, scope, pair, (Kind.PAIR,)).rows
    assert tallies(rows, Kind.PAIR)["all"].counts.tolist() == [1, 1]
