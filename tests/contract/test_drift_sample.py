"""Planted drifts are found with the right feature, segment and date; a clean programme is quiet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from components.drift import assess
from components.drift.types import DriftReport, SanityKind, Verdict
from components.gates.policy import load_policy
from dashboard import drift_material
from dashboard.progress import SilentProgress
from dashboard.sample import city
from dashboard.sample.defect import Defect
from dashboard.sample.defects import planted
from dashboard.sample.programme import build
from dashboard.sample.recipe import Recipe
from dashboard.sample.ticket_defects import DRIFTING
from queries.database import source_engine
from queries.scope import Scope
from tests.conftest import SAMPLE_TICKETS_PER_YEAR, SAMPLE_UNTIL

POLICY = load_policy().drift
CLOSE = timedelta(days=2)


@pytest.fixture(scope="module")
def planted_report(sample_database: str) -> Iterator[DriftReport]:
    yield from _report(sample_database)


@pytest.fixture(scope="module")
def clean_report(clean_database: str) -> Iterator[DriftReport]:
    yield from _report(clean_database)


def _report(url: str) -> Iterator[DriftReport]:
    engine = source_engine(url)
    scope = Scope(SAMPLE_UNTIL - timedelta(days=28), SAMPLE_UNTIL, SAMPLE_UNTIL)
    found = drift_material.ground(engine, None, scope, POLICY)
    assert found is not None
    windows = assess.default_windows(found.known, SAMPLE_UNTIL, POLICY)
    made, _ = drift_material.material(engine, None, scope, found, windows)
    yield assess.report(made, POLICY)
    engine.dispose()


def _defect(key: str) -> Defect:
    recipe = Recipe(tickets_per_year=SAMPLE_TICKETS_PER_YEAR, until=SAMPLE_UNTIL)
    found = planted(recipe, key)
    assert found is not None
    return found


def _begin(key: str) -> date:
    return _defect(key).period(SAMPLE_UNTIL)[0].date()


def test_region_that_changed_its_nature_is_one_incident(planted_report: DriftReport) -> None:
    region = city.REGIONS[2]
    together = [one for one in planted_report.incidents if one.segment == region]
    assert len(together) == 1
    assert set(together[0].variables) <= {f"feature:{name}" for name in DRIFTING}
    assert len(together[0].variables) >= 2
    assert abs(together[0].day - _begin("drifting_region")) <= CLOSE
    assert region in planted_report.headline.sentence


def test_feature_that_arrives_empty_is_dated_and_counted(planted_report: DriftReport) -> None:
    found = [one for one in planted_report.sanity if one.kind is SanityKind.NULL_RATE]
    assert [one.label for one in found] == ["asset_age_years"]
    assert found[0].since is not None
    assert abs(found[0].since.day - _begin("feature_goes_null")) <= CLOSE
    finding = planted_report.finding("feature:asset_age_years")
    assert finding is not None
    assert finding.bins[0].label == "missing"
    assert found[0].faults == finding.bins[0].current


def test_nothing_else_has_moved(planted_report: DriftReport) -> None:
    moved = {one.label for one in planted_report.in_alarm}
    assert moved <= {*DRIFTING, "asset_age_years"}
    assert len(moved) >= 3


def test_clean_programme_is_quiet(clean_report: DriftReport) -> None:
    assert not clean_report.in_alarm
    assert not clean_report.sanity
    assert not clean_report.incidents
    assert "No feature has moved" in clean_report.headline.sentence
    assert clean_report.concept is not None
    assert not clean_report.concept.in_alarm


def test_season_is_not_called_drift(clean_report: DriftReport) -> None:
    found = clean_report.finding("feature:work_type")
    assert found is not None
    assert found.verdict in (Verdict.SEASONAL, Verdict.SMALL, Verdict.STEADY)
    assert clean_report.twin is not None


@pytest.mark.parametrize("name", ["planted_report", "clean_report"])
def test_parts_add_up_to_the_shift(name: str, request: pytest.FixtureRequest) -> None:
    found = request.getfixturevalue(name).attribution
    assert found is not None
    assert sum(part.points for part in found.parts) == pytest.approx(found.total_points)
    assert {part.name for part in found.parts} >= {"input", "rules", "ml", "llm", "residual"}


def test_divergence_splits_exactly(planted_report: DriftReport) -> None:
    for finding in planted_report.findings:
        for split in finding.splits:
            assert split.mix + split.within == pytest.approx(split.total, abs=1e-9)


def test_changed_meaning_is_suspected(empty_database: str, tmp_path: Path) -> None:
    """In a programme whose work types have the fifty effective reviews that a verdict takes."""
    recipe = Recipe(tickets_per_year=60_000, years=0.75, until=SAMPLE_UNTIL)
    build(empty_database, recipe, tmp_path, SilentProgress())

    found = next(_report(empty_database)).concept

    assert found is not None
    changed = city.WORK_TYPE_NAMES[1]
    assert found.in_alarm[0].segment == changed
    assert all(one.gap is not None and one.gap > 0 for one in found.in_alarm)
