"""From run to run: pace against a load's own history, and forecasts that admit ignorance."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import linregress, t

from components.reconciliation.runs_forecast import FURTHEST, Outlook, forecast
from components.reconciliation.throughput import kind, throughput
from components.reconciliation.throughput_panel import frame, sentence
from queries.migration_runs import LoadRow

START = datetime(2026, 8, 1, tzinfo=UTC)


def load(run: int, name: str, seconds: float, records: int = 10_000, **changes) -> LoadRow:
    begun = START + timedelta(days=30 * run)
    usual = {
        "batch_id": f"mock-{run}-{name}",
        "attempt": 1,
        "run_id": f"mock-{run}",
        "run_kind": "mock",
        "run_number": run,
        "source_system": "PENSYS",
        "target_table": "members",
        "started_at": begun,
        "finished_at": begun + timedelta(seconds=seconds),
        "extracted": records,
        "status": "completed",
    }
    return LoadRow(**{**usual, **changes})


def programme(last: dict[str, float]) -> list[LoadRow]:
    """Three runs of four batches that scatter by some per cent, and a fourth as given."""
    random = np.random.default_rng(5)
    names = [f"batch-{place}" for place in range(4)]
    rows = [
        load(run, name, 300 * random.uniform(0.95, 1.05)) for run in (1, 2, 3) for name in names
    ]
    return [*rows, *(load(4, name, last.get(name, 300.0)) for name in names)]


def test_a_slow_load_is_a_regression_and_stands_first() -> None:
    found = throughput(programme({"batch-2": 600.0}), "mock-4")
    assert [each.name for each in found.slower] == ["batch-2"]
    assert found.loads[0].name == "batch-2"
    assert found.loads[0].change == pytest.approx(1, abs=0.05)
    assert "1 of 4 loads is slower than its history" in sentence(found)


def test_usual_loads_are_none() -> None:
    found = throughput(programme({}), "mock-4")
    assert not found.slower
    assert "none of 4 is slower than its history" in sentence(found)


def test_the_limit_is_the_pooled_prediction_limit() -> None:
    rows = programme({})
    found = throughput(rows, "mock-4")
    logs = np.log([[30 * r_s / 300 for r_s in paces] for paces in _paces(rows)])
    spread = math.sqrt(((logs - logs.mean(axis=1, keepdims=True)) ** 2).sum() / 8)
    reach = t.ppf(1 - 0.01 / 4, 8) * spread * math.sqrt(1 + 1 / 3)
    for each in found.loads:
        own = [math.log(pace) for pace in each.earlier]
        assert each.limit == pytest.approx(math.exp(np.mean(own) + max(reach, math.log(1.1))))


def _paces(rows: list[LoadRow]) -> list[list[float]]:
    seconds: dict[str, list[float]] = {}
    for row in rows:
        if row.run_number < 4:
            taken = (row.finished_at - row.started_at).total_seconds()
            seconds.setdefault(kind(row), []).append(taken)
    return list(seconds.values())


def test_a_first_run_has_nothing_to_be_compared_with() -> None:
    found = throughput([load(1, "a", 10), load(1, "b", 900)], "mock-1")
    assert found.compared == 0
    assert "no earlier run" in sentence(found)
    assert frame(found)["State"].str.contains("no history").all()


def test_loads_without_records_or_time_are_left_out_and_counted() -> None:
    found = throughput([load(1, "a", 10, 0), load(1, "b", 0), load(1, "c", 30)], "mock-1")
    assert (len(found.loads), found.left_out) == (1, 2)
    assert found.pace == pytest.approx(3)


def test_clean_runs_rarely_raise_an_alarm() -> None:
    random = np.random.default_rng(11)
    alarms = 0
    for _ in range(300):
        rows = [
            load(run, f"b{place}", 300 * math.exp(random.normal(0, 0.06)))
            for run in (1, 2, 3, 4)
            for place in range(12)
        ]
        alarms += bool(throughput(rows, "mock-4").slower)
    assert alarms <= 0.02 * 300


def test_batches_whose_ids_do_not_name_their_run_are_matched_by_source_and_table() -> None:
    assert kind(load(1, "x", 1, batch_id="17")) == "members from PENSYS"
    assert kind(load(3, "members-east", 1)) == "members-east"


def test_a_straight_fall_is_forecast_exactly() -> None:
    """Ten times fewer each run: 1,000, 100, 10 and then 1, without any scatter."""
    found = forecast([1, 2, 3], [1_000, 100, 10], 1.000001)
    assert found.outlook is Outlook.FORECAST
    assert (found.earliest, found.expected, found.latest) == (4, 4, 4)


def test_the_interval_is_that_of_the_textbook() -> None:
    runs, values, limit = [1, 2, 3, 4, 5], [900.0, 310.0, 140.0, 41.0, 19.0], 0.5
    found = forecast(runs, values, limit)
    line = linregress(runs, np.log(values))
    left = np.log(values) - line.intercept - line.slope * np.array(runs)
    scatter = math.sqrt((left**2).sum() / 3)

    def beyond(run: int, side: int) -> float:
        half = t.ppf(0.975, 3) * scatter * math.sqrt(1 + 1 / 5 + (run - 3) ** 2 / 10)
        return line.intercept + line.slope * run + side * half

    for side, run in ((0, found.expected), (-1, found.earliest), (1, found.latest)):
        assert run is not None
        assert beyond(run, side) <= math.log(limit) < beyond(run - 1, side) or run == 6


@pytest.mark.parametrize(
    ("values", "outlook"),
    [
        ([], Outlook.TOO_FEW),
        ([50.0], Outlook.TOO_FEW),
        ([50.0, 5.0], Outlook.TOO_FEW),
        ([50.0, 5.0, 0.5], Outlook.MET),
        ([0.5], Outlook.MET),
        ([50.0, 20.0, 45.0], Outlook.NO_TREND),
        ([50.0, 50.0, 50.0], Outlook.NO_TREND),
        ([1.0, 10.0, 100.0], Outlook.RISING),
    ],
)
def test_what_cannot_be_said_is_not(values: list[float], outlook: Outlook) -> None:
    found = forecast(list(range(1, len(values) + 1)), values, 0.9)
    assert found.outlook is outlook
    assert found.latest is None


def test_a_fall_too_slow_for_the_horizon_names_no_run() -> None:
    found = forecast([1, 2, 3], [1e9, 0.9e9, 0.81e9], 1)
    assert found.outlook is Outlook.FORECAST
    assert (found.expected, found.earliest, found.latest) == (None, None, None)
    assert FURTHEST == 20


@given(st.lists(st.floats(1e-6, 1e9), min_size=0, max_size=12), st.floats(1e-6, 1e6))
def test_a_forecast_is_ordered_and_ahead(values: list[float], limit: float) -> None:
    runs = list(range(1, len(values) + 1))
    found = forecast(runs, values, limit)
    if found.outlook is Outlook.FORECAST:
        named = [run or math.inf for run in (found.earliest, found.expected, found.latest)]
        assert named == sorted(named)
        assert named[0] > runs[-1]


def test_noise_rarely_makes_a_forecast() -> None:
    random = np.random.default_rng(2)
    made = sum(
        forecast([1, 2, 3, 4], list(np.exp(random.normal(3, 1, 4))), 1e-6).outlook
        is Outlook.FORECAST
        for _ in range(500)
    )
    assert made <= 0.04 * 500
