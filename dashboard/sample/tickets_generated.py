"""Generated tickets: when they come in, from where, about what, and what they truly need."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dashboard.sample import city
from dashboard.sample.counting import earlier_in_window
from dashboard.sample.features import Features, Floats, Integers, Schema
from dashboard.sample.need import day_effects, need_log_odds
from dashboard.sample.recipe import PREHISTORY, Recipe
from dashboard.sample.rules import RuleSet
from dashboard.sample.ticket_defects import alter_features, alter_need
from dashboard.sample.tickets import Tickets, to_micros

HOUR = 3_600_000_000
DAY = 24 * HOUR

GROWTH_PER_YEAR = 0.08
TICKETS_PER_AREA_AND_DAY = 3.0
TICKETS_PER_REPORTER_AND_YEAR = 4.0

_BY_WEEKDAY = np.array([1.12, 1.10, 1.08, 1.07, 1.06, 0.82, 0.75])
_BY_HOUR = np.array(
    [4, 3, 2, 2, 2, 4, 9, 18, 26, 30, 30, 28, 27, 27, 26, 25, 23, 20, 16, 13, 11, 9, 7, 5], float
)


class GeneratedTickets:
    """Tickets of a town that grows, has seasons, working days and busy hours.

    The times, places and reporters of all tickets are held (some twenty bytes a ticket); their
    features are made batch by batch.
    """

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self.start: datetime = recipe.start
        self.until: datetime = recipe.until
        self.begin: datetime = recipe.start - PREHISTORY
        self.schema: Schema = city.SCHEMA
        self.work_types: tuple[str, ...] = city.WORK_TYPE_NAMES
        self.regions: tuple[str, ...] = city.REGIONS
        self.rules: tuple[RuleSet, ...] = city.RULES
        self._days = (self.until - self.begin).days
        self.times: Integers = self._arrivals()
        self._draw_places()

    def tickets(self, first: int, last: int) -> Tickets:
        """Tickets ``first`` to ``last``; equal bounds give equal tickets."""
        rng = self._rng(first, 1)
        features = self._features(first, last, rng)
        times = self.times[first:last]
        work_type = self._work_type[first:last].astype(np.int64)
        region = self._region_of_area[self._area[first:last]]
        day = (times - to_micros(self.begin)) // DAY
        log_odds = need_log_odds(features, self._day_effects[day])
        need = log_odds + rng.logistic(0.0, 0.85, len(times)) > 0
        need = alter_need(self._recipe, need, times, work_type, rng)
        features = alter_features(self._recipe, features, times, region, self._rng(first, 2))
        hazard = features["reported_hazard"] == 1
        escalated = rng.random(len(times)) < np.where(hazard, 0.06, 0.012)
        critical = log_odds > np.where(hazard, 1.0, 2.2)
        number = np.arange(first, last)
        return Tickets(
            number, _ids(number), times, work_type, region, features, escalated, need, critical
        )

    def _rng(self, *stream: int) -> np.random.Generator:
        return np.random.default_rng([self._recipe.seed, *stream])

    def _arrivals(self) -> Integers:
        """Times of all tickets: a Poisson stream whose rate follows year, weekday and hour."""
        rng = self._rng(0, 0)
        hours = np.arange(self._days * 24)
        begin = self.begin
        years_before_end = (self._days - hours / 24) / 365.25
        weekday = (hours // 24 + begin.weekday()) % 7
        season = 1 + 0.12 * np.sin(2 * np.pi * (self._day_of_year[hours // 24] - 60) / 365.25)
        rate = season * _BY_WEEKDAY[weekday] * _BY_HOUR[hours % 24]
        rate *= (1 + GROWTH_PER_YEAR) ** -years_before_end
        audited = hours >= (self.start - begin).days * 24
        rate *= self._recipe.tickets_per_year * self._recipe.years / rate[audited].sum()
        counts = rng.poisson(rate)
        within = np.sort(np.repeat(hours, counts) + rng.random(counts.sum(), dtype=np.float64))
        micros: Integers = to_micros(begin) + (within * 3_600_000).astype(np.int64) * 1_000
        return micros

    @cached_property
    def _day_of_year(self) -> Integers:
        first = self.begin
        return np.array(
            [(first + timedelta(days=day)).timetuple().tm_yday for day in range(self._days)]
        )

    def _draw_places(self) -> None:
        rng = self._rng(0, 1)
        day = (self.times - to_micros(self.begin)) // DAY
        self._day_effects: Floats = day_effects(self._rng(0, 2), self._days)
        self._rain: Floats = _rain(self._rng(0, 3), self._day_of_year)
        self._work_type = _work_types(
            rng, self._day_of_year, np.bincount(day, minlength=self._days)
        )
        n = len(self.times)
        areas = _areas(self._recipe.tickets_per_year)
        self._region_of_area: Integers = np.repeat(np.arange(len(areas)), areas)
        region = _choose(rng, city.REGION_SHARES, n)
        first = np.cumsum(areas) - areas
        within = (rng.random(n) * areas[region]).astype(np.int64)
        self._area = (first[region] + within).astype(np.int32)
        pool = max(50, round(self._recipe.tickets_per_year / TICKETS_PER_REPORTER_AND_YEAR))
        self._reporter = (pool * rng.random(n, dtype=np.float32) ** 2.2).astype(np.int32)
        self._in_area = earlier_in_window(self._area, self.times, DAY)
        kind = self._area.astype(np.int64) * len(city.WORK_TYPES) + self._work_type
        self._same_type = earlier_in_window(kind, self.times, 7 * DAY)
        self._by_reporter = earlier_in_window(self._reporter, self.times, 90 * DAY)

    def _features(self, first: int, last: int, rng: np.random.Generator) -> Features:
        n = last - first
        times = self.times[first:last]
        hour = times // HOUR % 24
        weekday = (times // DAY + 3) % 7
        after_hours = (hour < 7) | (hour >= 18) | (weekday >= 5)
        kind = self._work_type[first:last]
        channel = _choose(rng, city.CHANNEL_SHARES, n)
        anonymous = rng.random(n) < np.array([0.10, 0.22, 0.16, 0.0, 0.05])[channel]
        verified = rng.random(n) < np.where(anonymous, 0.70, 0.93)
        hazard_share = np.array([0.01, 0.14, 0.02, 0.16, 0.10, 0.20, 0.05, 0.22, 0.30, 0.08])[kind]
        hazard = rng.random(n) < hazard_share * np.where(after_hours, 1.3, 0.9)
        columns: Mapping[str, npt.ArrayLike] = {
            "hour": hour,
            "weekday": weekday,
            "after_hours": after_hours,
            "channel": channel,
            "work_type": kind,
            "anonymous": anonymous,
            "address_verified": verified,
            "open_in_area_24h": self._in_area[first:last],
            "same_type_area_7d": self._same_type[first:last],
            "reporter_tickets_90d": np.where(anonymous, np.nan, self._by_reporter[first:last]),
            "asset_age_years": _asset_age(rng, kind),
            "reported_hazard": hazard,
            "customers_affected": _customers(rng, kind),
            "rain_mm": self._rain[(times - to_micros(self.begin)) // DAY],
            "description_length": np.minimum(
                2_000, rng.lognormal(4.9 + 0.35 * hazard - 0.4 * (channel == 3), 0.7, n)
            ),
        }
        return Features.rounded(self.schema, columns)


def _choose(rng: np.random.Generator, shares: tuple[float, ...], n: int) -> Integers:
    edges = np.cumsum(shares)[:-1]
    return np.searchsorted(edges, rng.random(n), side="right")


def _areas(tickets_per_year: int) -> Integers:
    """How many areas each region has: about the same number of tickets in each, so that nobody
    lives where more is reported near by only because the region is large."""
    per_day = tickets_per_year / 365.25 * np.array(city.REGION_SHARES)
    return np.maximum(2, np.rint(per_day / TICKETS_PER_AREA_AND_DAY)).astype(np.int64)


def _work_types(
    rng: np.random.Generator, day_of_year: Integers, tickets: Integers
) -> npt.NDArray[np.int8]:
    """A kind of work for each of the ``tickets`` of each day; shares swing over the year, from
    day to day, so that no month begins with a step."""
    shares = np.array([work_type.share for work_type in city.WORK_TYPES])
    swing = np.array([work_type.swing for work_type in city.WORK_TYPES])
    peak = (np.array([work_type.peak for work_type in city.WORK_TYPES]) - 0.5) * 365.25 / 12
    of_day = shares * (1 + swing * np.cos(2 * np.pi * (day_of_year[:, None] - peak) / 365.25))
    edges = np.cumsum(of_day / of_day.sum(axis=1, keepdims=True), axis=1)[:, :-1]
    draw = np.split(rng.random(tickets.sum(), dtype=np.float32), np.cumsum(tickets)[:-1])
    chosen = [
        np.searchsorted(own, drawn, side="right").astype(np.int8)
        for own, drawn in zip(edges, draw, strict=True)
    ]
    return np.concatenate(chosen)


def _rain(rng: np.random.Generator, day_of_year: Integers) -> Floats:
    """Millimetres a day: wet winters, dry summers."""
    wet = 0.28 + 0.2 * np.cos(2 * np.pi * (day_of_year - 15) / 365.25)
    rains = rng.random(len(day_of_year)) < wet
    return np.where(rains, rng.gamma(1.1, 8.0, len(day_of_year)), 0.0)


def _asset_age(rng: np.random.Generator, kind: npt.NDArray[np.int8]) -> Floats:
    """Years since the asset was built; missing without an asset, and for some with one."""
    has_asset = np.array([work_type.asset for work_type in city.WORK_TYPES])[kind]
    age = rng.gamma(3.0, 9.0, len(kind))
    return np.where(has_asset & (rng.random(len(kind)) > 0.06), age, np.nan)


def _customers(rng: np.random.Generator, kind: npt.NDArray[np.int8]) -> Floats:
    """Customers behind the asset; missing without a network, and where nobody knew."""
    network = np.array([work_type.network for work_type in city.WORK_TYPES])[kind]
    customers = rng.lognormal(2.4, 1.0, len(kind))
    return np.where(network & (rng.random(len(kind)) > 0.2), customers, np.nan)


def _ids(number: Integers) -> pa.Array:
    padded = pc.utf8_lpad(pa.array(number + 1).cast(pa.string()), 9, "0")
    return pc.binary_join_element_wise(pa.scalar("T-"), padded, pa.scalar(""))
