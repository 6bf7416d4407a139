"""The planted defects of the pipeline are found, with size and place; clean data shows none."""

from __future__ import annotations

from datetime import timedelta

import pytest

from components.gates.policy import load_policy
from components.pipeline import assess
from components.pipeline.assess_latency import PathLatency
from dashboard.evidence import gather
from dashboard.sample import city
from dashboard.sample.defects import pick, planted
from dashboard.sample.recipe import Recipe
from queries import audit
from queries.audit_rows import Path
from queries.database import source_engine
from queries.scope import Scope
from tests.conftest import SAMPLE_TICKETS_PER_YEAR, SAMPLE_UNTIL
from tests.contract.audit_programme import asking

RECIPE = Recipe(tickets_per_year=SAMPLE_TICKETS_PER_YEAR, until=SAMPLE_UNTIL)
WHOLE = Scope(SAMPLE_UNTIL - timedelta(days=60), SAMPLE_UNTIL, SAMPLE_UNTIL)


def _defect(key):
    defect = planted(RECIPE, key)
    assert defect is not None
    return defect


def _rows(url, question, scope=WHOLE):
    with asking(url) as connection:
        return question(connection, scope).rows


def _of_period(defect):
    start, end = defect.period(SAMPLE_UNTIL)
    return Scope(start, end, SAMPLE_UNTIL)


def test_missing_snapshots_lie_in_one_region_on_one_day(sample_database):
    defect = _defect("missing_snapshots")
    found = assess.snapshots(_rows(sample_database, audit.snapshots))
    assert found.complete.whole - found.complete.part == defect.records
    region = pick(city.REGIONS, defect.place.region)
    day = defect.period(SAMPLE_UNTIL)[0]
    assert found.where_incomplete == f"all in {region} on {day.day} {day:%b %Y}"


def test_unknown_versions_are_exactly_the_planted_ones(sample_database):
    defect = _defect("unknown_ml_version")
    found = assess.snapshots(_rows(sample_database, audit.snapshots))
    assert found.known.whole - found.known.part == defect.records
    unknown = [fault for fault in found.faults if fault.state == "unknown"]
    assert [(fault.knob, fault.n) for fault in unknown] == [("ml", defect.records)]


def test_the_stale_worker_is_caught_in_its_afternoon_and_nowhere_else(sample_database):
    found = assess.snapshots(_rows(sample_database, audit.snapshots))
    stale = [fault for fault in found.faults if fault.state == "not_in_force"]
    inside = assess.snapshots(
        _rows(sample_database, audit.snapshots, _of_period(_defect("stale_worker")))
    )
    n = inside.in_force.whole - inside.in_force.part
    assert n > 0
    assert [(fault.knob, fault.n) for fault in stale] == [("config", n)]


def test_calls_without_cause_and_missed_calls_are_exactly_the_planted_ones(sample_database):
    found = assess.firing(_rows(sample_database, audit.pulse))
    assert found.without_cause == _defect("llm_without_cause").records
    assert found.missed == _defect("llm_missed").records


def test_the_slow_day_stands_out(sample_database):
    slow, whole = (
        assess.latency(_rows(sample_database, audit.latency, scope)).of(Path.LLM_PATH)
        for scope in (_of_period(_defect("slow_llm")), WHOLE)
    )
    assert isinstance(slow, PathLatency)
    assert isinstance(whole, PathLatency)
    assert slow.p50.value > 2 * whole.p50.value


def test_environments_differ_in_one_work_type_and_in_no_other(sample_database):
    work_type = pick(city.WORK_TYPE_NAMES, _defect("environments_differ").place.work_type)
    found = assess.environments(_rows(sample_database, audit.pairs))
    worse = [item.work_type for item in found.by_work_type if item.share.value < 1]
    assert worse == [work_type]


@pytest.mark.parametrize("days", [28, 60, 365])
def test_clean_data_shows_no_fault(clean_database, days):
    scope = Scope(SAMPLE_UNTIL - timedelta(days=days), SAMPLE_UNTIL, SAMPLE_UNTIL)
    snapshots = assess.snapshots(_rows(clean_database, audit.snapshots, scope))
    firing = assess.firing(_rows(clean_database, audit.pulse, scope))
    environments = assess.environments(_rows(clean_database, audit.pairs, scope))
    setting = assess.setting(_rows(clean_database, audit.configurations, scope))
    effect = assess.effect(_rows(clean_database, audit.gap_histogram, scope), setting)
    assert (snapshots.faulty, snapshots.unjudged, snapshots.faults) == (0, 0, ())
    assert (firing.without_cause, firing.missed, firing.unjudged) == (0, 0, 0)
    assert environments.same_versions.part == environments.same_versions.whole
    assert effect.rule_differs == 0
    assert _rows(clean_database, audit.snapshot_faults, scope) == ()
    assert _rows(clean_database, audit.firing_faults, scope) == ()
    assert _rows(clean_database, audit.disagreeing_pairs, scope) == ()


def test_evidence_names_every_metric_of_the_pipeline_once(sample_database):
    evidence = gather(source_engine(sample_database), load_policy(None), SAMPLE_UNTIL)
    metrics = [item.metric for item in evidence]
    assert len(metrics) == len(set(metrics))
    wanted = {
        *assess.SNAPSHOT_METRICS,
        *assess.FIRING_METRICS,
        *assess.LATENCY_METRICS,
        *assess.CORRECTNESS_METRICS,
        *assess.ENVIRONMENT_METRICS,
    }
    assert wanted <= set(metrics)
    assert [item.error for item in evidence if item.error] == []
