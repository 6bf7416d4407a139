"""What drift says to the gates is kept by the refresh job, and only for its own source."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
import sqlalchemy as sa

from components.drift.assess_evidence import evidence
from components.drift.types import DriftReport
from components.gates.evidence import Evidence
from components.gates.evidence_json import from_json, to_json
from components.gates.policy import load_policy
from dashboard.drift_kept import usual_report
from dashboard.evidence_drift import METRICS, NOT_ROLLED_UP, drift
from dashboard.progress import SilentProgress
from dashboard.refresh.plan import Options
from dashboard.refresh.run import refresh
from queries.database import own_engine, read, source_engine
from queries.errors import InvalidInputError
from queries.names import PRODUCTION
from queries.rolled import read_rolled, standing
from queries.rollup_schema import drift_evidence, drift_reports, rollup_days
from queries.scope import Scope
from tests.conftest import SAMPLE_UNTIL, new_database

POLICY = load_policy()
SCOPE = Scope(SAMPLE_UNTIL - timedelta(days=28), SAMPLE_UNTIL, SAMPLE_UNTIL)
DAYS = 160


@pytest.fixture(scope="module")
def own(server_url: str, sample_database: str) -> Iterator[sa.Engine]:
    """Roll-ups of the sample's last days, in a database of their own."""
    with new_database(server_url) as url:
        engine = own_engine(url)
        _refresh(sample_database, engine)
        yield engine
        engine.dispose()


def _refresh(url: str, own: sa.Engine) -> None:
    source = source_engine(url)
    options = Options((PRODUCTION,), SAMPLE_UNTIL.date(), days=DAYS, families=())
    try:
        refresh(source, own, POLICY.drift, options, SilentProgress())
    finally:
        source.dispose()


def _evidence(url: str, own: sa.Engine | None) -> tuple[Evidence, ...]:
    source = source_engine(url)
    try:
        return read_rolled(source, own, partial(drift, scope=SCOPE, policy=POLICY))
    finally:
        source.dispose()


def _change(own: sa.Engine, statement: sa.Executable) -> None:
    with own.begin() as connection:
        connection.execute(statement)


def test_kept_evidence_is_what_would_be_computed(sample_database: str, own: sa.Engine) -> None:
    kept = _evidence(sample_database, own)
    assert {one.metric for one in kept} == {*METRICS}
    assert all(one.value is not None for one in kept)
    assert tuple(from_json(to_json(one)) for one in kept) == kept
    _change(own, drift_evidence.update().values(policy_version="of other rules"))
    assert _evidence(sample_database, own) == kept
    _refresh(sample_database, own)
    with own.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(drift_evidence)).scalar()


def test_the_page_reads_the_report_that_the_refresh_kept(
    sample_database: str, own: sa.Engine
) -> None:
    _refresh(sample_database, own)
    kept = _kept(own, SCOPE)
    assert kept is not None
    computed = _evidence(sample_database, own)
    assert evidence(kept) == computed
    assert kept.as_of == SCOPE.as_of
    assert _kept(own, replace(SCOPE, regions=("North",))) is None
    assert _kept(own, replace(SCOPE, as_of=SCOPE.as_of + timedelta(days=1))) is None
    _change(own, drift_reports.update().values(report='{"as_of": "of another version"}'))
    assert _kept(own, SCOPE) is None
    _change(own, drift_reports.delete())
    _refresh(sample_database, own)
    assert _kept(own, SCOPE) == kept


def _kept(own: sa.Engine, scope: Scope) -> DriftReport | None:
    found = read(own, lambda connection: usual_report(connection, scope, POLICY.drift))
    return found[0] if found else None


def test_evidence_of_days_built_again_is_not_used(sample_database: str, own: sa.Engine) -> None:
    kept = _evidence(sample_database, own)
    lie = [to_json(replace(one, sentence="Kept.")) for one in kept]
    _refresh(sample_database, own)
    _change(own, drift_evidence.update().values(evidence=lie))
    assert {one.sentence for one in _evidence(sample_database, own)} == {"Kept."}
    later = rollup_days.c.refreshed_at + timedelta(seconds=1)
    _change(own, rollup_days.update().values(refreshed_at=later))
    assert _evidence(sample_database, own) == kept


def test_without_roll_ups_drift_has_no_data_and_says_what_to_do(sample_database: str) -> None:
    found = _evidence(sample_database, None)
    assert {one.metric for one in found} == {*METRICS}
    assert all(one.value is None and one.sentence == NOT_ROLLED_UP for one in found)


def test_roll_ups_of_another_source_are_refused(
    clean_database: str, own: sa.Engine, caplog: pytest.LogCaptureFixture
) -> None:
    source = source_engine(clean_database)
    with caplog.at_level(logging.WARNING, "plumbline.rollups"):
        found = read_rolled(source, own, lambda connection: standing(connection, SCOPE))
    assert found.foreign
    assert "another database" in caplog.text
    assert {one.value for one in _evidence(clean_database, own)} == {None}
    source.dispose()
    with pytest.raises(InvalidInputError, match="another database"):
        _refresh(clean_database, own)


def test_source_that_was_moved_is_known_again_after_a_refresh(
    sample_database: str, own: sa.Engine
) -> None:
    with own.begin() as connection:
        connection.execute(sa.text("UPDATE plumbline.rollup_origin SET identity = 'elsewhere'"))
    assert {one.value for one in _evidence(sample_database, own)} == {None}
    _refresh(sample_database, own)
    assert all(one.value is not None for one in _evidence(sample_database, own))
