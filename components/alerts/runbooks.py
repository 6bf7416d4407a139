"""Runbooks: which alerts have one, and whether somebody has lately made sure that it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from components.gates.policy import Policy, Requirement


@dataclass(frozen=True, slots=True)
class Runbook:
    """A text that says what to do; ``reviewed_on`` is None where it gives no such day."""

    key: str
    title: str
    owner: str
    reviewed_on: date | None
    body: str

    def age_days(self, today: date) -> int | None:
        """Days since its review; None without one, or with one that lies in the future."""
        if self.reviewed_on is None or self.reviewed_on > today:
            return None
        return (today - self.reviewed_on).days

    def current(self, today: date, limit_days: int) -> bool:
        """Whether it was reviewed within so many days."""
        age = self.age_days(today)
        return age is not None and age <= limit_days


@dataclass(frozen=True, slots=True)
class Coverage:
    """The gates that raise alerts, and those of them without a current runbook."""

    rules: int
    lacking: tuple[Requirement, ...]

    @property
    def current(self) -> int:
        """How many have one."""
        return self.rules - len(self.lacking)

    @property
    def sentence(self) -> str:
        """The finding in words."""
        text = f"{self.current:,} of {self.rules:,} alert rules have a current runbook"
        if not self.lacking:
            return f"{text}."
        return f"{text}; not so “{'”, “'.join(gate.title for gate in self.lacking)}”."


def coverage(policy: Policy, runbooks: Mapping[str, Runbook], today: date) -> Coverage:
    """Which alert rules of a policy name a runbook that exists and is current."""
    gates = [policy.requirement(name) for name in dict.fromkeys(policy.alerts.gates)]
    lacking = tuple(
        gate
        for gate in gates
        if (book := runbooks.get(gate.runbook or "")) is None
        or not book.current(today, policy.alerts.runbook_days)
    )
    return Coverage(len(gates), lacking)
