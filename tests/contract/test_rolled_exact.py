"""Roll-ups and the rest from the source are together exactly what the source alone says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.gates.policy import load_policy
from dashboard.evidence_late import leave_out_altered
from dashboard.progress import SilentProgress
from dashboard.refresh.plan import Options
from dashboard.refresh.run import refresh
from queries import audit
from queries.choices import recent_segments
from queries.database import own_engine, read, source_engine
from queries.errors import InvalidInputError
from queries.names import PRODUCTION
from queries.rolled import own_of, read_rolled, rollups_of, standing
from queries.rolled_build import PipelineRollUps
from queries.rolled_late import leave_out_changed, lookalikes
from queries.scope import Scope
from tests.conftest import SAMPLE_UNTIL, new_database
from tests.contract.rolled_answers import (
    QUESTIONS,
    from_source,
    reads_roll_ups,
    with_roll_ups,
)
from tests.contract.rollup_programme import FIRST, REFERENCE, TODAY, Programme, programme, scope

DAYS = 32
Engines = tuple[sa.Engine, sa.Engine]
_SLOW = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def rolled(server_url: str, sample_database: str) -> Iterator[Engines]:
    """The sample, and a schema in another database with its last days rolled up."""
    with new_database(server_url) as url:
        source, own = source_engine(sample_database), own_engine(url)
        options = Options(
            environments=(PRODUCTION,),
            today=SAMPLE_UNTIL.date(),
            since=SAMPLE_UNTIL.date() - timedelta(days=DAYS),
            families=(PipelineRollUps(),),
        )
        refresh(source, own, load_policy(None).drift, options, SilentProgress())
        yield source, own
        source.dispose()
        own.dispose()


def _moments(first: int, last: int) -> st.SearchStrategy[datetime]:
    """Moments so many days before the sample's end, at midnight as often as within a day."""
    seconds = st.integers(0, 86_399) | st.just(0)
    return st.builds(
        lambda days, second: SAMPLE_UNTIL - timedelta(days=days) + timedelta(seconds=second),
        st.integers(first, last),
        seconds,
    )


@st.composite
def _scopes(draw: st.DrawFn) -> Scope:
    start = draw(_moments(11, DAYS + 10))
    as_of = draw(_moments(1, 7))
    return Scope(
        start,
        draw(st.sampled_from([as_of, as_of + timedelta(days=2), as_of - timedelta(hours=30)])),
        as_of,
        work_types=draw(st.sampled_from([(), (), ("Sewer", "Graffiti"), ("nowhere",)])),
        regions=draw(st.sampled_from([(), ("North Shore",)])),
        model_versions=draw(st.sampled_from([(), (), ("nothing",)])),
    )


@_SLOW
@given(scope=_scopes())
def test_any_scope_gives_the_same_rows(rolled: Engines, scope: Scope) -> None:
    source, own = rolled
    assert with_roll_ups(source, own, scope) == from_source(source, scope)


@pytest.mark.parametrize("column", ["work_type", "region", "ml_version"])
def test_one_segment_gives_the_same_rows(rolled: Engines, column: str) -> None:
    source, own = rolled
    start = SAMPLE_UNTIL - timedelta(days=DAYS, hours=-7)
    with source.connect() as connection:
        common = connection.scalar(
            sa.text(
                f"SELECT {column} FROM prediction_audit WHERE scored_at >= :start "
                "GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
            ),
            {"start": start},
        )
    name = {"work_type": "work_types", "region": "regions", "ml_version": "model_versions"}[column]
    narrowed: dict[str, Any] = {name: (common,)}
    as_of = SAMPLE_UNTIL - timedelta(hours=5)
    found = Scope(start, as_of, as_of, **narrowed)
    assert with_roll_ups(source, own, found) == from_source(source, found)


def test_whole_days_are_read_from_the_roll_ups(rolled: Engines) -> None:
    source, own = rolled
    whole = Scope(SAMPLE_UNTIL - timedelta(days=28), SAMPLE_UNTIL, SAMPLE_UNTIL)
    assert reads_roll_ups(source, own, whole) == set(QUESTIONS)
    earlier = Scope(whole.start - timedelta(days=60), whole.start - timedelta(days=30), whole.start)
    assert reads_roll_ups(source, own, earlier) == set()


