"""What the page says in words: never 100% when something is amiss, never an idle remark."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.pipeline import assess
from components.pipeline.shares import Share, Spot, where
from queries.audit_rows import PulseRow, SnapshotRow
from queries.scope import Scope

DAY = date(2026, 10, 3)
NOON = datetime(2026, 10, 3, 12, tzinfo=UTC)
HEALTHY = {"rules": "in_force", "ml": "in_force", "llm": "not_needed", "config": "in_force"}
WHOLE = assess.Days(28, ())
COUNTS = {
    "errors": 0,
    "agreed": 0,
    "asked": 0,
    "asked_disagreement": 0,
    "asked_escalation": 0,
    "asked_untriggered": 0,
    "no_trigger": 0,
    "below_threshold": 0,
    "not_escalated": 0,
    "missed_escalation": 0,
    "missed_disagreement": 0,
    "unjudged": 0,
}


def _snapshot(n, region=None, **states):
    return SnapshotRow(
        day=DAY, work_type=None, region=region, n=n, newest=NOON, **(HEALTHY | states)
    )


def _pulse(n, **counts):
    return PulseRow(day=DAY, n=n, newest=NOON, comparable=n, **(COUNTS | counts))


def _sentence(snapshots, pulse, period="in the last 28 days", days=WHOLE):
    found = assess.summary(assess.snapshots(snapshots), assess.firing(pulse), days, period)
    return found.sentence


def test_everything_well():
    assert _sentence([_snapshot(10)], [_pulse(10, asked=2)]) == (
        "Of 10 predictions in the last 28 days, all carry their version snapshots. "
        "The LLM ran on 20.0% of them, each time with a cause."
    )


def test_what_is_wrong_is_said_with_its_place():
    sentence = _sentence(
        [_snapshot(14_170), _snapshot(40, "Harbor", rules="missing", ml="missing")],
        [_pulse(14_210, asked=1_421, no_trigger=1, missed_escalation=3)],
    )
    assert sentence == (
        "Of 14,210 predictions in the last 28 days, 99.7% carry all their version snapshots; "
        "40 do not, all in Harbor on 3 Oct 2026. The LLM ran on 10.0% of them; "
        "1 time without cause and 3 times it was needed and did not run."
    )


def test_days_without_records_come_first():
    days = assess.Days(28, tuple(DAY - timedelta(days=n) for n in (5, 4, 2)))
    assert _sentence([_snapshot(10)], [_pulse(10)], days=days).startswith(
        "Hardly any prediction is recorded on 3 of 28 days, between 28 Sep 2026 and 1 Oct 2026. "
    )


def test_nothing_at_all():
    assert _sentence([], []) == "No prediction was made in this period and segment."


def test_all_null():
    rows = [_snapshot(5, "Hill", rules="missing", ml="missing", config="missing")]
    found = assess.snapshots(rows)
    assert (found.complete.part, found.known.value, found.in_force.value) == (0, None, None)
    assert "none carries all of its version snapshots" in _sentence(rows, [_pulse(5)])


@given(st.integers(1, 10**7), st.data())
def test_a_fault_is_never_rounded_away(n, data):
    bad = data.draw(st.integers(1, n))
    rows = [_snapshot(bad, "Hill", rules="missing"), *([_snapshot(n - bad)] if n > bad else [])]
    sentence = _sentence(rows, [_pulse(n)])
    assert "100%" not in sentence.split(";")[0]
    assert "all carry" not in sentence


@pytest.mark.parametrize(
    ("spots", "words"),
    [
        ([], ""),
        ([Spot(DAY, "a", "Hill", 1)], "in Hill on 3 Oct 2026"),
        ([Spot(DAY, "a", None, 2)], "all in (none) on 3 Oct 2026"),
        ([Spot(DAY, "a", "Hill", 3), Spot(DAY, "b", "Dale", 1)], "most in Hill on 3 Oct 2026"),
        (
            [Spot(DAY, "a", "Hill", 1), Spot(DAY + timedelta(days=2), "a", "Dale", 1)],
            "all in a between 3 Oct 2026 and 5 Oct 2026",
        ),
        ([Spot(DAY, name, name, 1) for name in "abcd"], "on 3 Oct 2026"),
    ],
)
def test_where(spots, words):
    assert where(spots) == words


def test_the_period_in_words():
    end = datetime(2026, 11, 20, tzinfo=UTC)
    recent = Scope(end - timedelta(days=28), end, end)
    assert assess.period_words(recent) == "in the last 28 days"
    assert assess.period_words(replace(recent, end=end - timedelta(days=7))) == (
        "from 23 Oct 2026 to 12 Nov 2026"
    )


def test_nothing_of_nothing_has_no_value():
    assert Share.of(0, 0) == Share(0, 0, None, None, None)
