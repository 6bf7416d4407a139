"""What gates take long to measure is kept by the refresh job, and is what would be measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from components.gates.evidence import Evidence
from components.gates.evidence_json import to_json
from components.gates.policy import load_policy
from dashboard.collectors import COLLECTORS
from dashboard.evidence_kept import HARM, KEPT, LONGEST, TICKETS, Slow, keep
from dashboard.progress import SilentProgress
from dashboard.refresh.plan import Options
from dashboard.refresh.run import refresh
from dashboard.settings import settings
from queries.database import own_engine, source_engine
from queries.names import DEVELOPMENT, PRODUCTION
from queries.rolled import read_rolled, rollups_of
from queries.rollup_schema import drift_evidence, rollup_days
from queries.scope import Scope
from tests.conftest import SAMPLE_UNTIL, new_database

POLICY = load_policy()
SCOPE = Scope(SAMPLE_UNTIL - timedelta(days=28), SAMPLE_UNTIL, SAMPLE_UNTIL)
MARK = "Kept."
Measure = Callable[..., tuple[Evidence, ...]]


@pytest.fixture(scope="module")
def engines(server_url: str, sample_database: str) -> Iterator[tuple[sa.Engine, sa.Engine]]:
    """The sample, and roll-ups of its last days in a database of their own."""
    with new_database(server_url) as url:
        source, own = source_engine(sample_database), own_engine(url)
        options = Options((PRODUCTION, DEVELOPMENT), SAMPLE_UNTIL.date(), days=40, families=())
        refresh(source, own, POLICY.drift, options, SilentProgress())
        yield source, own
        source.dispose()
        own.dispose()


@pytest.fixture
def own(
    engines: tuple[sa.Engine, sa.Engine],
    sample_database: str,
    models_of: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[sa.Engine]:
    """What a refresh keeps, as it keeps it, with the folder of models that is in use."""
    source, own = engines
    monkeypatch.setenv("PLUMBLINE_MODELS_DIR", str(models_of(sample_database)))
    monkeypatch.setenv("PLUMBLINE_KEYS_DIR", str(models_of(sample_database) / "keys"))
    settings.cache_clear()
    with own.begin() as connection:
        connection.execute(drift_evidence.delete())
    keep(source, own, POLICY, SilentProgress())
    yield own
    settings.cache_clear()


@pytest.fixture
def measure(engines: tuple[sa.Engine, sa.Engine], own: sa.Engine) -> Measure:
    def of(
        slow: Slow, scope: Scope = SCOPE, *, kept: bool = True, changed: bool = False
    ) -> tuple[Evidence, ...]:
        def question(connection: sa.Connection) -> tuple[Evidence, ...]:
            rollups = rollups_of(connection)
            if changed and rollups is not None:
                rollups.leave_out(PRODUCTION, [scope.start.date()])
            given = (POLICY,) if slow.reads_policy else ()
            return (slow.kept if kept else slow.collect)(connection, scope, *given)

        return read_rolled(engines[0], own, question)

    return of


def _mark(own: sa.Engine) -> None:
    """Whatever is kept says so from here on."""
    with own.begin() as connection:
        rows = connection.execute(sa.select(drift_evidence)).all()
        for row in rows:
            lie = [{**item, "sentence": MARK} for item in row.evidence]
            connection.execute(
                drift_evidence.update()
                .where(
                    drift_evidence.c.day == row.day,
                    drift_evidence.c.policy_version == row.policy_version,
                )
                .values(evidence=lie)
            )


def _marked(found: tuple[Evidence, ...]) -> bool:
    return bool(found) and {one.sentence for one in found} == {MARK}


@pytest.mark.parametrize("slow", KEPT, ids=lambda slow: slow.method)
@pytest.mark.parametrize("back", [0, 13, 14])
def test_what_is_kept_is_what_would_be_measured(
    own: sa.Engine, measure: Measure, slow: Slow, back: int
) -> None:
    days = timedelta(days=back)
    scope = Scope(SCOPE.start - days, SCOPE.end - days, SCOPE.as_of - days)
    measured = measure(slow, scope, kept=False)
    assert any(one.value is not None for one in measured)
    kept = measure(slow, scope)
    assert [to_json(one) for one in kept] == [to_json(one) for one in measured]
    _mark(own)
    assert _marked(measure(slow, scope))


def test_each_is_asked_where_a_page_waits() -> None:
    assert {one.in_time for one in COLLECTORS} >= {slow.kept for slow in KEPT}


def test_what_it_was_made_from_has_changed(
    own: sa.Engine, measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    _mark(own)
    assert _marked(measure(HARM))
    assert not _marked(measure(HARM, changed=True))
    wider = replace(SCOPE, start=SCOPE.start - timedelta(days=1))
    assert not _marked(measure(TICKETS, wider))
    monkeypatch.delenv("PLUMBLINE_MODELS_DIR")
    settings.cache_clear()
    assert not _marked(measure(HARM))


@pytest.mark.parametrize("environment", [PRODUCTION, DEVELOPMENT])
def test_days_were_built_again(own: sa.Engine, measure: Measure, environment: str) -> None:
    _mark(own)
    ours = [slow for slow in KEPT if environment == PRODUCTION or slow.method == "environments 1"]
    assert all(_marked(measure(slow)) for slow in ours)
    with own.begin() as connection:
        connection.execute(
            rollup_days.update()
            .where(rollup_days.c.environment == environment)
            .values(refreshed_at=rollup_days.c.refreshed_at + timedelta(seconds=1))
        )
    assert not any(_marked(measure(slow)) for slow in ours)


def test_it_is_shown_for_two_days(own: sa.Engine, measure: Measure) -> None:
    _mark(own)
    for late, shown in ((LONGEST, True), (LONGEST + timedelta(seconds=1), False)):
        scope = Scope(SCOPE.start + late, SCOPE.end + late, SCOPE.as_of + late)
        assert _marked(measure(TICKETS, scope)) is shown
