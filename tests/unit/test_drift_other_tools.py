"""Our reading of three tools' definitions, against what the tools themselves answered."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from components.drift.other_tools import CHECKED, Tool, category, number, points, points_of_bins
from components.statistics.divergence import l_infinity
from components.statistics.two_sample import chi_square
from tests.unit.recorded.drift_columns import Column, columns, fingerprint

RECORDED = Path(__file__).parent / "recorded"
COLUMNS = {column.name: column for column in columns()}


def recorded(tool: Tool) -> dict[str, dict[str, float]]:
    held = json.loads((RECORDED / f"{tool.lower()}.json").read_text(encoding="utf-8"))
    assert held["version"] == CHECKED[tool]
    assert held["fingerprint"] == fingerprint(), "The columns are not those that were asked."
    return dict(held["answers"])


def counts_of(column: Column) -> tuple[np.ndarray, np.ndarray]:
    sides = [
        np.array([str(value) for value in side if value is not None])
        for side in (column.reference, column.current)
    ]
    names = np.union1d(*sides)
    before, after = ((side[:, None] == names).sum(0).astype(float) for side in sides)
    return before, after


@pytest.mark.parametrize("tool", list(Tool))
@pytest.mark.parametrize("name", list(COLUMNS))
def test_default_scores_are_those_recorded(tool: Tool, name: str) -> None:
    column = COLUMNS[name]
    if column.number:
        scores = number(points(column.reference), points(column.current))
    else:
        scores = category(*counts_of(column))
    found = next(score for score in scores if score.tool is tool)
    assert found.value == pytest.approx(recorded(tool)[name]["default"], rel=1e-8, abs=1e-8)
    assert found.exact


@pytest.mark.parametrize("name", [name for name, column in COLUMNS.items() if not column.number])
def test_our_own_category_distances_are_nannymls(name: str) -> None:
    asked = recorded(Tool.NANNYML)[name]
    before, after = counts_of(COLUMNS[name])
    assert l_infinity(before, after).value == pytest.approx(asked["l_infinity"], abs=1e-8)
    if before.size > 2:  # it corrects tables of four cells for continuity
        found = chi_square(before, after).statistic
        assert found == pytest.approx(asked["chi2"], rel=1e-8)


def test_bins_stand_in_for_rows_and_say_so() -> None:
    column = COLUMNS["number_large"]
    edges = np.quantile(column.reference, np.linspace(0, 1, 41))
    bins = [-np.inf, *edges, np.inf]
    before, after = (
        points_of_bins(edges, np.histogram(side, bins)[0].astype(float))
        for side in (column.reference, column.current)
    )
    for rows, binned in zip(
        number(points(column.reference), points(column.current)),
        number(before, after),
        strict=True,
    ):
        assert not binned.exact
        assert rows.exact
        if rows.tool is not Tool.NANNYML:  # its equal bins depend on the single rows
            assert binned.value == pytest.approx(rows.value, rel=0.15)


def test_an_outlier_hides_a_shift_from_nobody_who_bins_by_the_reference() -> None:
    # Evidently's PSI, as recorded, falls from 0.05 to 0.0004 by one row: why ours does not pool.
    asked = recorded(Tool.EVIDENTLY)
    assert asked["number_outlier"]["psi"] < 0.01 * asked["number_large"]["psi"]


def test_a_window_without_values_has_no_score() -> None:
    nothing = points(np.array([np.nan, np.nan]))
    for score in number(nothing, points(np.arange(50.0))):
        assert score.value is None
        assert score.drifted is None
        assert score.remark
    for score in category(np.zeros(3), np.ones(3)):
        assert score.value is None


def test_a_constant_column_has_moved_for_none_of_them() -> None:
    same = points(np.full(2_000, 7.0))
    assert [score.value for score in number(same, same)] == pytest.approx([0, 0, 0], abs=1e-9)
    assert not any(score.drifted for score in number(same, same))
