"""Shadow figures say in words and in tables what they draw, and never rest on colour alone."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

import pytest

from components.shadow import (
    figures_cost,
    figures_groups,
    figures_load,
    figures_quality,
    figures_scores,
    figures_segments,
    figures_time,
    panel_queue,
    panel_time,
)
from components.shadow import panel_words as words
from components.statistics.cost import Pays, UnitCosts
from components.statistics.fairness import Rate
from components.statistics.forecast import Forecast, Remaining
from components.statistics.slices import SliceState
from tests.unit import shadow_reports as made


def test_naive_stands_beside_both_corrections():
    drawn = figures_quality.estimates(made.quality(), -0.01)

    assert drawn.table["Estimate"].tolist() == [
        "As reviewed (naive)",
        "Corrected (Hájek)",
        "Corrected (AIPW)",
        "Hájek, bootstrap",
    ]
    assert drawn.table["Effective n"].tolist() == [4_210, 1_630, 1_630, 1_630]
    assert "As reviewed (naive) +1.84 pp (+1.45 to +2.23 pp)" in drawn.alt


def test_the_two_models_differ_in_mark_and_line_as_well_as_in_colour():
    figure = figures_quality.calibration(made.quality()).figure
    production, candidate = figure.data[1], figure.data[2]

    assert production.marker.color != candidate.marker.color
    assert production.marker.symbol != candidate.marker.symbol
    assert production.line.dash != candidate.line.dash


def test_the_sequence_keeps_its_margin_and_its_last_look_in_sight():
    found = made.sequential()
    figure = figures_time.sequence(found, ()).figure
    low, high = figure.layout.yaxis.range
    last = found.days[-1]

    assert low < 100 * found.margin < high
    assert last.low is not None
    assert last.high is not None
    assert low <= 100 * last.low
    assert 100 * last.high <= high


def test_days_whose_labels_are_due_are_hatched():
    figure = figures_time.sequence(made.sequential(), ()).figure
    hatched = [trace for trace in figure.data if trace.type == "bar"]

    assert len(hatched) == 1
    assert len(hatched[0].x) == 6
    assert hatched[0].marker.pattern.shape == "/"


@pytest.mark.parametrize("extreme", [0.0, 1e300, 25.0])
def test_an_extreme_e_value_stays_on_the_log_axis_and_is_named(extreme: float):
    drawn = figures_time.evidence(made.sequential(last_harm=extreme), ())
    harm = drawn.figure.data[0].y
    low, high = drawn.figure.layout.yaxis.range

    assert all(value is None or low <= math.log10(value) <= high for value in harm)
    assert high > math.log10(20)
    assert words.e_value(extreme) in drawn.alt


def test_e_values_are_written_with_few_digits():
    assert words.e_value(1e300) == "10^300"
    assert words.e_value(0.0004) == "under 0.01"
    assert words.e_value(1234.5) == "1,234"
    assert words.e_value(None) == "–"
    assert words.e_value(math.nan) == "–"


def test_the_worst_group_comes_first_and_the_small_one_is_named_and_not_judged():
    drawn = figures_groups.slices(made.slices(), -0.02)

    assert list(drawn.figure.layout.yaxis.categoryarray) == [
        "Region: Harbor",
        "Region: Mercer",
        "Region: North Hill",
        "Region: Old Town",
    ]
    small = drawn.table[drawn.table["Group"] == "Region: Riverside"].iloc[0]
    assert small["State"] == words.STATES[SliceState.NO_DATA]
    assert small["Difference"] == "–"
    assert small["Labelled disagreements"] == "31"
    assert "The candidate is worse in Region: Harbor." in drawn.alt
    assert "1 of 5 groups have too few labels" in drawn.alt


def test_states_of_groups_have_a_sign_and_a_mark_each():
    figure = figures_groups.slices(made.slices(), -0.02).figure

    assert len({trace.marker.symbol for trace in figure.data}) == len(figure.data) == 3
    assert {trace.name[0] for trace in figure.data} == {"✕", "◷", "✓"}


def test_a_segment_too_small_is_in_the_table_of_coverage_and_not_in_the_chart():
    drawn = figures_segments.coverage(made.coverage(), 0.97)

    assert "Region: Riverside" not in list(drawn.figure.data[0].y)
    row = drawn.table[drawn.table["Segment"] == "Region: Riverside"].iloc[0]
    assert row["Judged"] == "no data: too few"
    assert "1 segments are too small" in drawn.alt


def test_churn_is_drawn_both_ways_and_said_with_its_counts():
    drawn = figures_segments.churn(made.report().agreement, [(0.05, "warns over 5%")])

    assert "360 of 5,880 (6.1%) in all" in drawn.alt
    raised, lowered = drawn.figure.data
    assert raised.marker.pattern.shape != lowered.marker.pattern.shape


def test_groups_without_a_rate_say_so():
    table = figures_groups.fairness(made.fairness(), Rate.TRUE_POSITIVE).table

    small = table[table["Group"] == "Riverside"].iloc[0]
    assert small["Candidate"] == "no data: too few"


def test_every_cell_of_the_cost_map_carries_a_sign():
    drawn = figures_cost.pays_map(made.cost())
    cells = [text for line in drawn.figure.data[0].text for text in line]

    assert len(cells) == len(drawn.table) == 30
    assert {text[0] for text in cells} <= set(figures_cost.SIGNS.values())
    counted = {kind: sum(one.pays is kind for one in made.cost().map) for kind in Pays}
    assert f"pays in {counted[Pays.YES]}" in drawn.alt


def test_the_frame_on_the_map_stands_where_the_prices_are():
    at_home = made.cost(UnitCosts(Decimal(100), Decimal(20), Decimal("0.05"), Decimal(1)))
    frame = figures_cost.pays_map(at_home).figure.layout.shapes[0]

    assert (frame.x0 + frame.x1) / 2 == 3  # the fourth price of a call: $0.05
    assert (frame.y0 + frame.y1) / 2 == 3  # the fourth ratio: 5


def test_money_has_no_digit_too_many():
    assert words.signed_money(Decimal("400.24")) == "+$400"
    assert words.signed_money(Decimal("-4471.44")) == "−$4,471"
    assert words.signed_money(Decimal("3.10")) == "+$3.10"
    assert words.price(Decimal("0.012")) == "$0.012"
    assert words.price(Decimal("4.50")) == "$4.50"


def test_differences_have_the_digits_that_their_interval_supports():
    assert words.points_text(made.estimate(0.0184, 0.0005)) == "+1.84 pp (+1.74 to +1.94 pp)"
    assert words.points_text(made.estimate(-0.004, 0.02)) == "−0.4 pp (−4.3 to +3.5 pp)"
    assert words.signed(-0.0001, 2) == "0.00"


def test_scores_far_out_do_not_flatten_the_rest():
    low, high = figures_scores.differences(made.scores()).figure.layout.xaxis.range

    assert -30 < low == -high


def test_latency_and_load_say_both_sides():
    found = made.report()
    loads = (found.induced.llm_calls, found.induced.escalations)

    assert "ratio 1.24 (1.16 to 1.32)" in figures_load.latency(made.latency()).alt
    assert "LLM calls 611 to 702 a day (+14.9%)" in figures_load.loads(loads, ()).alt
    assert "5,610 of 5,880" in figures_load.decisions(found.induced).alt


def test_a_load_that_production_does_not_have_is_no_change():
    nothing = replace(made.report().induced.llm_calls, production=0.0)

    assert nothing.change is None
    assert figures_load.load_table((nothing,))["Change"].tolist() == ["–"]


def test_the_forecast_is_said_with_its_range():
    said = panel_time.forecast_words(made.forecast())

    assert said == (
        "About 512 more labelled disagreements to a decision, about 46 days (8 of 10 courses: "
        "more than 17 days, more than 190 labels)."
    )


def test_a_forecast_beyond_the_horizon_names_what_is_missing():
    beyond = Remaining(None, None, None)
    never = Forecast(beyond, beyond, 0.0, 0.0, 1.0, 365, 500, 0)

    assert "no decision within 365 days" in panel_time.forecast_words(never)
    missing = panel_time.missing_words(made.sequential(), 600)
    assert missing.startswith("193 of 600 labelled disagreements are still missing: about 18 days")


def test_the_queue_shows_ids_and_nothing_that_was_decided():
    frame = panel_queue.frame(made.queued())

    assert list(frame.columns) == ["Prediction", "Ticket", "Scored (UTC)"]
