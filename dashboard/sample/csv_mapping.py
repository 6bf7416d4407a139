"""The mapping file: how the columns of a ticket file become tickets, features and a label."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from dashboard.sample.rules import Condition, Operator, Rule, RuleSet
from queries.errors import InvalidInputError


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Columns(_Strict):
    """Columns that every ticket needs."""

    ticket_id: str
    created_at: str
    work_type: str
    region: str


class TimeFormat(_Strict):
    """How times are written in the file, and in which zone."""

    format: str = "%Y-%m-%d %H:%M:%S"
    zone: str = "UTC"

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(
                f"“{zone}” is no time zone; write one such as America/Los_Angeles"
            ) from error
        return zone


class _Derivation(_Strict):
    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns that it reads beside those of :class:`Columns`."""
        return ()


class _OneColumn(_Derivation):
    column: str

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.column,)


class Clock(_Derivation):
    """Local hour (0–23) or weekday (0 is Monday) of the creation."""

    derive: Literal["hour", "weekday"]


class OutsideHours(_Derivation):
    """Whether the ticket came in at night or on a weekend, in local time."""

    derive: Literal["outside_hours"]
    opens: int = Field(7, ge=0, le=24)
    closes: int = Field(18, ge=0, le=24)


class Equals(_OneColumn):
    """Whether a column holds one of some values; missing is not one of them."""

    derive: Literal["equals"]
    values: tuple[str, ...] = Field(min_length=1)


class Category(_OneColumn):
    """The value itself; beyond the ``most`` frequent ones it is “other”."""

    derive: Literal["category"]
    most: int = Field(8, ge=1, le=50)


class Number(_OneColumn):
    """A number; an empty field is missing."""

    derive: Literal["number"]
    decimals: int = Field(0, ge=0, le=9)


class Missing(_OneColumn):
    """Whether the field is empty."""

    derive: Literal["missing"]


class Length(_OneColumn):
    """Number of characters; an empty field has none."""

    derive: Literal["length"]


class Earlier(_Derivation):
    """How many earlier tickets of the same group came in within so many hours."""

    derive: Literal["earlier"]
    group: tuple[str, ...] = Field(min_length=1)
    hours: float = Field(gt=0, le=24 * 366)

    @property
    def reads(self) -> tuple[str, ...]:
        return self.group


AnyFeature = Annotated[
    Clock | OutsideHours | Equals | Category | Number | Missing | Length | Earlier,
    Field(discriminator="derive"),
]


class Test(_Strict):
    """One test of one column; exactly one of the three ways."""

    column: str
    values: tuple[str, ...] | None = None
    within_hours: float | None = Field(None, gt=0)
    missing: bool | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Test:
        given = [self.values, self.within_hours, self.missing]
        if sum(way is not None for way in given) != 1:
            raise ValueError("give exactly one of values, within_hours and missing")
        return self


class Tests(_Strict):
    """True where any of the tests is."""

    any: tuple[Test, ...] = ()


class RuleCondition(_Strict):
    """One condition of a rule; exactly one comparison."""

    feature: str
    equals: str | bool | float | None = None
    one_of: tuple[str, ...] | None = None
    at_least: float | None = None
    below: float | None = None
    missing: Literal[True] | None = None

    @model_validator(mode="after")
    def _one_comparison(self) -> RuleCondition:
        if len(self._given()) != 1:
            raise ValueError("give exactly one of equals, one_of, at_least, below and missing")
        return self

    def _given(self) -> list[Condition]:
        pairs = (
            (Operator.IS, self.equals),
            (Operator.IN, self.one_of),
            (Operator.AT_LEAST, self.at_least),
            (Operator.BELOW, self.below),
            (Operator.MISSING, self.missing),
        )
        return [Condition(self.feature, how, value) for how, value in pairs if value is not None]

    def condition(self) -> Condition:
        return self._given()[0]


class RuleEntry(_Strict):
    """Points where all conditions hold."""

    name: str
    points: int = Field(ge=-100, le=100)
    when: tuple[RuleCondition, ...] = Field(min_length=1)


class Rules(_Strict):
    """The rules engine's only version."""

    version: str = "rules-1"
    base: int = Field(ge=0, le=100)
    rule: tuple[RuleEntry, ...] = Field(min_length=1)

    def ruleset(self) -> RuleSet:
        """As the rules engine reads it."""
        rules = tuple(
            Rule(entry.name, entry.points, tuple(part.condition() for part in entry.when))
            for entry in self.rule
        )
        return RuleSet(self.version, self.base, rules, "Rules of the mapping file")


class Mapping(_Strict):
    """The whole mapping file; ``la311.toml`` explains each part in its comments."""

    columns: Columns
    time: TimeFormat = TimeFormat()
    feature: tuple[AnyFeature, ...] = Field(min_length=1)
    label: Tests
    escalated: Tests = Tests()
    critical: Tests = Tests()
    rules: Rules

    @model_validator(mode="after")
    def _consistent(self) -> Mapping:
        names = [feature.name for feature in self.feature]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"features have one name each; given twice: {', '.join(twice)}")
        if not self.label.any:
            raise ValueError("the label needs at least one test")
        for feature in self.feature:
            leaked = {test.column for test in self.label.any} & set(feature.reads)
            if leaked:
                raise ValueError(
                    f"feature {feature.name} reads {', '.join(sorted(leaked))}, from which the "
                    "label is made; a model must not see its answer. Remove the feature"
                )
        return self

    @property
    def columns_read(self) -> list[str]:
        """Every column of the file that the mapping asks for."""
        tests = (*self.label.any, *self.escalated.any, *self.critical.any)
        named = self.columns.model_dump().values()
        derived = [column for feature in self.feature for column in feature.reads]
        return list(dict.fromkeys([*named, *derived, *(test.column for test in tests)]))


def read_mapping(path: Path) -> Mapping:
    """Read and check a mapping file.

    Raises:
        InvalidInputError: the file is absent, no TOML, or says something that cannot be done;
            the message names the entry and what to write instead.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"The mapping {path.name} cannot be read: {error}.") from error
    try:
        return Mapping.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise InvalidInputError(f"The mapping {path.name} is not valid TOML: {error}.") from error
    except ValidationError as error:
        raise InvalidInputError(_sentence(path, error)) from error


def _sentence(path: Path, error: ValidationError) -> str:
    lines = [
        f"  {_where(problem['loc'])}: {problem['msg'].removeprefix('Value error, ')}"
        for problem in error.errors(include_url=False, include_input=False)
    ]
    return f"The mapping {path.name} cannot be used:\n" + "\n".join(lines)


def _where(location: tuple[int | str, ...]) -> str:
    """A place such as ``feature 3, column``; entries count from 1."""
    words: list[str] = []
    for part in location:
        if isinstance(part, int):
            words[-1] = f"{words[-1]} {part + 1}"
        else:
            words.append(part)
    return ", ".join(words) or "the whole file"