@pytest.mark.parametrize("hours", [0, 7, 24 * 3])
def test_the_filters_offer_the_same_choices(rolled: Engines, hours: int) -> None:
    """One environment of the sample's two is rolled up."""
    source, own = rolled
    as_of = SAMPLE_UNTIL - timedelta(hours=hours)
    alone = read(source, lambda connection: recent_segments(connection, as_of))
    both = read_rolled(source, own, lambda connection: recent_segments(connection, as_of))
    assert Counter(both.rows) == Counter(alone.rows)
    assert len({row.environment for row in both.rows}) > 1
    assert any("rolled_decisions" in found.sql for found in both.others)


def test_long_periods_are_grouped_by_the_same_weeks(rolled: Engines) -> None:
    source, own = rolled
    years = Scope(SAMPLE_UNTIL - timedelta(days=420), SAMPLE_UNTIL, SAMPLE_UNTIL)
    assert with_roll_ups(source, own, years) == from_source(source, years)


def test_an_own_schema_that_fails_leaves_the_source(
    rolled: Engines, empty_database: str, server_url: str
) -> None:
    source, _ = rolled
    whole = Scope(SAMPLE_UNTIL - timedelta(days=7), SAMPLE_UNTIL, SAMPLE_UNTIL)
    expected = from_source(source, whole)
    gone = sa.make_url(server_url).set(database="no_such_database")
    for url in (empty_database, gone.render_as_string(hide_password=False)):
        other = source_engine(url)
        assert with_roll_ups(source, other, whole) == expected
        assert not read_rolled(source, other, lambda c: standing(c, whole)).configured
        other.dispose()


# --- what comes late -------------------------------------------------------------------------


@pytest.fixture
def late(contract_database: str) -> Iterator[Programme]:
    """A month of predictions without reviews, rolled up."""
    with programme(contract_database) as made:
        made.execute(_CONFIGURE, version="wf-1", at=midnight_of(FIRST), agreement=0.35)
        _refresh(made, new_reference=REFERENCE)
        yield made


_CONFIGURE = """
    INSERT INTO config_history (knob, version, value, valid_from, changed_by)
    VALUES ('workflow_config', :version, jsonb_build_object(
        'agreement_threshold', cast(:agreement as float8), 'decision_threshold', 0.5), :at, 'ops')
"""
_REVIEW = """
    INSERT INTO ml_feedback (feedback_id, prediction_id, reviewer, reviewed_at, model_decision,
                             correct_decision, review_reason, blinded)
    SELECT :id, prediction_id, 'r1', :at, 'priority', :correct, 'random', true
    FROM prediction_audit ORDER BY prediction_id LIMIT 1 OFFSET :which
"""


def midnight_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=SAMPLE_UNTIL.tzinfo)


def _refresh(made: Programme, **changes: Any) -> None:
    made.refresh(families=(PipelineRollUps(),), **changes)


def _agree(made: Programme, found: Scope) -> bool:
    return with_roll_ups(made.source, made.own, found) == from_source(made.source, found)


_reviews = st.lists(
    st.tuples(
        st.integers(0, 30),
        st.integers(0, 24 * 30),
        st.sampled_from(["priority", "standard"]),
    ),
    min_size=1,
    max_size=40,
)


@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(reviews=_reviews, hours=st.integers(1, 24 * 30))
def test_reviews_that_supersede_one_another(
    late: Programme, reviews: list[tuple[int, int, str]], hours: int
) -> None:
    late.execute("TRUNCATE ml_feedback")
    late.execute("UPDATE prediction_audit SET review_propensity = 0.3 WHERE prediction_id % 3 = 0")
    for number, (which, hour, correct) in enumerate(reviews):
        at = midnight_of(FIRST) + timedelta(hours=hour)
        late.execute(_REVIEW, id=number, which=which, at=at, correct=correct)
    _refresh(late)
    as_of = midnight_of(FIRST) + timedelta(hours=hours)
    known = Scope(midnight_of(FIRST), max(as_of, midnight_of(FIRST)), as_of)
    assert _agree(late, known)
    assert _agree(late, scope())


