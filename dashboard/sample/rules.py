"""The rules engine: points for readable conditions, added up to a score from 0 to 1."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from dashboard.sample.features import Features, Flags, Floats, Kind
from queries.errors import InvalidInputError

Operand = str | float | bool | tuple[str, ...]


class Operator(StrEnum):
    """How a feature is compared; a missing value satisfies ``missing`` alone."""

    IS = "is"
    IN = "in"
    AT_LEAST = "at_least"
    BELOW = "below"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of one feature."""

    feature: str
    operator: Operator
    value: Operand = True

    def holds(self, features: Features) -> Flags:
        """For each ticket, whether the condition holds.

        Raises:
            InvalidInputError: the feature or the category is not known.
        """
        if self.feature not in features.columns:
            known = ", ".join(features.schema.names)
            raise InvalidInputError(f"A rule asks for “{self.feature}”. Features are: {known}.")
        column = features[self.feature]
        if self.operator is Operator.MISSING:
            return np.isnan(column)
        if self.operator is Operator.AT_LEAST:
            return np.asarray(column >= float(self.value))  # type: ignore[arg-type]
        if self.operator is Operator.BELOW:
            return np.asarray(column < float(self.value))  # type: ignore[arg-type]
        values = self.value if isinstance(self.value, tuple) else (self.value,)
        return np.isin(column, [self._code(features, value) for value in values])

    def _code(self, features: Features, value: str | float | bool) -> float:
        feature = features.schema[self.feature]
        if feature.kind is not Kind.CATEGORY:
            return float(value)
        if value not in feature.categories:
            known = ", ".join(feature.categories)
            raise InvalidInputError(
                f"A rule compares “{feature.name}” with “{value}”. Its values are: {known}."
            )
        return float(feature.code(str(value)))


@dataclass(frozen=True, slots=True)
class Rule:
    """Points for a ticket on which every condition holds."""

    name: str
    points: int
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """One version of the rules: points to begin with, and the rules that add or take some."""

    version: str
    base: int
    rules: tuple[Rule, ...]
    reason: str

    def score(self, features: Features) -> Floats:
        """Points out of 100, kept between 0 and 1."""
        points = np.full(len(features), self.base, dtype=np.int64)
        for rule in self.rules:
            holds = np.ones(len(features), dtype=np.bool_)
            for condition in rule.conditions:
                holds &= condition.holds(features)
            points += rule.points * holds
        return np.clip(points, 0, 100) / 100
