"""Assessment of drift on made-up histograms: what moves is found, what does not stays quiet."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from components.drift import assess
from components.drift.assess_place import concentration
from components.drift.assess_versions import attribution
from components.drift.replay import replay, states
from components.drift.replay_values import Days, looks_of
from components.drift.types import AlertState, DriftReport, SanityKind, Verdict
from components.gates.policy import load_policy
from queries.drift_facts import DrillRow, VersionCell
from queries.drift_rows import Histograms, Layout, Variable, VariableKind
from queries.errors import InvalidInputError

POLICY = load_policy().drift
LAST = date(2026, 11, 1)
AS_OF = datetime(2026, 11, 1, tzinfo=UTC)
BINS = 8
SEGMENTS = ("North", "South")


def _layout() -> Layout:
    edges = tuple(float(i) for i in range(BINS + 1))
    number = Variable("feature:age", VariableKind.NUMBER, edges, (), 0, 4.0, 2.0, "number")
    empty = Variable("feature:empty", VariableKind.CATEGORY, (), (), number.width)
    word = Variable(
        "feature:kind", VariableKind.CATEGORY, (), ("a", "b", "c"), number.width + empty.width
    )
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return Layout("edges", now, now, now, 1, (number, empty, word))


def _counts(days: int, seed: int = 1, per_segment: int = 150) -> np.ndarray:
    """(days, segments, width): days differ a little, and both segments are alike."""
    generator = np.random.default_rng(seed)
    layout = _layout()
    age, empty, kind = layout.variables
    counts = np.zeros((days, len(SEGMENTS), layout.width), dtype=np.int64)
    for day in range(days):
        mood = generator.normal(0, 0.1)
        shares = np.exp(-((np.arange(BINS) - 3.5 - mood) ** 2) / 8)
        for segment in range(len(SEGMENTS)):
            place = counts[day, segment]
            place[age.offset + 3 : age.offset + 3 + BINS] = generator.multinomial(
                per_segment, shares / shares.sum()
            )
            place[empty.offset] = per_segment
            place[kind.offset + 3 :] = generator.multinomial(per_segment, [0.5, 0.3, 0.2])
    return counts


def _report(counts: np.ndarray) -> DriftReport:
    layout = _layout()
    days = tuple(LAST - timedelta(days=len(counts) - i) for i in range(len(counts)))
    rows = counts[:, :, :12].sum(-1)
    split = Histograms(layout, days, SEGMENTS, rows, counts)
    whole = Histograms(layout, days, ("all",), rows.sum(1, keepdims=True), counts.sum(1)[:, None])
    windows = assess.default_windows(days, AS_OF, POLICY)
    material = assess.Material(AS_OF, windows, whole, (("region", split),))
    return assess.report(material, POLICY)


def _moved_up(counts: np.ndarray, first: int, segment: int | slice) -> np.ndarray:
    """Ages two bins higher from a day on."""
    found = counts.copy()
    inside = slice(3, 3 + BINS)
    found[first:, segment, inside] = np.roll(counts[first:, segment, inside], 2, axis=-1)
    return found


def test_quiet_days_raise_nothing_and_an_all_null_column_is_silent() -> None:
    found = _report(_counts(400))
    assert not found.in_alarm
    assert not found.sanity
    empty = found.finding("feature:empty")
    assert empty is not None
    assert empty.verdict is Verdict.TOO_LITTLE


def test_sudden_shift_is_found_in_its_segment_and_on_its_day() -> None:
    found = _report(_moved_up(_counts(400), 380, 1))
    assert [one.label for one in found.in_alarm] == ["age"]
    finding = found.in_alarm[0]
    assert finding.carrier is not None
    assert finding.carrier.segment == "South"
    assert finding.since is not None
    assert finding.since.day == LAST - timedelta(days=20)
    assert found.incidents[0].segment == "South"
    assert "age" in found.headline.sentence


def test_what_also_happened_a_year_before_is_the_season() -> None:
    counts = _moved_up(_counts(460), 432, slice(None))
    twin = 432 - 364
    counts[twin : twin + 28] = _moved_up(_counts(28, seed=2), 0, slice(None))
    finding = _report(counts).finding("feature:age")
    assert finding is not None
    assert finding.verdict is Verdict.SEASONAL


def test_mix_alone_is_told_from_a_shift_within_segments() -> None:
    counts = _moved_up(_counts(200), 0, 1)  # the South is always older
    counts[172:, 0] //= 4  # and has four times the share of the North in the end
    finding = _report(counts).finding("feature:age")
    assert finding is not None
    assert finding.verdict is Verdict.MOVED
    assert finding.carrier is None
    split = finding.splits[0]
    assert split.mix + split.within == pytest.approx(split.total, abs=1e-12)
    assert split.mix > 5 * split.within


def test_missing_values_are_counted_exactly() -> None:
    counts = _counts(400)
    lost = counts[385:, :, 3 : 3 + BINS] // 2
    counts[385:, :, 3 : 3 + BINS] -= lost
    counts[385:, :, 0] += lost.sum(-1)
    found = [one for one in _report(counts).sanity if one.kind is SanityKind.NULL_RATE]
    assert [one.label for one in found] == ["age"]
    assert found[0].faults == int(lost.sum())
    assert found[0].since is not None
    assert found[0].since.day == LAST - timedelta(days=15)


def test_feature_that_vanishes_is_named() -> None:
    counts = _counts(400)
    age = slice(3, 3 + BINS)
    counts[372:, :, 0] = counts[372:, :, age].sum(-1)
    counts[372:, :, age] = 0
    assert [one.kind for one in _report(counts).sanity] == [SanityKind.VANISHED]


def test_number_that_turns_into_text_is_named_with_its_type() -> None:
    counts = _counts(400)
    age = slice(3, 3 + BINS)
    text = counts[385:, :, age].copy()
    counts[385:, :, age] = 0
    counts[385:, :, 1] = text.sum(-1)
    found = [one for one in _report(counts).sanity if one.kind is SanityKind.TYPE]
    assert [one.label for one in found] == ["age"]
    assert found[0].faults == int(text.sum())
    assert "than the reference's number" in found[0].sentence


def test_growth_without_a_twin_is_no_alarm_and_a_step_on_it_is() -> None:
    counts = _trend(200)
    assert not _report(counts).in_alarm
    found = _report(_moved_up(counts, 180, slice(None))).in_alarm
    assert [one.label for one in found] == ["age"]


def _trend(days: int) -> np.ndarray:
    """Ages that rise by a bin in half a year; neighbouring days resemble each other."""
    generator = np.random.default_rng(5)
    counts = _counts(days)
    mood = 0.0
    for day in range(days):
        mood = 0.85 * mood + generator.normal(0, 0.1)
        shares = np.exp(-((np.arange(BINS) - 2.5 - day / 100 - mood) ** 2) / 8)
        for segment in range(len(SEGMENTS)):
            place = counts[day, segment, 3 : 3 + BINS]
            place[:] = generator.multinomial(place.sum(), shares / shares.sum())
    return counts


def test_too_few_days_say_so() -> None:
    with pytest.raises(InvalidInputError, match="reference"):
        _report(_counts(30))


def test_version_parts_add_up() -> None:
    def cell(current: bool, version: str, score_bin: int, mean: float, n: int) -> VersionCell:
        return VersionCell(
            current, "r", version, None, "w", False, score_bin, score_bin, n, mean * n
        )

    cells = [
        cell(False, "m1", 1, 0.10, 80),
        cell(False, "m1", 2, 0.50, 20),
        cell(False, "m2", 1, 0.15, 10),
        cell(False, "m2", 2, 0.55, 10),
        cell(True, "m2", 1, 0.15, 80),
        cell(True, "m2", 2, 0.55, 20),
    ]
    found = attribution(cells)
    assert found is not None
    assert sum(part.points for part in found.parts) == pytest.approx(found.total_points)
    ml = next(part for part in found.parts if part.name == "ml")
    assert ml.points == pytest.approx(5.0 * 100 / 120)  # m1 gave way in 100 of 120


def test_alert_has_a_memory() -> None:
    days = Days.of(
        Histograms(
            _layout(),
            tuple(LAST - timedelta(days=90 - i) for i in range(90)),
            ("all",),
            np.ones((90, 1), dtype=np.int64),
            np.ones((90, 1, _layout().width), dtype=np.int64),
        )
    )
    looks = looks_of(days, POLICY)
    assert len(looks.ends) == 7
    values = [(v, "x") for v in (0.11, 0.12, 0.08, None, 0.06, 0.11, 0.05)]
    run = states(values, looks, persistence=2, level=0.1, leave=0.7)
    quiet, raised = AlertState.QUIET, AlertState.RAISED
    assert [look.state for look in run.looks] == [
        quiet,
        raised,
        raised,
        raised,
        quiet,
        quiet,
        quiet,
    ]
    assert len(run.episodes) == 1
    assert run.episodes[0].peak == pytest.approx(1.2)


def test_rules_rarely_alarm_on_shuffled_days_and_see_planted_shifts() -> None:
    counts = _counts(520)
    layout = _layout()
    days = tuple(LAST - timedelta(days=len(counts) - i) for i in range(len(counts)))
    rows = counts[:, :, :12].sum((1, 2))[:, None]
    whole = Histograms(layout, days, ("all",), rows, counts.sum(1)[:, None])
    windows = assess.default_windows(days, AS_OF, POLICY)
    found = {one.rule: one for one in replay(assess.Material(AS_OF, windows, whole), POLICY)}
    moved = found["feature_moved"]
    assert not moved.episodes
    assert moved.false_alarms_per_quarter is not None
    assert moved.false_alarms_per_quarter <= 0.05
    assert moved.detected == moved.planted > 0
    assert moved.delay_days is not None
    assert moved.delay_days <= 35


def test_faults_concentrate_in_a_category() -> None:
    before = [DrillRow("channel", "web", 100, 10), DrillRow("channel", "app", 100, 10)]
    after = [replace(before[0]), replace(before[1], faults=90)]
    found = concentration(before, after)
    assert found is not None
    assert (found.feature, found.value, found.faults, found.all_faults) == (
        "channel",
        "app",
        90,
        100,
    )
    assert concentration(before, before) is None


def test_the_place_of_faults_is_where_most_of_them_came_in() -> None:
    """A category whose few faults merely did not fall with the season is not the place."""
    before = (
        DrillRow("channel", "app", 1000, 570),
        DrillRow("channel", "phone", 2000, 1180),
        DrillRow("verified", "true", 2700, 1580),
        DrillRow("verified", "false", 300, 170),
    )
    after = (
        DrillRow("verified", "true", 2700, 1573),
        DrillRow("verified", "false", 300, 187),
        DrillRow("channel", "app", 1000, 840),
        DrillRow("channel", "phone", 2000, 920),
    )
    found = concentration(before, after)
    assert found is not None
    assert (found.feature, found.value) == ("channel", "app")
