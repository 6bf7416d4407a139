"""The refresh job: what changed is built again, what is lost is kept and said, edges stay."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

import dashboard.refresh.build as building
from dashboard.refresh.run import Outcome
from queries import drift_source, rollups
from queries.drift_rows import MISSING, OUTSIDE, UNUSABLE, DayState, Histograms
from queries.errors import DatabaseBusyError, InvalidInputError
from queries.rollup_reference import read_layout
from tests.conftest import new_database
from tests.contract.rollup_programme import (
    FIRST,
    PER_DAY,
    REFERENCE,
    TODAY,
    Programme,
    at,
    programme,
    scope,
)

DAY = date(2026, 2, 25)
NEXT = DAY + timedelta(days=1)
ROWS = "SELECT md5(string_agg(h::text, ',' ORDER BY h::text)) FROM plumbline.{} h"


@pytest.fixture(scope="module")
def built_template(server_url: str, contract_template: str) -> Iterator[str]:
    """The name of a database that was refreshed once."""
    with new_database(server_url, template=contract_template) as url:
        with programme(url) as made:
            made.refresh(new_reference=REFERENCE)
        yield str(sa.make_url(url).database)


@pytest.fixture
def built(server_url: str, built_template: str) -> Iterator[Programme]:
    with (
        new_database(server_url, template=built_template) as url,
        programme(url, filled=False) as made,
    ):
        yield made


@pytest.fixture
def empty(contract_database: str) -> Iterator[Programme]:
    with programme(contract_database, filled=False) as made:
        yield made


def _day(built: Programme, day: date = DAY) -> Histograms:
    with built.own.connect() as own:
        return rollups.histograms(own, scope(day, day + timedelta(days=1))).rows[0]


def _state(built: Programme, day: date) -> tuple[DayState, int, int | None]:
    with built.own.connect() as own:
        rows = rollups.coverage(own, "production").rows
    return next((row.state, row.source_rows, row.rows_left) for row in rows if row.day == day)


def _as_source(built: Programme) -> bool:
    with built.own.connect() as own, built.source.connect() as source:
        rolled = rollups.histograms(own, scope(), by="work_type").rows[0]
        window = rollups.window_histograms(own, scope(), by="work_type").rows[0]
        counted = drift_source.histograms(source, scope(), rolled.layout, by="work_type").rows[0]
    same = np.array_equal(rolled.counts, counted.counts) and rolled.days == counted.days
    return same and np.array_equal(window.counts[0], counted.total())


def _contents(built: Programme) -> list[str]:
    tables = ("rollup_histograms", "rollup_shap", "rollup_months", "rollup_layouts")
    return [built.value(ROWS.format(table)) for table in tables]


def test_a_second_refresh_changes_nothing(built: Programme) -> None:
    before = _contents(built)
    assert built.refresh(everything=True).planned == 0
    assert built.refresh(rebuild=True).built == (TODAY - FIRST).days
    assert _contents(built) == before


def test_a_late_row_is_picked_up(built: Programme) -> None:
    before = _day(built).rows.sum()
    built.predict(DAY)
    outcome = built.refresh()
    assert (outcome.planned, outcome.built) == (1, 1)
    assert _day(built).rows.sum() == before + 1
    assert _as_source(built)


def test_a_correction_is_picked_up(built: Programme) -> None:
    built.execute(
        'UPDATE prediction_audit SET features = features || \'{"channel": "pigeon"}\' '
        "WHERE scored_at >= :start AND scored_at < :end",
        start=at(DAY, 0),
        end=at(NEXT, 0),
    )
    assert built.refresh().built == 1
    found = _day(built).of("feature:channel").sum(axis=(0, 1))
    assert found[OUTSIDE] == PER_DAY
    assert _as_source(built)


def test_a_corrected_explanation_is_picked_up(built: Programme) -> None:
    built.execute(
        "UPDATE prediction_explanations SET shap_values = shap_values || '{\"age\": 1.5}' "
        "WHERE scored_at >= :start AND scored_at < :end",
        start=at(DAY, 0),
        end=at(NEXT, 0),
    )
    assert built.refresh().built == 1
    with built.own.connect() as own:
        mass = rollups.shap_mass(own, scope(DAY, NEXT)).rows[0]
    age = mass.layout["feature:age"].slice
    assert mass.total_micro[:, :, age].sum() == 1_500_000 * mass.explained[:, :, age].sum() > 0


def test_old_days_are_compared_only_when_asked(built: Programme) -> None:
    much_later = TODAY + timedelta(days=60)
    built.predict(much_later - timedelta(days=1))
    built.refresh(today=much_later)
    built.predict(FIRST)
    assert built.refresh(today=much_later).planned == 0
    assert built.refresh(today=much_later, everything=True).built == 1


def test_the_running_day_waits_until_it_is_over(built: Programme) -> None:
    built.predict(TODAY)
    assert built.refresh().planned == 0
    assert built.refresh(today=TODAY + timedelta(days=1)).built == 1


def test_a_new_reference_makes_a_new_id_and_keeps_the_old(built: Programme) -> None:
    with built.own.connect() as own:
        old = rollups.histograms(own, scope()).rows[0]
    outcome = built.refresh(new_reference=(date(2026, 2, 15), date(2026, 3, 1)))
    assert outcome.edges_id != old.layout.edges_id
    assert outcome.built == (TODAY - FIRST).days
    built.predict(DAY)
    built.refresh()
    with built.own.connect() as own:
        again = rollups.histograms(own, scope(), edges_id=old.layout.edges_id).rows[0]
        new = rollups.histograms(own, scope()).rows[0]
    assert again.layout == old.layout
    assert new.layout.edges_id == outcome.edges_id
    # A correction reaches the days of every layout that has them.
    assert again.rows.sum() == new.rows.sum() == old.rows.sum() + 1
    assert _as_source(built)


def test_the_same_reference_gives_the_same_id(built: Programme) -> None:
    with built.own.connect() as own, built.source.connect() as source:
        kept = rollups.layout(own)
        again = read_layout(source, "production", *REFERENCE, kept.created_at)
    assert again.edges_id == kept.edges_id
    assert again.variables == kept.variables


def test_stopped_in_the_middle_it_goes_on(
    empty: Programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New days of a month that fails leave nothing of themselves; the month before stays."""
    whole, rest = 28, (TODAY - date(2026, 3, 1)).days
    for number in range(whole + rest):
        empty.predict(FIRST + timedelta(days=number), 3)
    write, written = building.write_days, []

    def fails_on_the_second_month(*arguments: Any) -> dict[date, int]:
        rows = write(*arguments)
        written.append(rows)
        if len(written) == 2:
            raise InvalidInputError("The plug was pulled.")
        return rows

    monkeypatch.setattr(building, "write_days", fails_on_the_second_month)
    with pytest.raises(InvalidInputError, match="plug"):
        empty.refresh(new_reference=REFERENCE)
    monkeypatch.undo()
    days = "SELECT count(*) FROM plumbline.rollup_days"
    vectors = "SELECT count(DISTINCT day) FROM plumbline.rollup_histograms WHERE grain = 'day'"
    assert empty.value(days) == empty.value(vectors) == whole
    assert empty.refresh().built == rest
    assert _as_source(empty)


