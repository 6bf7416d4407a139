"""The second environment: a share of recent tickets, scored again a few minutes later."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dashboard.sample.configuration import Knobs, Timeline
from dashboard.sample.features import Flags, Integers
from dashboard.sample.recipe import Recipe
from dashboard.sample.scoring import Versions, in_force
from dashboard.sample.tickets import Tickets, to_micros

MINUTE = 60_000_000


@dataclass(frozen=True, slots=True)
class SecondLook:
    """Which tickets of a batch are scored again, and when."""

    rows: Integers
    scored_at: Integers


def second_look(
    rng: np.random.Generator,
    recipe: Recipe,
    timeline: Timeline,
    knobs: Knobs,
    tickets: Tickets,
    versions: Versions,
    sound: Flags,
) -> SecondLook:
    """Draw the sample from ``sound`` predictions; a ticket whose versions have changed in
    between is left out, for its two scores could not be compared."""
    n = len(tickets)
    later = tickets.scored_at + (rng.uniform(2, 20, n) * MINUTE).astype(np.int64)
    drawn = rng.random(n) < recipe.development_share
    after = in_force(knobs, later)
    same = (
        (after.rules == versions.rules)
        & (after.ml == versions.ml)
        & (after.llm == versions.llm)
        & (after.workflow == versions.workflow)
    )
    rows = np.flatnonzero(drawn & sound & same & (later < to_micros(timeline.until)))
    return SecondLook(rows, later[rows])
