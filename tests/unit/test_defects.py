"""The registry of planted defects: complete, sized for its recipe, and silent when clean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.sample.defect import Unit, pick
from dashboard.sample.defects import (
    FULL_SIZE_AT,
    GOVERNANCE,
    MIGRATION,
    SCORING,
    SMALLEST,
    defects,
    planted,
)
from dashboard.sample.migration.mapping import MAPPINGS
from dashboard.sample.migration.plan import RUNS, batches
from dashboard.sample.recipe import Recipe

EVERYTHING = (*SCORING, *MIGRATION, *GOVERNANCE)
UNTIL = datetime(2026, 11, 1, tzinfo=UTC)


def test_each_defect_has_its_own_key() -> None:
    keys = [defect.key for defect in EVERYTHING]
    assert len(keys) == len(set(keys))


def test_every_area_that_can_show_a_defect_has_one() -> None:
    shown = {requirement for defect in EVERYTHING for requirement in defect.requirements}
    assert {"A1", "A2", "A3", "A4", "A5", "A6"} <= shown
    assert {"B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B9", "B10"} <= shown
    assert {"C2", "C4", "C5", "C8", "C10"} <= shown


def test_a_clean_recipe_plants_nothing() -> None:
    assert defects(Recipe(clean=True)) == ()
    assert planted(Recipe(clean=True), "llm_missed") is None


def test_the_tickets_of_a_file_carry_no_scoring_defect() -> None:
    recipe = Recipe(tickets_csv=Path("tickets.csv"), mapping=Path("mapping.toml"))
    keys = {defect.key for defect in defects(recipe)}
    assert keys == {defect.key for defect in (*MIGRATION, *GOVERNANCE)}


def test_sizes_are_full_from_the_default_recipe_on() -> None:
    for tickets in (FULL_SIZE_AT, 25 * FULL_SIZE_AT):
        assert defects(Recipe(tickets_per_year=tickets)) == EVERYTHING


@given(st.integers(min_value=500, max_value=FULL_SIZE_AT))
def test_smaller_programmes_carry_smaller_defects(tickets: int) -> None:
    full = {defect.key: defect for defect in EVERYTHING}
    for defect in defects(Recipe(tickets_per_year=tickets)):
        if defect.unit is Unit.RECORDS:
            assert min(SMALLEST, full[defect.key].records) <= defect.records
            assert defect.records <= full[defect.key].records
            assert defect.records % defect.step == 0
        else:
            assert defect.size == full[defect.key].size


def test_an_unknown_key_is_an_error_even_on_a_clean_recipe() -> None:
    with pytest.raises(KeyError, match="llm_mised"):
        planted(Recipe(clean=True), "llm_mised")


def test_migration_defects_name_batches_and_fields_that_exist() -> None:
    live = {batch.id: batch for run in RUNS if run.live for batch in batches(run)}
    for defect in MIGRATION:
        batch = live[str(defect.place.batch)]
        assert defect.place.table == batch.table
        names = {field.name for field in MAPPINGS[batch.table].fields}
        assert defect.place.field is None or defect.place.field in names


@given(st.datetimes(min_value=datetime(2018, 1, 1), max_value=datetime(2035, 1, 1)))  # noqa: DTZ001
def test_a_defect_of_a_working_day_never_begins_on_a_weekend(moment: datetime) -> None:
    until = moment.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=UTC)
    for defect in EVERYTHING:
        if not defect.on_working_day:
            continue
        begin, end = defect.period(until)
        assert begin.weekday() < 5
        assert defect.begins is not None
        assert defect.ends is not None
        assert end - begin == defect.begins - defect.ends
        assert timedelta(0) <= (until - defect.begins) - begin <= timedelta(days=2)


def test_periods_lie_within_the_programme() -> None:
    for defect in EVERYTHING:
        if defect.begins is not None:
            begin, end = defect.period(UNTIL)
            assert begin <= end <= UNTIL


def test_a_defect_without_a_period_says_so() -> None:
    tampered = next(defect for defect in SCORING if defect.key == "tampered_artifact")
    with pytest.raises(ValueError, match="tampered_artifact has no period"):
        tampered.period(UNTIL)


def test_a_share_is_not_a_number_of_records() -> None:
    concept = next(defect for defect in SCORING if defect.key == "concept_change")
    with pytest.raises(TypeError, match="share"):
        _ = concept.records


def test_positions_wrap_where_there_are_fewer_names() -> None:
    assert pick(("north", "south"), 1) == "south"
    assert pick(("north", "south"), 2) == "north"
    with pytest.raises(ValueError, match="which one"):
        pick((), 0)
    with pytest.raises(ValueError, match="which one"):
        pick(("north",), None)
