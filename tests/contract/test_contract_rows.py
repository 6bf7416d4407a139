"""Values outside their domain are planted, counted, and named by their keys alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from queries.contract_check import RECENT_DAYS, check
from queries.contract_findings import Finding, Report, RowsRead, Severity
from queries.database import own_engine, read, source_engine
from tests.contract.contract_rows import NOW, YESTERDAY, insert, insert_all


@pytest.fixture
def owner(contract_database) -> Iterator[sa.Engine]:
    engine = own_engine(contract_database)
    with engine.begin() as connection:
        insert_all(connection)
    yield engine
    engine.dispose()


@pytest.fixture
def reader(contract_database, reader_url) -> Iterator[sa.Engine]:
    engine = source_engine(reader_url(contract_database))
    yield engine
    engine.dispose()


def plant(owner: sa.Engine, relation: str, **changes) -> None:
    with owner.begin() as connection:
        insert(connection, relation, **changes)


def report_of(reader: sa.Engine, **options) -> Report:
    return read(reader, lambda connection: check(connection, **options))


def only(report: Report) -> Finding:
    assert len(report.findings) == 1, report.findings
    return report.findings[0]


INFINITE = sa.text("'infinity'::timestamptz")


@pytest.mark.parametrize(
    ("relation", "key", "column", "value", "words"),
    [
        ("prediction_audit", {"prediction_id": 7}, "ml_score", 1.2, "outside 0 to 1"),
        ("prediction_audit", {"prediction_id": 7}, "ml_score", -0.1, "outside 0 to 1"),
        ("prediction_audit", {"prediction_id": 7}, "final_score", float("nan"), "NaN or infinite"),
        ("prediction_audit", {"prediction_id": 7}, "llm_score", float("inf"), "NaN or infinite"),
        ("prediction_audit", {"prediction_id": 7}, "ml_latency_ms", -1.0, "below zero"),
        ("prediction_audit", {"prediction_id": 7}, "ml_version", "ghost", "unknown to ml_training"),
        ("prediction_audit", {"prediction_id": 7}, "llm_trigger", "whim", "none of: disagreement"),
        ("prediction_explanations", {"prediction_id": 7}, "base_value", float("nan"), "NaN"),
        ("evaluation_results", {"result_id": 7}, "value", float("-inf"), "NaN or infinite"),
        ("evaluation_results", {"result_id": 7}, "run_id", "ghost", "unknown to evaluation_runs"),
        (
            "ml_feedback",
            {"feedback_id": 7},
            "reviewed_at",
            NOW + timedelta(days=1),
            "in the future",
        ),
        ("ml_feedback", {"feedback_id": 7}, "reviewed_at", INFINITE, "infinite or outside"),
        ("model_artifacts", {"path": "b"}, "not_after", INFINITE, "infinite or outside"),
        ("migration_batches", {"batch_id": "7"}, "loaded", -1, "below zero"),
        ("migration_batches", {"batch_id": "7"}, "run_kind", "rehearsal", "none of: mock, live"),
        ("migration_control_totals", {"total_id": 7}, "source_value", sa.text("'NaN'"), "NaN"),
        ("findings", {"finding_id": "7"}, "priority", "P9", "none of: P0, P1, P2"),
    ],
)
def test_a_value_outside_its_domain_is_counted_and_named(
    owner, reader, relation, key, column, value, words
):
    plant(owner, relation, **key, **{column: value})
    finding = only(report_of(reader))
    assert (finding.relation, finding.column) == (relation, column)
    assert finding.severity is Severity.PROBLEM
    assert words in finding.message
    assert finding.count == 1
    assert finding.message.startswith("1 of 2 values is")
    assert len(finding.examples) == 1


def test_examples_are_at_most_three_keys_in_order_and_hold_nothing_else(owner, reader):
    for number in range(20, 10, -1):
        plant(owner, "ml_feedback", feedback_id=number, severity="Jane Doe", reviewer="Jane Doe")
    finding = only(report_of(reader))
    assert finding.count == 10
    assert finding.examples == ("feedback_id 11", "feedback_id 12", "feedback_id 13")
    assert "Jane" not in str(finding)


def test_a_long_id_is_shortened(owner, reader):
    plant(owner, "findings", finding_id="x" * 10_000, priority="P9")
    assert len(only(report_of(reader)).examples[0]) < 120


def test_a_clock_a_little_ahead_is_no_finding(owner, reader):
    plant(owner, "ml_feedback", feedback_id=7, reviewed_at=NOW + timedelta(minutes=2))
    assert report_of(reader).findings == ()


def test_nulls_are_fine_where_the_contract_allows_them(owner, reader):
    nothing = dict.fromkeys(("ml_score", "ml_version", "llm_trigger", "ml_latency_ms"))
    plant(owner, "prediction_audit", prediction_id=7, **nothing)
    assert report_of(reader).findings == ()


def test_a_null_behind_a_view_is_found_where_the_contract_wants_a_value(owner, reader):
    with owner.begin() as connection:
        for statement in (
            "ALTER TABLE ml_feedback RENAME TO theirs",
            "ALTER TABLE theirs ALTER COLUMN reviewed_at DROP NOT NULL",
            "UPDATE theirs SET reviewed_at = NULL",
            "CREATE VIEW ml_feedback AS SELECT * FROM theirs",
            "GRANT SELECT ON ml_feedback TO plumbline_reader",
        ):
            connection.exec_driver_sql(statement)
    finding = only(report_of(reader))
    assert finding.column == "reviewed_at"
    assert "missing, where each row needs one" in finding.message
    assert finding.examples == ("feedback_id 1",)


def test_only_the_last_days_of_a_hot_relation_are_read_unless_all_are_asked_for(owner, reader):
    old = YESTERDAY - timedelta(days=RECENT_DAYS + 1)
    plant(owner, "prediction_audit", prediction_id=7, scored_at=old, ml_score=3.0)
    recent = report_of(reader)
    assert recent.findings == ()
    assert RowsRead("prediction_audit", 1, RECENT_DAYS) in recent.rows_read
    full = report_of(reader, full=True)
    assert only(full).count == 1
    assert RowsRead("prediction_audit", 2, None) in full.rows_read


def test_a_time_in_the_future_does_not_hide_the_last_days_of_data(owner, reader):
    plant(owner, "prediction_audit", prediction_id=7, ml_score=3.0)
    future = NOW + timedelta(days=200)
    plant(owner, "prediction_audit", prediction_id=8, scored_at=future)
    found = {(finding.column, finding.count) for finding in report_of(reader).findings}
    assert found == {("ml_score", 1), ("scored_at", 1)}


def test_the_catalogue_alone_reads_no_row(owner, reader):
    plant(owner, "prediction_audit", prediction_id=7, ml_score=3.0)
    report = report_of(reader, rows=False)
    assert report.findings == ()
    assert report.rows_read == ()


def test_a_view_that_fails_is_a_finding_and_the_rest_is_checked(owner, reader):
    with owner.begin() as connection:
        for statement in (
            "ALTER TABLE ml_feedback RENAME TO theirs",
            "CREATE VIEW ml_feedback AS SELECT feedback_id / 0 AS feedback_id, prediction_id, "
            "reviewer, reviewed_at, model_decision, correct_decision, severity, reason_code, "
            "review_reason, blinded FROM theirs",
            "GRANT SELECT ON ml_feedback TO plumbline_reader",
        ):
            connection.exec_driver_sql(statement)
    plant(owner, "findings", finding_id="7", priority="P9")
    failing, priority = sorted(
        report_of(reader).findings, key=lambda finding: finding.relation != "ml_feedback"
    )
    assert "22012" in failing.message
    assert priority.relation == "findings"


def test_a_relation_that_takes_too_long_is_a_warning(owner, reader):
    with owner.begin() as connection:
        for statement in (
            "ALTER TABLE findings RENAME TO theirs",
            "CREATE VIEW findings AS SELECT t.* FROM theirs t, pg_sleep(30)",
            "GRANT SELECT ON findings TO plumbline_reader",
        ):
            connection.exec_driver_sql(statement)

    def hurried(connection: sa.Connection) -> Report:
        connection.execute(sa.text("SET LOCAL statement_timeout = '200ms'"))
        return check(connection)

    finding = only(read(reader, hurried))
    assert finding.severity is Severity.WARNING
    assert "within the time allowed" in finding.message
