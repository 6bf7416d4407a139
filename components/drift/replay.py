"""Each alert rule of the policy replayed week by week, on history and on shuffled days.

A rule looks once a week at the current window against a reference that rolls with it. On
shuffled days every alarm is false; shifts planted there show how soon a rule sees them. Looks
without a year of history before them are not judged where the rule is calibrated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from statistics import median

import numpy as np

from components.drift.material import Material
from components.drift.replay_values import (
    MISSED,
    TURNED,
    Calibrated,
    Days,
    Looks,
    calibration,
    looks_of,
    planted_days,
    poisson_upper,
    values,
)
from components.drift.types import AlertState, Episode, Look, RuleReplay
from components.gates.policy_drift import AlertRule, DriftPolicy, Watch

SHUFFLES = 20
PLANTED = 12
PLANTED_SD = 0.3
SEED = 20_260_102
QUARTER_WEEKS = 13.0

_WATCHES = {
    Watch.FEATURE_DISTANCE: "the largest distance of a feature, beyond what days usually give",
    Watch.MISSING_SHARE: "the largest rise of a feature's missing share",
    Watch.SCORE_PSI: "PSI of the final score",
    Watch.DECISION_SHARE: "the change of the share of final decisions",
}


_PLANTED = {
    _WATCHES[Watch.FEATURE_DISTANCE]: f"a feature shifted by {PLANTED_SD} sd",
    _WATCHES[Watch.MISSING_SHARE]: f"a feature that loses {MISSED:.0%} of its values",
    _WATCHES[Watch.SCORE_PSI]: f"a score shifted by {PLANTED_SD} sd",
    _WATCHES[Watch.DECISION_SHARE]: f"a turn of {TURNED:.0%} of one decision",
}


@dataclass(frozen=True, slots=True)
class _Run:
    """What a rule did in one series of looks."""

    looks: tuple[Look, ...]
    episodes: tuple[Episode, ...]


def replay(material: Material, policy: DriftPolicy) -> tuple[RuleReplay, ...]:
    """Every rule of the policy over the whole history."""
    days = Days.of(material.history)
    looks = looks_of(days, policy)
    return tuple(_replay(rule, days, looks, policy) for rule in policy.rules)


def _replay(rule: AlertRule, days: Days, looks: Looks, policy: DriftPolicy) -> RuleReplay:
    level, leave = float(rule.level), float(policy.leave_at)
    found = calibration(rule, days, looks, policy)
    run = states(values(rule, days, looks, found), looks, rule.persistence, level, leave)
    generator = np.random.default_rng(SEED)
    false, judged, seen, delays = 0, 0, 0, []
    for place in range(SHUFFLES):
        shuffled = days.shuffled(generator)
        quiet = states(values(rule, shuffled, looks, found), looks, rule.persistence, level, leave)
        false += len(quiet.episodes)
        judged += sum(look.value is not None for look in quiet.looks)
        if place < PLANTED and not quiet.episodes:
            seen += 1
            delay = _delay(rule, shuffled, looks, found, level, leave, place)
            delays += [] if delay is None else [delay]
    quarters = judged / QUARTER_WEEKS
    rate = false / quarters if quarters else None
    made = RuleReplay(
        rule=rule.id,
        title=rule.title,
        watches=_WATCHES[rule.watches],
        level=level,
        looks=run.looks,
        episodes=run.episodes,
        state=run.looks[-1].state if run.looks else AlertState.QUIET,
        shuffled_looks=judged,
        shuffled_alarms=false,
        false_alarms_per_quarter=rate,
        false_alarms_high=poisson_upper(false) / quarters if quarters else None,
        planted_sd=PLANTED_SD,
        planted=seen,
        detected=len(delays),
        delay_days=median(delays) if delays else None,
        sentence="",
    )
    return _worded(made)


def states(
    found: Sequence[tuple[float | None, str]],
    looks: Looks,
    persistence: int,
    level: float,
    leave: float,
) -> _Run:
    """The rule's memory: raised after ``persistence`` looks at the level, left below a share of it.

    A look without a value keeps the state.
    """
    state, reached = AlertState.QUIET, 0
    start, peak = looks.ends[0] if looks.ends else date.min, 0.0
    names: dict[str, None] = {}
    made, episodes = [], []
    for end, (value, name) in zip(looks.ends, found, strict=True):
        if value is not None:
            reached = reached + 1 if value >= level else 0
            if state is AlertState.QUIET and reached >= persistence:
                state, start, peak, names = AlertState.RAISED, end, 0.0, {}
            elif state is AlertState.RAISED and value < leave * level:
                episodes.append(Episode(start, end, peak, tuple(names)))
                state = AlertState.QUIET
            if state is AlertState.RAISED:
                peak = max(peak, value / level)
                names |= {name: None} if name and value >= level else {}
        ratio = None if value is None else value / level
        made.append(Look(end - timedelta(days=7), ratio, state))
    if state is AlertState.RAISED:
        episodes.append(Episode(start, None, peak, tuple(names)))
    return _Run(tuple(made), tuple(episodes))


def _delay(
    rule: AlertRule,
    days: Days,
    looks: Looks,
    found: Calibrated,
    level: float,
    leave: float,
    place: int,
) -> float | None:
    """Days from a planted shift to the alarm; None if it is not seen by the last look."""
    planted = planted_days(rule, days, looks, PLANTED_SD, place)
    if planted is None:
        return None
    shifted, when = planted
    run = states(
        values(rule, shifted, looks, found),
        looks,
        rule.persistence,
        level,
        leave,
    )
    later = [e.start for e in run.episodes if e.start > when]
    return float((later[0] - when).days) if later else None


def _worded(made: RuleReplay) -> RuleReplay:
    if made.false_alarms_per_quarter is None:
        return replace(
            made, sentence=f"{made.title}: too little history to replay; a year is needed first."
        )
    text = (
        f"{made.title}: {len(made.episodes)} alerts in {len(made.looks)} weekly looks; on "
        f"shuffled days {made.false_alarms_per_quarter:.2f} false alarms a quarter"
    )
    if made.delay_days is not None:
        text += f"; {_PLANTED[made.watches]} is seen after {made.delay_days:.0f} days"
        text += f" ({made.detected} of {made.planted})"
    return replace(made, sentence=f"{text}.")
