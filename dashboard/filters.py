"""The filter row: every choice lives in the URL, and words that mean nothing fall back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

import streamlit as st

from components.status.earlier import LOOK_BACK
from queries.choices import SegmentRow, VersionRow
from queries.errors import InvalidInputError
from queries.names import PRODUCTION
from queries.scope import Scope

ONE_DAY = timedelta(days=1)
FIRST_DAY = date(2000, 1, 1)
CUSTOM = "Own range"
# The words stand in the link as they stand on the screen.
PERIODS = {f"{days} days": days for days in (7, 28, 90, 365)}
DEFAULT_PERIOD = "28 days"


class Filter(StrEnum):
    """The filters there are; the value is the name in the URL."""

    PERIOD = "period"
    ENVIRONMENT = "environment"
    WORK_TYPE = "work_type"
    REGION = "region"
    MODEL = "model"


ALL = tuple(Filter)
RANGE = "range"
AS_OF = "as_of"


@dataclass(frozen=True, slots=True)
class Choices:
    """What the filters can be set to."""

    environments: tuple[str, ...] = (PRODUCTION,)
    work_types: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    models: tuple[str, ...] = ()

    def of(self, name: Filter) -> tuple[str, ...]:
        """The values one filter offers."""
        return {
            Filter.PERIOD: (*PERIODS, CUSTOM),
            Filter.ENVIRONMENT: self.environments,
            Filter.WORK_TYPE: self.work_types,
            Filter.REGION: self.regions,
            Filter.MODEL: self.models,
        }[name]


@dataclass(frozen=True, slots=True)
class Selection:
    """What the viewer chose."""

    period: str = DEFAULT_PERIOD
    days: tuple[date, ...] = ()
    environment: str = PRODUCTION
    work_types: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    models: tuple[str, ...] = ()


def choices_of(segments: Sequence[SegmentRow], versions: Sequence[VersionRow]) -> Choices:
    """The choices that the tables offer, each list once and in order."""
    environments = _values(row.environment for row in segments)
    in_force = [row.version for row in versions]
    scored = _values(row.ml_version for row in segments)
    return Choices(
        environments=(PRODUCTION, *(name for name in environments if name != PRODUCTION)),
        work_types=_values(row.work_type for row in segments),
        regions=_values(row.region for row in segments),
        models=tuple(dict.fromkeys((*in_force, *scored))),
    )


def _values(found: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(sorted({value for value in found if value}))


def last_day(as_of: datetime) -> date:
    """The last day of which anything is read."""
    return (as_of.astimezone(UTC) - timedelta(microseconds=1)).date()


def looked_back(as_of: datetime) -> date:
    """The day that Status compares with unless another is asked for."""
    return max(last_day(as_of) - LOOK_BACK, FIRST_DAY)


def end_of(day: date) -> datetime:
    """The moment a day is over."""
    return datetime.combine(day + ONE_DAY, time(), UTC)


def as_of_moment(chosen: date, default: datetime) -> datetime:
    """The as-of that belongs to a chosen day: its end, but never later than the default."""
    return min(end_of(chosen), default)


def scope_of(selection: Selection, as_of: datetime) -> Scope:
    """The scope that a selection means at an as-of.

    Raises:
        InvalidInputError: the period begins after the as-of.
    """
    start, end = _period(selection, as_of)
    if start >= as_of:
        raise InvalidInputError(
            "The period begins after the as-of day. Choose an earlier period or a later as-of."
        )
    return Scope(
        start=start,
        end=end,
        as_of=as_of,
        environment=selection.environment,
        work_types=selection.work_types,
        regions=selection.regions,
        model_versions=selection.models,
    )


def _period(selection: Selection, as_of: datetime) -> tuple[datetime, datetime]:
    end = end_of(last_day(as_of))
    if selection.period == CUSTOM and selection.days:
        # A link holds a range of one day, as a range half chosen, as that day alone.
        first, last = selection.days[0], selection.days[-1]
        return datetime.combine(first, time(), UTC), end_of(last)
    return end - timedelta(days=PERIODS.get(selection.period, PERIODS[DEFAULT_PERIOD])), end


def asked() -> Mapping[str, Sequence[str]]:
    """What the link asks for; to be read before the fields are drawn, which correct it."""
    return {name: st.query_params.get_all(name) for name in st.query_params}


def unknown_words(
    asked: Mapping[str, Sequence[str]],
    choices: Choices,
    shown: Sequence[Filter],
    *,
    latest: date,
    as_of: date,
) -> tuple[str, ...]:
    """What the link asks for that does not exist, as sentences without the words themselves.

    ``latest`` is the last day that can be the as-of, ``as_of`` the last day of a range.
    """
    sentences = [
        f"The link asks for a {_LABELS[name].lower()} that does not exist."
        for name in shown
        if set(asked.get(name.value, ())) - set(choices.of(name))
    ]
    limits = {AS_OF: latest, RANGE: as_of}
    if not all(_is_day(day, last) for name, last in limits.items() for day in asked.get(name, ())):
        sentences.append("The link holds a day that cannot be shown.")
    return tuple(sentences)


def _is_day(text: str, latest: date) -> bool:
    try:
        return FIRST_DAY <= date.fromisoformat(text) <= latest
    except ValueError:
        return False


_LABELS = {
    Filter.PERIOD: "Period",
    Filter.ENVIRONMENT: "Environment",
    Filter.WORK_TYPE: "Work type",
    Filter.REGION: "Region",
    Filter.MODEL: "Model version",
}


def as_of_field(default: datetime) -> datetime:
    """Draw the as-of day and give the moment it means."""
    day = last_day(default)
    chosen = st.date_input(
        "As of",
        value=day,
        min_value=FIRST_DAY,
        max_value=day,
        key=AS_OF,
        bind="query-params",
        format="YYYY-MM-DD",
        width=140,
        help="Shows the programme as it stood at the end of this day (UTC).",
    )
    return as_of_moment(chosen if isinstance(chosen, date) else day, default)


def fields(choices: Choices, shown: Sequence[Filter], as_of: datetime) -> Selection:
    """Draw the chosen filters side by side and give what they are set to."""
    chosen: dict[str, Any] = {}
    if Filter.PERIOD in shown:
        chosen["period"] = _period_field()
        if chosen["period"] == CUSTOM:
            chosen["days"] = _range_field(last_day(as_of))
    if Filter.ENVIRONMENT in shown:
        chosen["environment"] = _environment_field(choices.environments)
    for name, field in (
        (Filter.WORK_TYPE, "work_types"),
        (Filter.REGION, "regions"),
        (Filter.MODEL, "models"),
    ):
        if name in shown:
            chosen[field] = _several(name, choices.of(name))
    return Selection(**chosen)


def _period_field() -> str:
    names = [*PERIODS, CUSTOM]
    return str(
        st.selectbox(
            _LABELS[Filter.PERIOD],
            names,
            index=names.index(DEFAULT_PERIOD),
            key=Filter.PERIOD.value,
            bind="query-params",
            width=120,
        )
    )


def _range_field(latest: date) -> tuple[date, ...]:
    days = st.date_input(
        "From and to",
        value=(latest - timedelta(days=PERIODS[DEFAULT_PERIOD] - 1), latest),
        min_value=FIRST_DAY,
        max_value=latest,
        key=RANGE,
        bind="query-params",
        format="YYYY-MM-DD",
        width=220,
    )
    return tuple(days) if isinstance(days, tuple) else (days,) if isinstance(days, date) else ()


def _environment_field(environments: tuple[str, ...]) -> str:
    return str(
        st.selectbox(
            _LABELS[Filter.ENVIRONMENT],
            list(environments),
            index=environments.index(PRODUCTION),
            key=Filter.ENVIRONMENT.value,
            bind="query-params",
            width=140,
        )
    )


def _several(name: Filter, options: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(
        st.multiselect(
            _LABELS[name],
            list(options),
            key=name.value,
            bind="query-params",
            placeholder="All",
            width=165,
        )
    )
