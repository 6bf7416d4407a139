"""What another agreement threshold would have meant, from what the audit recorded (B1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

from queries.audit_rows import SCORE_BINS, ConfigurationRow, GapRow
from queries.names import UNIT_COST_KNOB, WORKFLOW_KNOB


@dataclass(frozen=True, slots=True)
class Setting:
    """The agreement threshold and the price of a call that are in force; None where unknown.

    ``since`` is when the threshold took this value, and ``before`` the value it had until then.
    """

    agreement_threshold: float | None
    llm_cost: Decimal | None
    since: datetime | None = None
    before: float | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One candidate threshold.

    ``calls`` is how often the LLM would have been asked. Calls that were really made are
    ``observed``; for the others nobody knows what the LLM would have said. ``changed`` counts
    final decisions that are known to change because the LLM would not be asked any more;
    ``unobserved`` counts predictions whose decision could change in a way nobody has seen.
    """

    threshold: float
    calls: int
    cost: Decimal | None
    observed: int
    no_longer_asked: int
    not_comparable: int
    changed: int
    reviewed: int
    recorded_right: int
    mean_right: int

    @property
    def unobserved(self) -> int:
        """Calls that were never made in reality."""
        return self.calls - self.observed

    @property
    def coverage(self) -> float | None:
        """Share of the calls whose answer is known (counterfactual coverage)."""
        return self.observed / self.calls if self.calls else None


@dataclass(frozen=True, slots=True)
class ThresholdEffect:
    """Every candidate threshold, the one in force, and what really happened.

    ``rule_checked`` predictions had no LLM and a mean that could be recomputed;
    ``rule_differs`` of them were decided otherwise than by that mean, so that changes computed
    from it deserve less trust.
    """

    steps: tuple[Step, ...]
    setting: Setting
    actual_calls: int
    unusable: int
    rule_checked: int
    rule_differs: int

    def at(self, threshold: float) -> Step:
        """The candidate nearest to a threshold."""
        return min(self.steps, key=lambda step: abs(step.threshold - threshold))

    @property
    def in_force(self) -> Step | None:
        """The candidate nearest to the threshold in force."""
        known = self.setting.agreement_threshold
        return None if known is None else self.at(known)


def setting(rows: Sequence[ConfigurationRow]) -> Setting:
    """The latest workflow configuration and price list."""
    ordered = sorted(rows, key=lambda row: row.valid_from)
    workflows = [row for row in ordered if row.knob == WORKFLOW_KNOB]
    prices = [row for row in ordered if row.knob == UNIT_COST_KNOB]
    now = workflows[-1].agreement_threshold if workflows else None
    others = [place for place, row in enumerate(workflows) if row.agreement_threshold != now]
    turned = others[-1] if others else None
    return Setting(
        agreement_threshold=now,
        llm_cost=price(prices[-1].llm_usd) if prices else None,
        since=None if turned is None else workflows[turned + 1].valid_from,
        before=None if turned is None else workflows[turned].agreement_threshold,
    )


def price(text: str | None) -> Decimal | None:
    """A price as the configuration writes it; None where it is absent, negative or no number."""
    if text is None:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() and value >= 0 else None


def effect(rows: Sequence[GapRow], now: Setting) -> ThresholdEffect:
    """Calls and known changes for each threshold ``k/200``.

    A ticket that is escalated is asked at any threshold. One whose scores are unusable stays as
    it was recorded.
    """
    fixed = [row for row in rows if row.escalated or row.bin is None]
    moving = [row for row in rows if not row.escalated and row.bin is not None]
    always = _sum(fixed, lambda row: row.n if row.escalated or row.asked else 0)
    always_observed = _sum(fixed, lambda row: row.n if row.asked else 0)
    silent = [row for row in rows if not row.asked]
    steps = tuple(
        _step(edge, moving, always, always_observed, now) for edge in range(SCORE_BINS + 1)
    )
    return ThresholdEffect(
        steps=steps,
        setting=now,
        actual_calls=_sum(rows, lambda row: row.n if row.asked else 0),
        unusable=_sum(rows, lambda row: row.n if row.bin is None else 0),
        rule_checked=_sum(silent, lambda row: row.comparable),
        rule_differs=_sum(silent, lambda row: row.changed),
    )


def _step(
    edge: int, moving: Sequence[GapRow], always: int, always_observed: int, now: Setting
) -> Step:
    above = [row for row in moving if row.bin is not None and row.bin > edge]
    dropped = [row for row in moving if row.bin is not None and row.bin <= edge and row.asked]
    calls = always + _sum(above, lambda row: row.n)
    return Step(
        threshold=edge / SCORE_BINS,
        calls=calls,
        cost=None if now.llm_cost is None else calls * now.llm_cost,
        observed=always_observed + _sum(above, lambda row: row.n if row.asked else 0),
        no_longer_asked=_sum(dropped, lambda row: row.n),
        not_comparable=_sum(dropped, lambda row: row.n - row.comparable),
        changed=_sum(dropped, lambda row: row.changed),
        reviewed=_sum(dropped, lambda row: row.changed_reviewed),
        recorded_right=_sum(dropped, lambda row: row.changed_recorded_right),
        mean_right=_sum(dropped, lambda row: row.changed_mean_right),
    )


def _sum(rows: Iterable[GapRow], of: Callable[[GapRow], int]) -> int:
    return sum(of(row) for row in rows)
