"""Every group watched daily at once: confidence sequences, the worst group first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from components.statistics.sequential import DayScores, SequenceLook, latest_look
from components.statistics.slices import SliceState
from queries.errors import InvalidInputError

MINIMUM_LABELS = 100


@dataclass(frozen=True, slots=True)
class GroupDays:
    """A group's days as :func:`components.statistics.daily_scores.daily_scores` makes them, and
    its labelled disagreements so far."""

    days: tuple[DayScores, ...]
    labels: int


@dataclass(frozen=True, slots=True)
class WatchedSlice:
    """The last look at one group. WORSE: the whole sequence below 0. HOLDS: above the margin.
    NO_DATA: under the minimum of labelled disagreements, whatever ``look`` says."""

    group: str
    state: SliceState
    labels: int
    look: SequenceLook | None


def watch_slices(
    groups: Mapping[str, GroupDays],
    *,
    aim: int,
    margin: float = -0.02,
    minimum_labels: int = MINIMUM_LABELS,
    level: float = 0.05,
    family: int | None = None,
) -> tuple[WatchedSlice, ...]:
    """The state of every group, worst first, groups without enough labels last.

    The chance that any group is ever called WORSE or HOLDS wrongly, at any look, is at most
    ``level``: each sequence holds with 1 − level / family (Bonferroni over all groups that are
    ever given, so name all that there are from the start; ``family`` where that is more than are
    given now). ``aim`` is in predictions of one group.

    Raises:
        InvalidInputError: the margin is not below 0, or as
            :func:`components.statistics.sequential.confidence_sequence`.
    """
    if not margin < 0:
        raise InvalidInputError("A margin of non-inferiority lies below 0, such as -0.02.")
    confidence = 1 - level / max(1, len(groups), family or 0)
    made = []
    for name in sorted(groups):
        days, labels = groups[name].days, groups[name].labels
        look = latest_look(days, aim=aim, confidence=confidence)
        state = _state(look, margin) if labels >= minimum_labels else SliceState.NO_DATA
        made.append(WatchedSlice(name, state, labels, look))
    return tuple(sorted(made, key=_rank))


def _state(look: SequenceLook | None, margin: float) -> SliceState:
    if look is None or look.low is None or look.high is None:
        return SliceState.NO_DATA
    if look.high < 0:
        return SliceState.WORSE
    return SliceState.HOLDS if look.low > margin else SliceState.OPEN


def _rank(found: WatchedSlice) -> tuple[bool, float]:
    mean = found.look.mean if found.look else 0.0
    return found.state is SliceState.NO_DATA, mean
