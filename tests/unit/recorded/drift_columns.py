"""Columns on which other tools were asked for drift: the same arrays on any machine.

Only numpy is imported: the recorder runs this in each tool's own environment.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

SEED = 20_261_120


@dataclass(frozen=True)
class Column:
    """One column in both windows; ``number`` or category. NaN or None is missing."""

    name: str
    number: bool
    reference: np.ndarray[Any, Any]
    current: np.ndarray[Any, Any]


def columns() -> list[Column]:
    """Every column, from one fixed seed."""
    rng = np.random.default_rng(SEED)
    normal = rng.normal(10, 3, 4_000), rng.normal(10.6, 3.3, 2_500)
    gaps = normal[0].copy(), normal[1].copy()
    gaps[0][::50], gaps[1][::7] = np.nan, np.nan
    outlier = normal[0], np.append(normal[1], 400.0)
    few = [1.0, 2.0, 3.0, 5.0]
    words = np.array(["pipe", "meter", "valve", "hydrant", "tank", "well"])
    often, later = [0.5, 0.3, 0.15, 0.045, 0.005, 0], [0.4, 0.33, 0.15, 0.08, 0.01, 0.03]
    large = rng.choice(words, 5_000, p=often), rng.choice(words, 3_000, p=later)
    small = rng.choice(words[:4], 700), rng.choice(words[:4], 900, p=[0.3, 0.2, 0.25, 0.25])
    missing = small[0].astype(object), small[1].astype(object)
    missing[1][::5] = None
    return [
        Column("number_small", True, rng.normal(0, 1, 800), rng.normal(0.1, 1, 400)),
        Column("number_large", True, *normal),
        Column("number_gaps", True, *gaps),
        Column("number_outlier", True, *outlier),
        Column("number_skewed", True, rng.lognormal(3, 1, 9_000), rng.lognormal(3.1, 1, 6_000)),
        Column("number_very_large", True, rng.gamma(2, 2, 12_000), rng.gamma(2.2, 2, 12_000)),
        Column(
            "number_few_values",
            True,
            rng.choice(few, 2_000),
            rng.choice(few, 1_500, p=[0.4, 0.2, 0.2, 0.2]),
        ),
        Column("number_few_small", True, rng.choice(few, 600), rng.choice(few, 500)),
        Column(
            "number_flag_small", True, (rng.random(900) < 0.3) * 1.0, (rng.random(700) < 0.35) * 1.0
        ),
        Column("category_large", False, *large),
        Column("category_small", False, *small),
        Column("category_missing", False, *missing),
        Column(
            "category_flag_small",
            False,
            np.where(rng.random(900) < 0.3, "yes", "no"),
            np.where(rng.random(700) < 0.35, "yes", "no"),
        ),
    ]


def fingerprint() -> str:
    """Changes if any value does: recorded answers belong to exactly these questions."""
    digest = hashlib.sha256()
    for column in columns():
        for side in (column.reference, column.current):
            digest.update(repr(side.tolist()).encode())
    return digest.hexdigest()
