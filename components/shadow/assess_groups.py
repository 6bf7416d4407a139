"""Every work type and region watched at once; those too small alone are judged together as well."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from components.shadow.assess_time import Course
from components.shadow.material import DIMENSIONS, Material, Rules
from components.shadow.types import NamedSlice
from components.statistics.arrays import Integers
from components.statistics.daily_scores import Reviewed, daily_scores
from components.statistics.slice_watch import GroupDays, WatchedSlice, watch_slices
from components.statistics.slices import SliceState
from components.statistics.weighted_evidence import weighted_evidence
from queries.shadow_rows import UNUSABLE, Tallies

Counts = npt.NDArray[np.int64]
TOGETHER = "small groups together"


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """One group, or several together: its predictions day by day, and which reviews are of it."""

    key: str
    dimension: str
    predictions: int
    population: Counts
    reviews: Integers
    labels: int
    members: tuple[str, ...] = ()


def slices(material: Material, found: Course, rules: Rules) -> tuple[NamedSlice, ...]:
    """All groups, one family, the worst first; groups too small to be judged come last.

    A group with too few labelled disagreements has no state of its own, unless it is proven to be
    served worse by a test that holds in any sample however small. The remainder of its dimension,
    all such groups together, is judged like a group. Who belongs to it depends on how many labels
    there are, never on what they say; each group leaves it once, so that there are at most as many
    remainders as groups, and all of them share the chance of a false alarm.
    """
    groups = list(_groups(material, found))
    if not groups:
        return ()
    mean = np.mean([group.population.sum() for group in groups]) / found.days
    aim, minimum = max(1, round(float(mean) * rules.policy.aim_days)), rules.policy.minimum_slice
    every = [*groups, *_remainders(groups, minimum)]
    by_key = {group.key: group for group in every}
    watched = watch_slices(
        {key: _days(group, found, rules) for key, group in by_key.items()},
        aim=aim,
        margin=rules.slice_margin,
        minimum_labels=minimum,
        family=2 * len(groups),
    )
    named = [_named(each, by_key[each.group]) for each in watched]
    proven = [_harmed(one, by_key, found, rules, 2 * len(groups)) for one in named]
    return tuple(sorted(proven, key=_rank))


def _groups(material: Material, found: Course) -> Iterator[_Group]:
    judged = found.judged
    unlike = judged.candidate != judged.production
    for dimension in DIMENSIONS:
        segments = material.segments.get(dimension, {})
        place = judged.labels.places(dimension, tuple(segments))
        for number, (name, own) in enumerate(segments.items()):
            mine = np.flatnonzero(place == number)
            yield _Group(
                f"{dimension}={name}",
                dimension,
                own.n,
                _pairs(own, material.first_day, found.days),
                mine,
                int(unlike[mine].sum()),
            )


def _remainders(groups: Sequence[_Group], minimum: int) -> Iterator[_Group]:
    """For each dimension its groups that are too small alone, filled up with the next smallest
    ones until there are enough labels; none where one group would stand for all."""
    for dimension in DIMENSIONS:
        own = sorted(
            (group for group in groups if group.dimension == dimension),
            key=lambda group: (group.labels, group.key),
        )
        taken = [group for group in own if group.labels < minimum]
        if not taken:
            continue
        for group in own[len(taken) :]:
            if sum(one.labels for one in taken) >= minimum:
                break
            taken.append(group)
        if len(taken) > 1:
            yield _together(dimension, taken)


def _together(dimension: str, taken: Sequence[_Group]) -> _Group:
    return _Group(
        f"{dimension}={TOGETHER}",
        dimension,
        sum(group.predictions for group in taken),
        np.sum([group.population for group in taken], axis=0),
        np.sort(np.concatenate([group.reviews for group in taken])),
        sum(group.labels for group in taken),
        tuple(group.key for group in taken),
    )


def _days(group: _Group, found: Course, rules: Rules) -> GroupDays:
    judged, mine = found.judged, group.reviews
    cell = judged.production.astype(np.int64) * 2 + judged.candidate
    reviewed = Reviewed.of(
        found.day[mine], cell[mine], judged.gain[mine], judged.labels.propensity[mine]
    )
    scores = daily_scores(group.population, reviewed, cap=rules.policy.largest_weight)
    return GroupDays(scores, group.labels)


def _named(watched: WatchedSlice, group: _Group) -> NamedSlice:
    return NamedSlice(
        group.dimension, watched, group.reviews.size, group.predictions, group.members
    )


def _harmed(
    one: NamedSlice, groups: Mapping[str, _Group], found: Course, rules: Rules, family: int
) -> NamedSlice:
    """A group without enough labels that is proven to be served worse all the same.

    Stakes are as high as its own largest weight allows: chances of review are known beforehand.
    """
    mine, judged = groups[one.slice.group].reviews, found.judged
    if one.slice.state is not SliceState.NO_DATA or one.slice.look is None or not mine.size:
        return one
    chance = judged.labels.propensity[mine]
    last = weighted_evidence(
        found.day[mine],
        judged.gain[mine],
        chance,
        days=found.days,
        cap=min(float(rules.policy.largest_weight), float((1 / chance).max())),
        limit=rules.e_limit * family,
    )[-1]
    if not last.harmful:
        return one
    return replace(one, slice=replace(one.slice, state=SliceState.WORSE))


def _rank(one: NamedSlice) -> tuple[bool, float]:
    look = one.slice.look
    return one.slice.state is SliceState.NO_DATA, look.mean if look else 0.0


def _pairs(found: Tallies, first_day: int, days: int) -> Counts:
    theirs, mine = found.digits(3, 4)
    place = found.days - first_day
    inside = (mine < UNUSABLE) & (theirs < UNUSABLE) & (place < days)
    spot = place[inside] * 4 + theirs[inside] * 2 + mine[inside]
    return np.bincount(spot, found.counts[inside], days * 4).astype(np.int64).reshape(days, 4)
