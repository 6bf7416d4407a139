"""Roll-ups hold what the source holds: identical integers on every level, in every window."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from math import inf, isfinite, nan, nextafter
from random import Random
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from queries import drift_source, rollups
from queries.contract import prediction_audit, prediction_explanations
from queries.database import read
from queries.drift_rows import Histograms, Layout, ShapMass, Variable, VariableKind
from queries.errors import MissingRelationError
from queries.scope import Scope
from tests.conftest import new_database
from tests.contract.rollup_programme import (
    FIRST,
    PER_DAY,
    REFERENCE,
    TODAY,
    Programme,
    programme,
    scope,
)

BYS = ("all", "work_type", "region", "ml_version")
FILTERS = (
    {},
    {"work_types": ("Sewer",)},
    {"regions": ("North",)},
    {"work_types": ("Sewer", "Graffiti"), "regions": ("South",)},
    {"model_versions": ("xgb-2",)},
)


@pytest.fixture(scope="module")
def built(server_url: str, contract_template: str) -> Iterator[Programme]:
    with (
        new_database(server_url, template=contract_template) as url,
        programme(url) as made,
    ):
        made.refresh(new_reference=REFERENCE)
        yield made


@pytest.fixture(scope="module")
def layout(built: Programme) -> Layout:
    with built.own.connect() as connection:
        return rollups.layout(connection)


def _both(
    built: Programme, layout: Layout, wanted: Scope, by: Any
) -> tuple[Histograms, Histograms]:
    with built.own.connect() as own, built.source.connect() as source:
        rolled = rollups.histograms(own, wanted, by=by).rows[0]
        counted = drift_source.histograms(source, wanted, layout, by=by).rows[0]
    return rolled, counted


@pytest.mark.parametrize("by", BYS)
@pytest.mark.parametrize("filters", FILTERS)
def test_days_are_identical_to_the_source(
    built: Programme, layout: Layout, by: Any, filters: dict[str, Any]
) -> None:
    rolled, counted = _both(built, layout, scope(**filters), by)
    assert rolled.days == counted.days
    assert rolled.segments == counted.segments
    np.testing.assert_array_equal(rolled.counts, counted.counts)
    np.testing.assert_array_equal(rolled.rows, counted.rows)
    assert rolled.rows.sum() > 0


@pytest.mark.parametrize("by", BYS)
@pytest.mark.parametrize("filters", FILTERS)
def test_shap_mass_is_identical_to_the_source(
    built: Programme, layout: Layout, by: Any, filters: dict[str, Any]
) -> None:
    wanted = scope(**filters)
    with built.own.connect() as own, built.source.connect() as source:
        rolled: ShapMass = rollups.shap_mass(own, wanted, by=by).rows[0]
        window: ShapMass = rollups.window_shap_mass(own, wanted, by=by).rows[0]
        counted: ShapMass = drift_source.shap_mass(source, wanted, layout, by=by).rows[0]
    np.testing.assert_array_equal(rolled.explained, counted.explained)
    np.testing.assert_array_equal(rolled.total_micro, counted.total_micro)
    np.testing.assert_array_equal(window.total_micro[0], counted.total_micro.sum(axis=0))
    assert rolled.explained.sum() > 0


@pytest.mark.parametrize("by", BYS)
@pytest.mark.parametrize(
    ("start", "end"),
    [
        (FIRST, TODAY),
        (FIRST, date(2026, 3, 1)),
        (date(2026, 2, 2), date(2026, 3, 2)),
        (date(2026, 2, 10), date(2026, 2, 11)),
        (date(2025, 1, 1), TODAY),
    ],
)
def test_windows_are_the_sum_of_their_days(
    built: Programme, start: date, end: date, by: Any
) -> None:
    with built.own.connect() as own:
        days = rollups.histograms(own, scope(start, end), by=by).rows[0]
        window = rollups.window_histograms(own, scope(start, end), by=by).rows[0]
    assert window.days == (start,)
    assert window.segments == days.segments
    np.testing.assert_array_equal(window.counts[0], days.total())


def test_the_full_month_is_read_from_its_own_rows(built: Programme) -> None:
    """A month's sums are kept, and a window over it reads them: spoil one and the window shows."""
    month = "SELECT count(*) FROM plumbline.rollup_months WHERE month = '2026-02-01'"
    assert built.value(month) == 1
    with built.own.connect() as own:
        transaction = own.begin()
        own.execute(
            sa.text(
                "UPDATE plumbline.rollup_histograms SET counts[1] = counts[1] + 1000 "
                "WHERE grain = 'month' AND level = 'all'"
            )
        )
        spoilt = rollups.window_histograms(own, scope()).rows[0]
        days = rollups.histograms(own, scope()).rows[0]
        transaction.rollback()
    assert spoilt.counts.sum() - days.counts.sum() == 2000  # two versions in that month


