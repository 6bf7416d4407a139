"""The records behind a bin are exactly those that the histogram counted there."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from queries import drift_drill, drift_labels, drift_records, drift_source
from queries.audit_parts import PAGE_SIZE
from queries.audit_rows import After
from queries.drift_facts import KeyRow
from queries.drift_rows import MISSING
from queries.rollup_reference import read_layout
from queries.scope import Scope
from tests.conftest import connected

CREATED = datetime(2026, 11, 1, tzinfo=UTC)
WEEK = Scope(datetime(2026, 10, 25, tzinfo=UTC), CREATED, CREATED)


@pytest.fixture(scope="module")
def connection(sample_database):
    with connected(sample_database) as found:
        yield found


@pytest.fixture(scope="module")
def layout(connection):
    days = datetime(2026, 7, 1, tzinfo=UTC).date(), datetime(2026, 9, 1, tzinfo=UTC).date()
    return read_layout(connection, "production", *days, created_at=CREATED)


def whole_list(connection, variable, place):
    """Every page of the list, one after the other."""
    found, after = [], None
    while True:
        rows = drift_records.predictions(connection, WEEK, variable, place, after).rows
        found += rows[:PAGE_SIZE]
        if len(rows) <= PAGE_SIZE:
            return found
        after = After(found[-1].scored_at, found[-1].prediction_id)


@pytest.mark.parametrize("name", ["asset_age_years", "channel", "anonymous", "rain_mm"])
def test_each_bin_lists_what_it_counts(connection, layout, name):
    variable = layout[f"feature:{name}"]
    counted = drift_source.histograms(connection, WEEK, layout).rows[0]
    per_bin = counted.total()[0][variable.slice]
    assert per_bin.sum() > 0

    for place, expected in enumerate(per_bin):
        rows = whole_list(connection, variable, place)
        assert len(rows) == expected
        assert len({row.prediction_id for row in rows}) == expected


def test_what_is_missing_has_no_value_and_what_is_there_has_one(connection, layout):
    variable = layout["feature:asset_age_years"]

    missing = drift_records.predictions(connection, WEEK, variable, MISSING).rows
    present = drift_records.predictions(connection, WEEK, variable, MISSING + 4).rows

    assert missing
    assert {row.value for row in missing} == {None}
    assert present
    assert all(variable.edges[0] <= float(row.value) < variable.edges[-1] for row in present)


def test_days_are_counted_once(connection):
    rows = drift_records.daily_rows(connection, WEEK).rows

    assert [row.day for row in rows] == sorted({row.day for row in rows})
    assert len(rows) == 7


def test_features_that_the_reference_does_not_know_are_counted(connection, layout):
    known = tuple(one.short_name for one in layout.features)
    held = "SELECT count(*) FILTER (WHERE features ? 'rain_mm'), count(*) FROM prediction_audit "
    held += "WHERE environment = 'production' AND scored_at >= :start AND scored_at < :end"
    counted = connection.execute(sa.text(held), {"start": WEEK.start, "end": WEEK.end}).one()

    assert drift_drill.unknown_keys(connection, WEEK, known).rows == ()
    without = tuple(name for name in known if name != "rain_mm")
    found = drift_drill.unknown_keys(connection, WEEK, without).rows
    assert found == (KeyRow("rain_mm", *counted),)


@pytest.mark.parametrize("shadow", [False, True], ids=["served", "shadow"])
def test_each_reviewed_prediction_is_a_label_once(connection, shadow):
    """The newest review before the as-of, of what served or of what the candidate said."""
    said = "SELECT s.candidate_score, s.candidate_decision FROM ml_shadow_scores s"
    said += " WHERE s.prediction_id = a.prediction_id AND s.candidate_version = 'lgb-1'"
    source = f"({said})" if shadow else "(SELECT a.ml_score, a.ml_decision)"
    expected = connection.execute(
        sa.text(
            "SELECT a.scored_at, x.score, x.decision = 'priority', ("
            " SELECT r.correct_decision = 'priority' FROM ml_feedback r"
            " WHERE r.prediction_id = a.prediction_id AND r.reviewed_at < :end"
            " ORDER BY r.reviewed_at DESC, r.feedback_id DESC LIMIT 1) FROM prediction_audit a,"
            f" LATERAL {source} x(score, decision) WHERE a.environment = 'production'"
            " AND a.scored_at >= :start AND a.scored_at < :end AND x.score BETWEEN 0 AND 1"
            " AND x.decision IS NOT NULL AND EXISTS (SELECT FROM ml_feedback r"
            " WHERE r.prediction_id = a.prediction_id AND r.reviewed_at < :end)"
        ),
        {"start": WEEK.start, "end": WEEK.end},
    ).all()
    if shadow:
        found = drift_labels.shadow_labels(connection, WEEK, ["lgb-1"]).rows
    else:
        found = drift_labels.labels(connection, WEEK).rows

    assert len(expected) > 50
    assert sorted((row.scored_at, row.score, row.decided, row.needed) for row in found) == sorted(
        tuple(row) for row in expected
    )