def test_a_second_refresh_is_refused(built: Programme) -> None:
    built.predict(DAY)
    with built.own.connect() as other:
        other.execute(sa.text("SELECT pg_advisory_lock(7585672010)"))
        with pytest.raises(DatabaseBusyError, match="Another `plumbline refresh`"):
            built.refresh()
        other.execute(sa.text("SELECT pg_advisory_unlock(7585672010)"))
    assert built.refresh().built == 1


def test_several_workers_build_the_same(built: Programme) -> None:
    before = _contents(built)
    assert built.refresh(rebuild=True, workers=3).built == (TODAY - FIRST).days
    assert _contents(built) == before


def _partition_of_2026(built: Programme) -> str:
    return str(
        built.value(
            "SELECT inhrelid::regclass::text FROM pg_inherits JOIN pg_class ON oid = inhrelid "
            "WHERE inhparent = 'prediction_audit'::regclass "
            "AND pg_get_expr(relpartbound, oid) LIKE '%2026-01-01%TO%'"
        )
    )


def test_a_purged_year_keeps_its_history(built: Programme) -> None:
    built.predict(date(2027, 1, 1))
    before = _day(built).counts
    built.execute(f"DROP TABLE {_partition_of_2026(built)}")
    outcome = built.refresh(today=date(2027, 1, 2))
    assert len(outcome.purged) == (TODAY - FIRST).days
    assert not outcome.vanished
    assert _state(built, DAY) == (DayState.PURGED, PER_DAY, 0)
    np.testing.assert_array_equal(_day(built).counts, before)
    assert built.refresh(today=date(2027, 1, 2), everything=True).planned == 0


def test_vanished_rows_are_a_finding_and_history_stays(built: Programme) -> None:
    before = _day(built).counts
    built.execute(
        "DELETE FROM prediction_audit WHERE prediction_id IN (SELECT prediction_id "
        "FROM prediction_audit WHERE scored_at >= :start AND scored_at < :end LIMIT 2)",
        start=at(DAY, 0),
        end=at(NEXT, 0),
    )
    outcome: Outcome = built.refresh()
    assert [lost.day for lost in outcome.vanished] == [DAY]
    assert _state(built, DAY) == (DayState.VANISHED, PER_DAY, PER_DAY - 2)
    np.testing.assert_array_equal(_day(built).counts, before)
    assert built.refresh().planned == 0, "told once"
    built.refresh(rebuild=True)
    assert _state(built, DAY) == (DayState.BUILT, PER_DAY - 2, None)


