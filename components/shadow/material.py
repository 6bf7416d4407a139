"""What a comparison is made from: tallies of all predictions, and the reviews one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import numpy as np

from components.gates.policy_shadow import ShadowPolicy
from components.statistics.arrays import Flags, Floats
from queries.errors import InvalidInputError
from queries.shadow_labels import Labels
from queries.shadow_rows import (
    EPOCH_DAY,
    NO_TALLIES,
    UNUSABLE,
    ErrorRow,
    Kind,
    Pair,
    SwitchRow,
    Tallies,
    TrainingRow,
)

DIMENSIONS = ("work_type", "region")


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """Everything a report needs, of the UTC days ``[start, end)``.

    ``whole`` holds the tallies of all segments by kind, ``segments`` those of the decisions by
    dimension and segment.
    """

    pair: Pair
    as_of: datetime
    start: date
    end: date
    last_at: datetime
    whole: Mapping[Kind, Tallies]
    segments: Mapping[str, Mapping[str, Tallies]]
    labels: Labels
    errors: Sequence[ErrorRow] = ()
    switches: Sequence[SwitchRow] = ()
    training: Sequence[TrainingRow] = ()

    def tallies(self, kind: Kind) -> Tallies:
        """The tallies of a kind; empty ones where nothing was counted."""
        return self.whole.get(kind, NO_TALLIES)

    @property
    def first_day(self) -> int:
        """Days since 1970 of the first day."""
        return self.start.toordinal() - EPOCH_DAY

    @property
    def days(self) -> int:
        """Calendar days of the comparison."""
        return (self.end - self.start).days


@dataclass(frozen=True, slots=True)
class Rules:
    """The numbers of the policy that a report needs, apart from the gates."""

    policy: ShadowPolicy = field(default_factory=ShadowPolicy)
    margin: float = -0.01
    slice_margin: float = -0.02
    e_limit: float = 20.0
    minimum_days: int = 14
    minimum_labels: int = 600

    def __post_init__(self) -> None:
        if not (self.margin < 0 and self.slice_margin < 0 and self.e_limit > 1):
            raise InvalidInputError(
                "Margins of non-inferiority lie below 0 and a limit of evidence above 1. Correct "
                "the gates of accuracy, of the worst group and of harm in the policy."
            )


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Reviewed predictions that both models scored and whose correct decision is known.

    ``gain`` is candidate right minus production right; ``weight`` 1 / propensity where known,
    else NaN.
    """

    labels: Labels
    truth: Flags
    candidate: Flags
    production: Flags
    gain: Floats

    @classmethod
    def of(cls, labels: Labels) -> Judged:
        """The reviews that can be judged."""
        usable = (labels.candidate_decision < UNUSABLE) & (labels.correct < UNUSABLE)
        kept = labels.take(usable & (labels.production_decision < UNUSABLE))
        truth, mine = kept.correct == 1, kept.candidate_decision == 1
        theirs = kept.production_decision == 1
        gain = (mine == truth).astype(np.float64) - (theirs == truth)
        return cls(kept, truth, mine, theirs, gain)

    def take(self, wanted: Flags) -> Judged:
        """Some of them; they themselves where all are wanted."""
        if wanted.all():
            return self
        return Judged(
            self.labels.take(wanted),
            self.truth[wanted],
            self.candidate[wanted],
            self.production[wanted],
            self.gain[wanted],
        )

    @property
    def weighted(self) -> Judged:
        """Those whose propensity is known."""
        return self.take(np.isfinite(self.labels.propensity))

    @property
    def disagreements(self) -> int:
        """On how many the models differ."""
        return int((self.candidate != self.production).sum())

    def weights(self, cap: float) -> Floats:
        """1 / propensity, cut at the cap."""
        return np.asarray(np.minimum(1 / self.labels.propensity, cap))
