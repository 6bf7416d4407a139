"""What a selection means, and what a link may ask for."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.filters import (
    CUSTOM,
    PERIODS,
    Selection,
    as_of_moment,
    choices_of,
    last_day,
    scope_of,
)
from queries.choices import SegmentRow, VersionRow
from queries.errors import InvalidInputError
from tests.pages.conftest import OpenPage
from tests.pages.reading import sound, words

MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)


def test_the_default_is_28_whole_days_up_to_the_as_of() -> None:
    scope = scope_of(Selection(), MIDNIGHT)

    assert (scope.start, scope.end) == (datetime(2026, 10, 23, tzinfo=UTC), MIDNIGHT)


def test_a_day_that_is_not_over_counts_as_the_last_day() -> None:
    noon = MIDNIGHT + timedelta(hours=12)

    scope = scope_of(Selection(period="7 days"), noon)

    assert scope.start == datetime(2026, 11, 14, tzinfo=UTC)
    assert scope.until == noon


def test_midnight_belongs_to_the_day_before() -> None:
    assert last_day(MIDNIGHT) == date(2026, 11, 19)
    assert as_of_moment(date(2026, 11, 19), MIDNIGHT) == MIDNIGHT


def test_an_own_range_includes_both_days() -> None:
    chosen = Selection(period=CUSTOM, days=(date(2026, 11, 2), date(2026, 11, 2)))

    scope = scope_of(chosen, MIDNIGHT)

    assert scope.end - scope.start == timedelta(days=1)


def test_one_day_of_a_range_is_that_day() -> None:
    scope = scope_of(Selection(period=CUSTOM, days=(date(2026, 11, 2),)), MIDNIGHT)

    assert (scope.start, scope.end) == (
        datetime(2026, 11, 2, tzinfo=UTC),
        datetime(2026, 11, 3, tzinfo=UTC),
    )


def test_a_range_after_the_as_of_is_refused_in_words() -> None:
    chosen = Selection(period=CUSTOM, days=(date(2026, 12, 1), date(2026, 12, 2)))

    with pytest.raises(InvalidInputError, match="begins after the as-of"):
        scope_of(chosen, MIDNIGHT)


@given(
    st.sampled_from(sorted(PERIODS)),
    st.timedeltas(timedelta(days=-3000), timedelta(days=3000)),
)
def test_a_period_never_reads_beyond_the_as_of(period: str, shift: timedelta) -> None:
    as_of = MIDNIGHT + shift
    scope = scope_of(Selection(period=period), as_of)

    assert scope.start < scope.until <= as_of
    assert scope.end - scope.start == timedelta(days=PERIODS[period])


def test_choices_are_listed_once_and_production_comes_first() -> None:
    rows = [
        SegmentRow("development", "B", None, "m2", 1),
        SegmentRow("production", "A", "North", "m1", 2),
        SegmentRow("production", "B", "North", None, 3),
    ]

    choices = choices_of(rows, [VersionRow("m2", MIDNIGHT), VersionRow("m0", MIDNIGHT)])

    assert choices.environments == ("production", "development")
    assert choices.work_types == ("A", "B")
    assert choices.regions == ("North",)
    assert choices.models == ("m2", "m0", "m1")


def test_words_that_do_not_exist_fall_back_with_a_notice(
    open_page: OpenPage, sample_database: str
) -> None:
    page = open_page("pipeline", sample_database, query={"region": "Atlantis", "as_of": "soon"})

    sound(page)
    assert "The link asks for a region that does not exist." in words(page)
    assert "The link holds a day that cannot be shown." in words(page)


def test_the_link_does_not_reach_the_text_of_the_page(
    open_page: OpenPage, sample_database: str
) -> None:
    page = open_page("pipeline", sample_database, query={"region": "<b>injected</b>"})

    assert "injected" not in words(page)


def test_a_link_sets_the_filters(open_page: OpenPage, sample_database: str) -> None:
    page = open_page("pipeline", sample_database, query={"period": "7 days"})

    sound(page)
    assert page.selectbox(key="period").value == "7 days"


def test_a_range_after_the_as_of_is_said_to_be_out_of_reach(
    open_page: OpenPage, sample_database: str
) -> None:
    late = {
        "period": CUSTOM,
        "range": ["2026-10-20", "2026-10-25"],
        "as_of": "2026-10-01",
    }

    test = open_page("pipeline", sample_database, query=late)

    sound(test)
    assert "The link holds a day that cannot be shown." in words(test)


def test_status_opens_on_the_first_day_there_is(
    open_page: OpenPage, contract_database: str
) -> None:
    test = open_page("status", contract_database, query={"as_of": "2000-01-01"})

    sound(test)
    assert "not measured" in words(test)