def test_places_are_what_the_rows_say(built: Programme, layout: Layout) -> None:
    """An oracle apart from SQL: each row is placed in Python."""
    with built.own.connect() as own:
        found = rollups.histograms(own, scope()).rows[0]
        rows = own.execute(sa.select(prediction_audit)).mappings().all()
    ages = [row["features"]["age"] for row in rows]
    rain = [row["features"]["rain"] for row in rows]
    for name, values in (("feature:age", ages), ("feature:rain", rain)):
        edges = layout[name].edges
        expected = [0, 0, *(0 for _ in range(len(edges) + 1))]
        for value in values:
            expected[2 + int(np.searchsorted(edges, value, side="right"))] += 1
        assert found.of(name).sum(axis=(0, 1)).tolist() == expected
    channels = [row["features"]["channel"] for row in rows]
    assert found.of("feature:channel").sum(axis=(0, 1)).tolist() == [
        0, 0, 0, channels.count("phone"), channels.count("web"),
    ]  # fmt: skip
    assert found.of("feature:empty").sum(axis=(0, 1)).tolist() == [len(rows), 0, 0]
    decisions = layout["decision:ml"].categories
    joint = found.of("joint:ml").sum(axis=(0, 1))[3:].reshape(-1, len(decisions))
    np.testing.assert_array_equal(joint.sum(axis=1), found.of("score:ml").sum(axis=(0, 1))[2:])
    np.testing.assert_array_equal(joint.sum(axis=0), found.of("decision:ml").sum(axis=(0, 1))[3:])


def test_values_of_every_kind_are_placed_as_in_python(built: Programme, layout: Layout) -> None:
    """Wrong types, missing keys, values on an edge and just beside it; scores that are none."""
    rng, day = Random(7), date(2026, 2, 20)
    rows = [_odd_row(layout, rng) for _ in range(150)]
    ids = built.predict_each(day, [{"environment": "development", **row} for row in rows])
    wanted = replace(scope(day, day + timedelta(days=1)), environment="development")
    try:
        with built.source.connect() as source:
            found = drift_source.histograms(source, wanted, layout).rows[0]
    finally:
        for table in ("prediction_audit", "prediction_explanations"):
            built.execute(f"DELETE FROM {table} WHERE prediction_id = ANY(:ids)", ids=ids)
    for variable in layout.variables:
        if variable.is_feature or variable.name.partition(":")[0] in {"score", "decision", "joint"}:
            expected = Counter(_expected(layout, variable, row) for row in rows)
            got = found.of(variable.name)[0, 0]
            assert {i: n for i, n in enumerate(got.tolist()) if n} == expected, variable.name


def _odd_row(layout: Layout, rng: Random) -> dict[str, Any]:
    features = {}
    for variable in layout.features:
        beside = [nextafter(edge, side) for edge in variable.edges for side in (-inf, inf)]
        known = [*variable.edges, *beside, *variable.categories]
        odd = [None, True, False, "7", "", "Ünknown", 12, -1e300, 1e300, [1], {"a": 1}]
        features[variable.short_name] = rng.choice(rng.choice((known or odd, odd)))
    row: dict[str, Any] = {"features": features}
    for layer in ("rules", "ml", "llm", "final"):
        edges = layout[f"score:{layer}"].edges
        row[f"{layer}_score"] = rng.choice([None, nan, inf, 0.0, 1.0, *edges, *edges])
        row[f"{layer}_decision"] = rng.choice(["priority", "standard", "strange", None])
    return row