def test_a_day_emptied_although_its_partition_is_there_has_vanished(built: Programme) -> None:
    built.execute(
        "DELETE FROM prediction_audit WHERE scored_at < :end", end=at(date(2026, 2, 3), 0)
    )
    outcome = built.refresh()
    assert [lost.day for lost in outcome.vanished] == [FIRST, date(2026, 2, 2)]
    assert not outcome.purged


ODD: dict[str, tuple[dict[str, Any] | None, str, int]] = {
    "key absent": ({}, "feature:age", MISSING),
    "null": ({"age": None}, "feature:age", MISSING),
    "no features": (None, "feature:age", MISSING),
    "text where a number was": ({"age": "41"}, "feature:age", UNUSABLE),
    "NaN as text": ({"age": "NaN"}, "feature:age", UNUSABLE),
    "a list": ({"age": [1]}, "feature:age", UNUSABLE),
    "below": ({"age": -5}, "feature:age", OUTSIDE),
    "far above": ({"age": 10**30}, "feature:age", -1),
    "beyond a double": ({"age": 10**400}, "feature:age", -1),
    "unseen category": ({"channel": "fax"}, "feature:channel", OUTSIDE),
    "number where text was": ({"channel": 7}, "feature:channel", UNUSABLE),
    "text where a flag was": ({"flag": "true"}, "feature:flag", UNUSABLE),
    "unknown key": ({"brand new": 1}, "schema:features", OUTSIDE),
    "value where all were null": ({"empty": 3}, "feature:empty", OUTSIDE),
}


@pytest.fixture(scope="module")
def odd(server_url: str, built_template: str) -> Iterator[tuple[Programme, dict[str, date]]]:
    """One day for each oddity, after the reference."""
    with (
        new_database(server_url, template=built_template) as url,
        programme(url, filled=False) as made,
    ):
        days = {}
        for number, (name, (features, _, _)) in enumerate(ODD.items()):
            days[name] = TODAY + timedelta(days=number)
            document = None if features is None else json.dumps(features)
            (identifier,) = made.predict(days[name])
            made.execute(
                "UPDATE prediction_audit SET features = CAST(:document AS jsonb) "
                "WHERE prediction_id = :id",
                document=document,
                id=identifier,
            )
        made.refresh(today=TODAY + timedelta(days=len(ODD)))
        yield made, days


@pytest.mark.parametrize("name", ODD)
def test_odd_values_land_in_their_bins(odd: tuple[Programme, dict[str, date]], name: str) -> None:
    built, days = odd
    _, variable, place = ODD[name]
    wanted = scope(days[name], days[name] + timedelta(days=1))
    end = TODAY + timedelta(days=len(ODD))
    later = type(wanted)(wanted.start, wanted.end, at(end, 0))
    with built.own.connect() as own:
        found = rollups.histograms(own, later).rows[0].of(variable).sum(axis=(0, 1))
    assert found[place] == 1
    assert found.sum() == 1


def test_a_score_that_is_no_number_is_unusable(built: Programme) -> None:
    for score in ("nan", "inf", "-inf"):
        built.predict(DAY, ml_score=float(score))
    built.predict(DAY, ml_score=None)
    built.refresh()
    found = _day(built).of("score:ml").sum(axis=(0, 1))
    assert (found[MISSING], found[UNUSABLE]) == (1, 3)
    joint = _day(built).of("joint:ml").sum(axis=(0, 1))
    assert (joint[MISSING], joint[UNUSABLE]) == (1, 3)


def test_a_point_mass_has_a_bin_of_its_own(built: Programme) -> None:
    """Most of the reference's rain is exactly 0: a trace of rain is not counted as none."""
    with built.own.connect() as own:
        rain = rollups.layout(own)["feature:rain"]
    dry = rain.bin_labels().index("0")
    before = _day(built).of("feature:rain").sum(axis=(0, 1))
    built.predict(DAY, features={"rain": 0})
    built.predict(DAY, features={"rain": 0.000001})
    built.refresh()
    gained = _day(built).of("feature:rain").sum(axis=(0, 1)) - before
    assert gained[dry] == 1
    assert gained[dry + 1] == 1


def test_without_explanations_or_reviews_there_are_histograms(empty: Programme) -> None:
    empty.predict(FIRST, 4)
    empty.execute("DROP TABLE prediction_explanations, ml_feedback CASCADE")
    assert empty.refresh(new_reference=REFERENCE).built == 1
    with empty.own.connect() as own:
        assert rollups.shap_mass(own, scope()).rows[0].explained.sum() == 0
    assert _as_source(empty)


def test_bins_are_not_cut_from_nothing(empty: Programme) -> None:
    with pytest.raises(InvalidInputError, match="no predictions in production"):
        empty.refresh()
