"""Drift statistics on real data: bike rentals with seasons, census scores with labels."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from components.statistics.cbpe import expected_accuracy
from components.statistics.divergence import jensen_shannon_kernel
from components.statistics.isotonic import Calibration, calibrate
from components.statistics.multiplicity import benjamini_hochberg
from components.statistics.permutation import TooFewDays, day_block_null
from components.statistics.seasonal_twin import seasonal_twin

SHARED = Path(
    os.environ.get("PLUMBLINE_SHARED_DATA") or Path(__file__).parents[3] / "shared" / "data"
)
WEATHER = ("temp", "hum", "windspeed", "weathersit")
MAY_2012 = date(2012, 5, 1), date(2012, 6, 1)
JUNE_2012 = date(2012, 6, 1), date(2012, 7, 1)


def shared(name: str) -> Path:
    if not (SHARED / name).is_file():
        pytest.skip("The shared data are absent; PLUMBLINE_SHARED_DATA names their folder")
    return SHARED / name


@pytest.fixture(scope="module")
def rentals() -> pd.DataFrame:
    frame = pd.read_csv(shared("bike_sharing_hour.csv"))
    return frame.assign(day=[date.fromisoformat(day) for day in frame["dteday"]])


def p_value(
    rentals: pd.DataFrame, column: str, before: tuple[date, date], after: tuple[date, date]
) -> float:
    windows = [
        rentals[(rentals["day"] >= start) & (rentals["day"] < end)]
        for start, end in (before, after)
    ]
    inner = np.unique(np.quantile(windows[0][column], np.linspace(0, 1, 11)))[1:-1]
    daily = [
        {
            day: np.histogram(rows[column], [-np.inf, *inner, np.inf])[0]
            for day, rows in window.groupby("day")
        }
        for window in windows
    ]
    found = day_block_null(
        *(np.array(list(held.values())) for held in daily),
        *([day.weekday() for day in held] for held in daily),
        jensen_shannon_kernel,
        permutations=1_999,
    )
    assert not isinstance(found, TooFewDays)
    return float(found.p)


def twin_of(window: tuple[date, date]) -> tuple[date, date]:
    twin = seasonal_twin(*window)
    return twin.start, twin.end


def test_spring_is_drift_against_april_and_none_against_its_twin(rentals: pd.DataFrame) -> None:
    april = date(2012, 4, 1), date(2012, 5, 1)
    plain = benjamini_hochberg([p_value(rentals, each, april, MAY_2012) for each in WEATHER])
    twin = benjamini_hochberg(
        [p_value(rentals, each, twin_of(MAY_2012), MAY_2012) for each in WEATHER]
    )
    assert plain.rejected[WEATHER.index("temp")]
    assert not twin.rejected.any()


def test_the_growth_of_registered_riders_is_drift_against_the_twin(rentals: pd.DataFrame) -> None:
    assert p_value(rentals, "registered", twin_of(JUNE_2012), JUNE_2012) <= 0.001
    assert p_value(rentals, "registered", MAY_2012, JUNE_2012) > 0.05


@pytest.fixture(scope="module")
def census() -> pd.DataFrame:
    return pd.read_parquet(shared("acs_employment_ma_2015_2016.parquet"))


def test_expected_accuracy_of_2016_from_scores_alone(census: pd.DataFrame) -> None:
    before, after = (census[census["year"] == year] for year in (2015, 2016))
    rows = calibrate(before["predicted_probability"], before["employed"])
    edges = np.quantile(before["predicted_probability"], np.linspace(0, 1, 41))[1:-1]
    held = before.groupby(np.searchsorted(edges, before["predicted_probability"]))
    bins = calibrate(
        held["predicted_probability"].mean(), held["employed"].mean(), held["employed"].size()
    )
    assert rows is not None
    assert bins is not None
    for fitted in (rows, bins):
        errors, covered = judged(fitted, after, size=5_000)
        assert np.mean(errors) <= 0.006
        assert np.mean(covered) >= 0.9


def judged(fitted: Calibration, after: pd.DataFrame, size: int) -> tuple[list[float], list[bool]]:
    errors, covered = [], []
    for first in range(0, len(after) - size + 1, size):
        window = after.iloc[first : first + size]
        found = expected_accuracy(fitted, window["predicted_probability"], window["prediction"])
        assert found is not None
        realised = float((window["employed"] == window["prediction"]).mean())
        errors.append(abs(found.value - realised))
        covered.append(found.low <= realised <= found.high)
    return errors, covered