def _expected(layout: Layout, variable: Variable, row: dict[str, Any]) -> int:
    """0 missing, 1 unusable, 2 below or unseen, then bins or categories."""
    kind, _, name = variable.name.partition(":")
    if kind == "joint":
        pair = layout[f"score:{name}"], layout[f"decision:{name}"]
        score, decision = (_expected(layout, each, row) for each in pair)
        if 0 in (score, decision):
            return 0
        if score == 1 or decision == 2:
            return 1 if score == 1 else 2
        return 3 + (score - 2) * len(pair[1].categories) + decision - 3
    value = row["features"].get(name) if variable.is_feature else row[f"{name}_{kind}"]
    if value is None:
        return 0
    if variable.kind is VariableKind.NUMBER:
        usable = isinstance(value, int | float) and not isinstance(value, bool)
        return 2 + bisect_right(variable.edges, value) if usable and isfinite(value) else 1
    kinds = {"boolean": bool, "string": str, "null": object, "": str}
    if not isinstance(value, kinds[variable.source_type]):
        return 1
    text = json.dumps(value) if isinstance(value, bool) else value
    return 3 + variable.categories.index(text) if text in variable.categories else 2


def test_shap_mass_adds_exactly(built: Programme, layout: Layout) -> None:
    with built.own.connect() as own:
        mass = rollups.shap_mass(own, scope()).rows[0]
        stored = own.execute(sa.select(prediction_explanations.c.shap_values)).scalars().all()
    age = layout["feature:age"].slice
    assert mass.explained[:, :, age].sum() == len(stored)
    assert mass.total_micro[:, :, age].sum() == sum(_micro(each["age"]) for each in stored)


def _micro(value: float) -> int:
    from decimal import ROUND_HALF_UP, Decimal

    return int((Decimal(repr(value)) * 1_000_000).quantize(Decimal(1), ROUND_HALF_UP))


def test_variables_are_found_with_their_kind(layout: Layout) -> None:
    kinds = {each.name: (each.kind, each.source_type) for each in layout.features}
    assert kinds == {
        "feature:Odd % name": (VariableKind.CATEGORY, "string"),
        "feature:age": (VariableKind.NUMBER, "number"),
        "feature:channel": (VariableKind.CATEGORY, "string"),
        "feature:empty": (VariableKind.CATEGORY, "null"),
        "feature:flag": (VariableKind.CATEGORY, "boolean"),
        "feature:hour": (VariableKind.NUMBER, "number"),
        "feature:rain": (VariableKind.NUMBER, "number"),
    }
    assert layout.reference_rows == PER_DAY * (REFERENCE[1] - REFERENCE[0]).days
    assert [each.offset for each in layout.variables] == list(
        np.cumsum([0, *(each.width for each in layout.variables)])[:-1]
    )


def test_part_of_a_day_is_left_out(built: Programme) -> None:
    wanted = scope()
    late = Scope(wanted.start + timedelta(hours=1), wanted.end, wanted.as_of - timedelta(hours=1))
    with built.own.connect() as own:
        days = rollups.histograms(own, late).rows[0].days
    assert days[0] == FIRST + timedelta(days=1)
    assert days[-1] == TODAY - timedelta(days=2)


def test_a_missing_table_is_named(built: Programme) -> None:
    def spoilt(connection: sa.Connection) -> Any:
        return rollups.histograms(connection, scope())

    built.execute("ALTER TABLE plumbline.rollup_histograms RENAME TO elsewhere")
    try:
        with pytest.raises(MissingRelationError, match="rollup_histograms"):
            read(built.own, spoilt)
    finally:
        built.execute("ALTER TABLE plumbline.elsewhere RENAME TO rollup_histograms")
    assert read(built.own, spoilt).rows


def test_without_roll_ups_the_error_says_what_to_do(built: Programme) -> None:
    with built.own.connect() as own, pytest.raises(rollups.NotRolledUpError, match="refresh"):
        rollups.histograms(own, scope(), edges_id="unknown")
