"""What a generated ticket truly needs: a non-linear risk that no layer knows exactly."""

from __future__ import annotations

import numpy as np

from dashboard.sample import city
from dashboard.sample.features import Features, Flags, Floats, Integers


def day_effects(rng: np.random.Generator, days: int) -> Floats:
    """One shift in log-odds a day, shared by all its tickets: crews, news, weather."""
    return rng.normal(0.0, 0.18, days)


def need_log_odds(features: Features, day_effect: Floats) -> Floats:
    """Log-odds of needing priority, before the noise of the single ticket."""
    kind = features["work_type"].astype(np.int64)
    risk = np.array([work_type.risk for work_type in city.WORK_TYPES])[kind]
    wet = _of_kind(kind, "wet")
    hazard = features["reported_hazard"] == 1
    after_hours = features["after_hours"] == 1
    customers = np.log1p(np.nan_to_num(features["customers_affected"]))
    age = np.nan_to_num(features["asset_age_years"])
    crew = features["channel"] == features.schema["channel"].code("crew")
    stranger = (features["anonymous"] == 1) & (features["address_verified"] == 0)
    frequent = np.log1p(np.nan_to_num(features["reporter_tickets_90d"]))
    return np.asarray(
        risk
        + np.where(risk < -2.7, 1.0, 2.6) * hazard
        + 0.55 * np.maximum(customers - 1.5, 0)
        + 1.6 * _of_kind(kind, "network") / (1 + np.exp(-(age - 36) / 4))
        + wet * 1.4 * (1 - np.exp(-features["rain_mm"] / 12))
        + 0.8 * after_hours * _of_kind(kind, "network")
        + 0.45 * np.log1p(features["same_type_area_7d"])
        + 0.12 * np.log1p(features["open_in_area_24h"])
        + 1.2 * crew
        - 1.7 * stranger
        - 0.55 * frequent
        + 0.75 * np.log(np.maximum(features["description_length"], 10) / 130)
        + day_effect
    )


def _of_kind(kind: Integers, quality: str) -> Flags:
    has = np.array([getattr(work_type, quality) for work_type in city.WORK_TYPES])
    return np.asarray(has[kind])
