"""Candidates of the sample: each planted one is found and named, and a clean one passes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import cache

import pytest

from components.gates import assess as gates
from components.gates.policy import load_policy
from components.gates.status import Status
from components.shadow.assess import report, rules
from components.shadow.types import ShadowReport
from components.statistics.slices import SliceState
from dashboard import shadow_material
from dashboard.evidence_shadow import shadow as evidence_of
from dashboard.progress import SilentProgress
from dashboard.sample.city import REGIONS
from dashboard.sample.defects import planted
from dashboard.sample.programme import build_scoring
from dashboard.sample.recipe import Recipe
from dashboard.sample.shadow import CANDIDATE, FLATTERED, RIVAL
from queries.database import read, source_engine
from queries.scope import Scope
from tests.conftest import SAMPLE_UNTIL, new_database, open_folder

POLICY = load_policy(None)
SCOPE = Scope(SAMPLE_UNTIL - timedelta(days=28), SAMPLE_UNTIL, SAMPLE_UNTIL)
LARGE = Recipe(tickets_per_year=60_000, years=1.0, until=SAMPLE_UNTIL)
"""Of the usual size: a smaller programme has too few disagreements to judge anything."""


@pytest.fixture(scope="module")
def large(server_url: str) -> Iterator[str]:
    """The scoring part of a planted programme of the usual size, over a year."""
    with open_folder() as models, new_database(server_url) as url:
        build_scoring(url, LARGE, models, SilentProgress())
        yield url


@cache
def reported(url: str) -> dict[str, ShadowReport]:
    """What is said of each candidate."""
    engine = source_engine(url)

    def asked(connection):
        found = shadow_material.candidates(connection, SCOPE)
        made = {}
        for version in {run.candidate_version for run in found.runs}:
            pair = found.pair(version)
            given = shadow_material.material(connection, SCOPE, found, pair, POLICY.shadow)
            made[version] = report(given[0], rules(POLICY))
        return made

    try:
        return read(engine, asked)
    finally:
        engine.dispose()


def judged(url: str) -> dict[str, gates.GateResult]:
    """The gates about the registered candidate, by metric."""
    engine = source_engine(url)
    try:
        evidence = read(engine, lambda connection: evidence_of(connection, SCOPE, POLICY))
    finally:
        engine.dispose()
    made = gates.evaluate(POLICY, evidence, now=SAMPLE_UNTIL, candidate=CANDIDATE)
    return {gate.requirement.metric: gate for gate in made.gates}


def test_harm_in_one_region_is_found_though_all_looks_well(large: str) -> None:
    region = REGIONS[planted(LARGE, "harmful_candidate").place.region]
    found = reported(large)[CANDIDATE]
    worse = [one.slice.group for one in found.slices if one.slice.state is SliceState.WORSE]

    assert worse == [f"region={region}"] == [found.slices[0].slice.group]
    assert found.status is Status.FAIL
    assert f"region {region}" in found.answer
    assert found.sequential.status in {Status.PASS, Status.RUNNING}
    gate = judged(large)["fairness.worst_group_difference"]
    assert gate.status is Status.FAIL
    assert region in gate.sentence


def test_a_candidate_flattered_by_who_was_reviewed_is_unmasked(large: str) -> None:
    found = reported(large)[FLATTERED]
    accuracy = found.quality.accuracy

    assert accuracy.naive.value > 0 > accuracy.hajek.value
    assert "looks better than it is" in found.quality.banner
    assert found.status is not Status.PASS


def test_a_candidate_within_the_margin_passes(large: str) -> None:
    found = reported(large)[RIVAL]

    assert found.status is Status.PASS, found.answer
    assert "within the margin" in found.answer


def test_nothing_is_held_against_a_clean_candidate(clean_database: str) -> None:
    for found in reported(clean_database).values():
        assert found.status is not Status.FAIL, found.answer
        assert not any(one.slice.state is SliceState.WORSE for one in found.slices)
    failed = [name for name, gate in judged(clean_database).items() if gate.status is Status.FAIL]
    assert failed == []
    assert FLATTERED not in reported(clean_database)