def test_a_correction_of_the_history_is_never_judged_by_the_old_one(late: Programme) -> None:
    assert reads_roll_ups(late.source, late.own, scope()) == set(QUESTIONS)
    late.execute(_CONFIGURE, version="wf-1", at=midnight_of(date(2026, 2, 9)), agreement=0.1)
    assert _agree(late, scope())
    _refresh(late)
    assert _agree(late, scope())
    assert reads_roll_ups(late.source, late.own, scope()) == set(QUESTIONS)


def test_days_of_other_numbers_are_left_to_the_source(late: Programme) -> None:
    """Until the next refresh gates must not judge by days that rows came to, or went from."""
    late.predict(date(2026, 2, 9), 3, rules_version=None)
    late.execute("DELETE FROM prediction_audit WHERE scored_at::date = DATE '2026-02-11'")

    def asked(connection: sa.Connection) -> tuple[Any, Any]:
        rollups = rollups_of(connection)
        assert rollups is not None
        before = audit.pulse(connection, scope()).rows
        leave_out_changed(connection, rollups, scope())
        return before, audit.pulse(connection, scope()).rows

    before, after = read_rolled(late.source, late.own, asked)
    expected = read(late.source, lambda connection: audit.pulse(connection, scope()).rows)
    assert before != expected
    assert after == expected


def test_days_with_edited_values_are_left_to_the_source_by_what_decides(late: Programme) -> None:
    """As many rows as before, so that counting them shows nothing."""
    late.execute(
        "UPDATE prediction_audit SET rules_version = NULL WHERE scored_at::date = DATE '2026-02-11'"
    )

    def asked(connection: sa.Connection) -> tuple[Any, Any]:
        rollups = rollups_of(connection)
        assert rollups is not None
        leave_out_changed(connection, rollups, scope())
        counted = audit.snapshots(connection, scope()).rows
        leave_out_altered(connection, scope(), load_policy(None))
        return counted, audit.snapshots(connection, scope()).rows

    counted, hashed = read_rolled(late.source, late.own, asked)
    expected = read(late.source, lambda connection: audit.snapshots(connection, scope()).rows)
    assert counted != expected
    assert hashed == expected


def test_what_was_found_in_another_source_is_no_evidence(late: Programme) -> None:
    late.execute("UPDATE plumbline.rollup_origin SET identity = 'another'")
    with pytest.raises(InvalidInputError, match="another database"):
        read_rolled(late.source, late.own, own_of)


def test_an_environment_that_only_looks_like_production_is_named(late: Programme) -> None:
    late.predict(date(2026, 2, 9), 2, environment="Production ")
    _refresh(late, environments=(PRODUCTION, "Production "))
    found = read(late.own, lambda connection: lookalikes(connection, scope())).rows
    assert [(row.environment, row.n) for row in found] == [("Production ", 2)]


def test_a_switch_within_a_day_is_judged_to_the_minute(late: Programme) -> None:
    noon = midnight_of(date(2026, 2, 12)) + timedelta(hours=12)
    late.execute(_CONFIGURE, version="wf-2", at=noon, agreement=0.2)
    assert _agree(late, scope())
    _refresh(late)
    assert _agree(late, scope())
    assert reads_roll_ups(late.source, late.own, scope()) == set(QUESTIONS)


def test_history_outlives_its_records(late: Programme) -> None:
    before = with_roll_ups(late.source, late.own, scope())
    partition = late.value(
        "SELECT tableoid::regclass::text FROM prediction_audit LIMIT 1",
    )
    late.execute(f"DROP TABLE {partition}")
    _refresh(late)
    assert with_roll_ups(late.source, late.own, scope()) == before
    found = read_rolled(late.source, late.own, lambda c: standing(c, scope()))
    assert len(found.gone) == (TODAY - FIRST).days
