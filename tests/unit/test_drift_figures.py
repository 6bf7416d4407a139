"""Drift figures say in words and in tables what they draw, and keep what is special in sight."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from components.drift import figures, figures_concept, figures_layers, figures_series, figures_small
from components.drift import panel_words as words
from components.drift.figures_timeline import DayVolume, timeline
from components.drift.material import Windows
from components.drift.panel_windows import dragged
from components.drift.types import (
    AccuracyPoint,
    Attribution,
    Calibration,
    ChangeKind,
    ConceptSegment,
    ConceptVerdict,
    HeatMap,
    Part,
    ProgrammeChange,
    Verdict,
)
from components.statistics.weighting import WeightedMean
from tests.unit.drift_reports import CHANGED, MONDAYS, bins, finding, report

FIRST = date(2026, 1, 1)


def days(count: int, gap: int | None = None) -> list[DayVolume]:
    return [
        DayVolume(FIRST + timedelta(days=place), None if place == gap else 100 + place)
        for place in range(count)
    ]


def windows(reference: int, current: int) -> Windows:
    """The first days against the last of a hundred."""
    end = FIRST + timedelta(days=100)
    return Windows(
        (FIRST, FIRST + timedelta(days=reference)), (end - timedelta(days=current), end), None, ""
    )


def test_the_time_line_says_both_windows_and_counts_what_was_done():
    inside = ProgrammeChange(datetime(2026, 2, 1, 10, tzinfo=UTC), ChangeKind.DEPLOYMENT, "m-2", "")
    outside = ProgrammeChange(datetime(2025, 2, 1, tzinfo=UTC), ChangeKind.MIGRATION, "run", "")

    drawn = timeline(days(100), windows(30, 28), (inside, outside))

    assert "Reference: 1 to 30 Jan 2026" in drawn.alt
    assert "Current window: 14 Mar to 10 Apr 2026" in drawn.alt
    assert "1 deployments, configuration changes and migrations" in drawn.alt
    marked = drawn.table[drawn.table["Changes"] != ""]
    assert marked["Changes"].tolist() == ["Deployment: m-2"]


def test_a_day_that_nobody_knows_is_a_gap_and_no_zero():
    drawn = timeline(days(100, gap=40), windows(30, 28), ())

    assert drawn.figure.data[0].y[40] is None
    assert drawn.table["Predictions"].isna().sum() == 1


def test_a_long_time_line_stays_small():
    long = Windows((FIRST, date(2026, 2, 1)), (date(2029, 1, 1), date(2029, 2, 1)), None, "")

    drawn = timeline(days(1500), long, ())

    assert len(drawn.figure.data[0].x) < 400
    assert len(drawn.table) == 1500


@pytest.mark.parametrize(
    ("ends", "window"),
    [
        (("2026-01-05 03:12:11.42", "2026-01-09 22:00"), (date(2026, 1, 5), date(2026, 1, 9))),
        (("2026-01-09 22:00", "2026-01-05"), (date(2026, 1, 5), date(2026, 1, 9))),
        (("2026-01-05 03:12", "2026-01-05 03:13"), (date(2026, 1, 5), date(2026, 1, 5))),
        (("2025-06-01", "2027-01-01"), (FIRST, date(2026, 4, 10))),
    ],
)
def test_a_drag_over_the_time_line_is_the_days_it_touches(ends, window):
    assert dragged(ends, FIRST, date(2026, 4, 10)) == window


def test_special_bins_are_hatched_and_empty_ones_left_out():
    drawn = figures.histogram(finding("age", bins_=bins(missing=300)))

    bars = [trace for trace in drawn.figure.data if trace.type == "bar"]
    drawn_bins = {
        row[0]: bar.marker.pattern.shape for bar in bars if bar.customdata for row in bar.customdata
    }
    assert drawn_bins == {"missing": "/", "0 to 10": "", "10 to 20": "", "20 to 30": ""}
    assert "missing from 1.0% to 37.5%" in drawn.alt
    assert drawn.table["Current"].sum() == 800


def test_shares_of_an_empty_window_are_zero():
    empty = tuple(type(one)(one.label, 0, 0, None, None, one.is_special) for one in bins())

    assert figures.shares(empty) == ([0.0] * len(empty), [0.0] * len(empty))
    assert figures_small.histogram(finding("age", bins_=empty)) == ""


def test_the_weeks_show_both_windows_and_when_it_changed():
    made = report((finding("age", Verdict.MOVED),))

    drawn = figures_series.weeks(made.findings[0], made.reference, made.current)

    assert len(drawn.figure.layout.shapes) == 3
    assert drawn.figure.layout.annotations[0].text == "since 5 Oct 2026"
    assert "It changed on 5 Oct 2026" in drawn.alt


def test_the_customary_lines_stand_beside_psi():
    made = report((finding("age", Verdict.MOVED),))

    drawn = figures_series.psi_weeks(made.findings[0], made.reference, made.current)

    lines = [shape.y0 for shape in drawn.figure.layout.shapes if shape.type == "line"]
    assert lines == [0.1, 0.25]


def test_segments_stand_largest_first():
    drawn = figures_series.segments(finding("age", Verdict.MOVED).segments, what="age")

    assert drawn.table["Segment"].tolist() == ["Harbor", "North"]
    assert drawn.alt.startswith("age, distance by segment, largest first: Harbor 0.300, moved")


def test_the_small_histogram_has_words_and_escapes_them():
    hostile = finding('<b>"x"</b>', Verdict.MOVED, bins_=bins(missing=300))

    drawn = figures_small.histogram(hostile)

    assert "<b>" not in drawn
    assert "largest change in missing" in drawn


@pytest.mark.parametrize(("value", "side"), [(0.5, "left:50.0%"), (-0.5, "left:0.0%")])
def test_impact_goes_from_the_middle_to_its_side(value: float, side: str):
    assert side in figures_small.impact(value, 0.5)


def test_heat_map_marks_the_week_in_which_a_feature_moved():
    made = report((finding("age", Verdict.MOVED), finding("rain")))
    changed = {"feature:age": CHANGED + timedelta(days=3)}

    drawn = figures_layers.heat_map(made.heat_map, 0, 25, {"feature:age": "age"}, changed)

    marks = drawn.figure.data[1]
    assert list(marks.y) == ["age"]
    assert list(marks.x) == [CHANGED]
    assert list(drawn.table["Feature"]) == ["age", "feature:rain"]


def test_heat_map_shows_a_page_of_many_features():
    many = tuple(f"feature:f{place}" for place in range(200))
    heat = HeatMap(many, MONDAYS, ((0.01,) * 12,) * 200, (None,) * 200)

    drawn = figures_layers.heat_map(heat, 175, 25, {}, {})

    assert list(drawn.figure.data[0].y) == list(many[175:])
    assert len(drawn.table) == 200


def test_the_waterfall_ends_at_the_whole_shift():
    parts = (
        Part("input", 0.8, (), (), "Input."),
        Part("ml", -0.3, ("m-1",), ("m-2",), "Model."),
    )
    drawn = figures_layers.waterfall(Attribution(0.5, 0.41, 0.415, parts, "method", ""))

    trace = drawn.figure.data[0]
    assert trace.y[-1] == pytest.approx(sum(trace.y[:-1]))
    assert trace.customdata[1] == "m-1 → m-2"
    assert "moved by +0.50 score points, from 41.00 to 41.50" in drawn.alt
    assert f"Model {words.MINUS}0.30" in drawn.alt


def mean(value: float) -> WeightedMean:
    return WeightedMean(value, 0.02, value - 0.04, value + 0.04, 80, 60.0, 0)


def segment() -> ConceptSegment:
    points = tuple(
        AccuracyPoint(
            FIRST + timedelta(days=30 * place),
            FIRST + timedelta(days=30 * (place + 1)),
            *(0.86, 0.84, 0.88),
            mean(0.7) if place else None,
            80,
            mature=place < 2,
        )
        for place in range(3)
    )
    curve = (Calibration(0.0, 0.5, mean(0.2), mean(0.4)), Calibration(0.5, 1.0, mean(0.8), None))
    return ConceptSegment(
        *("region", "Harbor", ConceptVerdict.SUSPECTED, -0.16, -0.2, -0.1, 0.001),
        *(120.0, 160, 0, curve, points, None, "A sentence."),
    )


def test_periods_that_wait_for_labels_are_hatched():
    drawn = figures_concept.accuracy(segment())

    hatched = [trace for trace in drawn.figure.data if trace.type == "bar"]
    assert len(hatched) == 1
    assert len(hatched[0].x) == 1
    assert hatched[0].marker.pattern.shape == "/"
    assert "1 periods wait for labels" in drawn.alt
    assert drawn.table["Labels complete"].tolist() == [True, True, False]


def test_calibration_names_the_largest_change_of_bins_known_in_both():
    drawn = figures_concept.calibration(segment())

    assert "scores from 0.00 to 0.50: +20.0 percentage points" in drawn.alt
    assert drawn.table["Current"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.424, "+0.42"),
        (-1.5, f"{words.MINUS}1.50"),
        (0.001, "0.00"),
        (None, "–"),
        (float("nan"), "–"),
    ],
)
def test_points_carry_their_sign(value: float | None, text: str):
    assert words.points(value) == text


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        (date(2026, 10, 13), date(2026, 10, 18), "13 to 18 Oct 2026"),
        (date(2026, 9, 28), date(2026, 10, 3), "28 Sep to 3 Oct 2026"),
        (date(2025, 12, 30), date(2026, 1, 3), "30 Dec 2025 to 3 Jan 2026"),
        (date(2026, 10, 13), date(2026, 10, 13), "13 Oct 2026"),
    ],
)
def test_two_days_say_nothing_twice(first: date, last: date, text: str):
    assert words.span(first, last) == text


def test_a_chance_is_never_nothing():
    assert words.chance(0.0001) == "< 0.001"
    assert words.chance(0.05) == "0.050"
