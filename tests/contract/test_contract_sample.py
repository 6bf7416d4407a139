"""The sample programme held against the contract and reconciled: planted defects, and none."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from components.gates.evidence import Evidence
from dashboard import evidence_migration
from queries.contract_check import check
from queries.contract_findings import Report
from queries.database import own_engine, read, source_engine
from queries.scope import Scope
from tests.conftest import SAMPLE_UNTIL

SCOPE = Scope(SAMPLE_UNTIL - timedelta(days=28), SAMPLE_UNTIL, SAMPLE_UNTIL)


def report_of(url: str) -> Report:
    engine = source_engine(url)
    try:
        return read(engine, lambda connection: check(connection, full=True))
    finally:
        engine.dispose()


def evidence_of(url: str, scope: Scope = SCOPE) -> dict[str, Evidence]:
    engine = source_engine(url)
    try:
        found = read(engine, lambda connection: evidence_migration.collect(connection, scope))
    finally:
        engine.dispose()
    return {item.metric: item for item in found}


def test_the_clean_programme_meets_the_contract(clean_database, reader_url):
    report = report_of(reader_url(clean_database))
    assert report.findings == ()


def test_the_planted_unknown_version_is_the_only_difference(sample_database, reader_url):
    (finding,) = report_of(reader_url(sample_database)).findings
    assert (finding.relation, finding.column) == ("prediction_audit", "ml_version")
    assert "unknown to ml_training_runs" in finding.message


@pytest.mark.parametrize("metric", evidence_migration.METRICS)
def test_nothing_fires_on_the_clean_migration(clean_database, reader_url, metric):
    found = evidence_of(reader_url(clean_database))[metric]
    assert found.value == 0
    assert found.n > 0
    assert found.n_unscored == 0


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("batches.unbalanced", 1),
        ("batches.incomplete", 1),
        ("batches.repeated", 1),
        ("batches.late", 1),
    ],
)
def test_the_planted_batches_are_found(sample_database, reader_url, metric, value):
    assert evidence_of(reader_url(sample_database))[metric].value == value


def test_totals_that_the_tool_passes_are_found(sample_database, reader_url):
    found = evidence_of(reader_url(sample_database))["control_totals.differing"]
    assert found.value
    assert "which the tool reported 1 as success" in found.sentence


def test_open_exceptions_are_a_share_of_the_records(sample_database, reader_url):
    found = evidence_of(reader_url(sample_database))["exceptions.open_rate"]
    assert isinstance(found.value, float)
    assert 0 < found.value < 0.05
    assert found.n > 1000


def test_before_the_live_load_the_latest_mock_decides(sample_database, reader_url):
    engine = own_engine(sample_database)
    with engine.connect() as connection:
        live = connection.execute(
            sa.text("SELECT min(started_at) FROM migration_batches WHERE run_kind = 'live'")
        ).scalar_one()
    engine.dispose()
    before = live - timedelta(seconds=1)
    found = evidence_of(reader_url(sample_database), Scope(SCOPE.start, before, before))
    assert "mock-3" in found["batches.unbalanced"].sentence
    assert found["batches.unbalanced"].value == 0


def test_missing_totals_and_exceptions_leave_the_batches_measured(contract_database):
    engine = own_engine(contract_database)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE migration_control_totals, migration_exceptions")
        connection.exec_driver_sql(
            "INSERT INTO migration_batches VALUES ('b', 1, 'r', 'mock', 1, 's', 't', "
            "'2026-10-01Z', '2026-10-02Z', 10, 10, 0, 0, NULL, 'completed')"
        )
    engine.dispose()
    found = evidence_of(contract_database)
    assert set(found) == {metric for metric in evidence_migration.METRICS if "batches" in metric}
    earlier = SAMPLE_UNTIL - timedelta(days=60)
    assert evidence_of(contract_database, Scope(SCOPE.start, SCOPE.end, earlier)) == {}
