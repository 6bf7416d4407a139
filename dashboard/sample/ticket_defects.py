"""Planted defects that lie in the tickets themselves: drifting features, a changed meaning."""

from __future__ import annotations

import numpy as np

from dashboard.sample import city
from dashboard.sample.defect import Defect, pick
from dashboard.sample.defects import planted
from dashboard.sample.features import Features, Flags, Floats, Integers
from dashboard.sample.recipe import Recipe
from dashboard.sample.tickets import to_micros

DRIFTING = ("customers_affected", "description_length", "open_in_area_24h")


def within(defect: Defect, recipe: Recipe, times: Integers) -> Flags:
    """For each time, whether it lies in the period of the defect."""
    begin, end = defect.period(recipe.until)
    return np.asarray((times >= to_micros(begin)) & (times < to_micros(end)))


def alter_need(
    recipe: Recipe,
    need: Flags,
    times: Integers,
    work_type: Integers,
    rng: np.random.Generator,
) -> Flags:
    """Concept change: some tickets of one work type now need what they did not need before."""
    draw = rng.random(len(need))
    defect = planted(recipe, "concept_change")
    if defect is None:
        return need
    rows = within(defect, recipe, times) & _is(work_type, city.WORK_TYPE_NAMES, defect)
    return need | (rows & (draw < defect.size))


def _is(work_type: Integers, names: tuple[str, ...], defect: Defect) -> Flags:
    return np.asarray(work_type == names.index(pick(names, defect.place.work_type)))


def alter_features(
    recipe: Recipe,
    features: Features,
    times: Integers,
    region: Integers,
    rng: np.random.Generator,
) -> Features:
    """A feature that arrives empty, and a region whose tickets change their nature."""
    draw = rng.random(len(features))
    empty = planted(recipe, "feature_goes_null")
    if empty is not None and empty.place.feature:
        channel = features.schema["channel"].code(pick(city.CHANNELS, empty.place.channel))
        rows = within(empty, recipe, times) & (features["channel"] == channel)
        rows &= draw < empty.size
        name = empty.place.feature
        features = features.replaced(**{name: np.where(rows, np.nan, features[name])})
    drift = planted(recipe, "drifting_region")
    if drift is not None:
        wanted = city.REGIONS.index(pick(city.REGIONS, drift.place.region))
        rows = within(drift, recipe, times) & (region == wanted)
        shifted = {
            name: np.where(rows, _shifted(features[name], drift.size), features[name])
            for name in DRIFTING
        }
        features = features.replaced(**shifted)
    return features


def _shifted(column: Floats, deviations: float) -> Floats:
    """The column moved up by some of its standard deviations, measured over all regions."""
    return np.asarray(column + deviations * np.nanstd(column))
