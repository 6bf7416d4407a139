"""The acceptance criteria, as numbers agreed before testing: one policy, versioned by content."""

from __future__ import annotations

import hashlib
from collections import Counter
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
    ValidationError,
    model_validator,
)

from components.gates.canonical import canonical_json
from components.gates.evidence import ALL
from components.gates.policy_alerts import Alerts
from components.gates.policy_drift import DriftPolicy
from components.gates.policy_explanations import ExplanationPolicy
from components.gates.policy_file import parse, refusal
from components.gates.policy_shadow import ShadowPolicy
from queries.errors import InvalidInputError

DEFAULT_POLICY = Path(__file__).with_name("default_policy.toml")


class Direction(StrEnum):
    """On which side of the threshold a value must lie; the threshold itself passes."""

    AT_MOST = "at_most"
    AT_LEAST = "at_least"
    EQUAL = "equal"


class Bound(StrEnum):
    """Which number is compared: the value, or one end of its 95% interval."""

    VALUE = "value"
    LOW = "low"
    HIGH = "high"


class Unit(StrEnum):
    """How a metric is counted: it sets the domain of valid values and how they are written.

    Shares, relative changes and differences of shares in points are all fractions: 0.05 is
    5%, +5% and +5 percentage points.
    """

    SHARE = "share"
    COUNT = "count"
    MILLISECONDS = "milliseconds"
    DAYS = "days"
    RATIO = "ratio"
    DIFFERENCE = "difference"
    CHANGE = "change"
    POINTS = "points"


class Severity(StrEnum):
    """Harm if the requirement is not met, worst first."""

    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"


class Mode(StrEnum):
    """Whether a gate counts, or is only shown while it is being tried out."""

    ENFORCED = "enforced"
    ADVISORY = "advisory"


def _number(value: Any) -> Any:
    if isinstance(value, bool | str):
        raise ValueError("it must be a number without quotes, such as 0.95")
    return value


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.]*$")]
RequirementNumber = Annotated[str, StringConstraints(pattern=r"^[A-D][0-9]{1,2}$")]
Number = Annotated[Decimal, BeforeValidator(_number)]


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Decision(_Frozen):
    """A question that somebody must answer with go, hold or no-go.

    ``areas`` are those whose findings block it, whatever their case. A finding of an area that no
    decision names blocks every decision that has a gate on findings.
    """

    id: Identifier
    title: Text
    question: Text
    owner: Text
    judges_candidate: StrictBool = False
    areas: tuple[Text, ...] = ()


class Requirement(_Frozen):
    """One gate: what is measured, where the limit lies, who answers for it, and why.

    ``threshold`` is the limit beyond which the gate fails. ``warn`` lies on its safe side: a
    value between the two passes with a warning. ``minimum_n`` counts measured items in each
    slice, ``maximum_unscored`` is the share of items that may be left unmeasured, and
    ``maximum_age_days`` the age of the newest item behind the number. ``runbook`` names what to
    follow when the gate raises an alert.
    """

    id: Identifier
    decision: Identifier
    title: Text
    requirements: tuple[RequirementNumber, ...] = Field(min_length=1)
    metric: Identifier
    unit: Unit
    direction: Direction
    threshold: Number
    warn: Number | None = None
    bound: Bound = Bound.VALUE
    minimum_n: StrictInt = Field(ge=1)
    maximum_unscored: Number = Field(default=Decimal("0.01"), ge=0, le=1)
    maximum_age_days: StrictInt = Field(ge=1)
    severity: Severity
    owner: Text
    reason: Text
    next_step: Text
    slices: tuple[Text, ...] = Field(default=(ALL,), min_length=1)
    page: Text
    required: StrictBool = True
    mode: Mode = Mode.ENFORCED
    waivable: StrictBool = True
    runbook: Identifier | None = None

    @property
    def counted(self) -> bool:
        """Whether the verdict depends on it."""
        return self.required and self.mode is Mode.ENFORCED

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if problems := _contradictions(self):
            raise ValueError("; ".join(problems))
        return self


def _contradictions(gate: Requirement) -> list[str]:
    """Why this requirement cannot be judged as written, each with its remedy."""
    found = []
    warn = gate.warn
    if gate.direction is Direction.EQUAL and (warn is not None or gate.bound is not Bound.VALUE):
        found.append("an “equal” gate compares the value itself; remove “warn” and “bound”")
    if gate.direction is Direction.AT_MOST:
        if warn is not None and not warn < gate.threshold:
            found.append("“warn” must be below the threshold; lower it or remove it")
        if gate.bound is Bound.LOW:
            found.append("the low bound flatters an “at_most” gate; use “high” or “value”")
    if gate.direction is Direction.AT_LEAST:
        if warn is not None and not warn > gate.threshold:
            found.append("“warn” must be above the threshold; raise it or remove it")
        if gate.bound is Bound.HIGH:
            found.append("the high bound flatters an “at_least” gate; use “low” or “value”")
    if gate.unit is Unit.SHARE and not 0 <= gate.threshold <= 1:
        found.append("a share lies between 0 and 1; write 5% as 0.05")
    if len(set(gate.slices)) != len(gate.slices):
        found.append("a slice is named twice; remove one")
    return found


class Policy(_Frozen):
    """All requirements, and the decisions that they serve.

    ``window_days`` is the period that evidence covers. ``maximum_warnings`` limits how many
    gates of one decision may pass with a warning before the decision is held. ``drift`` says when
    two windows differ enough to matter, ``shadow`` how a candidate is
    compared, ``explanations`` which features may carry a score.
    """

    title: Text
    window_days: StrictInt = Field(default=28, ge=1, le=366)
    maximum_warnings: StrictInt = Field(default=5, ge=0)
    drift: DriftPolicy = DriftPolicy()
    shadow: ShadowPolicy = ShadowPolicy()
    explanations: ExplanationPolicy = ExplanationPolicy()
    decisions: tuple[Decision, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    alerts: Alerts = Alerts()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for kind, ids in (
            ("decision", [decision.id for decision in self.decisions]),
            ("requirement", [requirement.id for requirement in self.requirements]),
        ):
            for twice in (name for name, times in Counter(ids).items() if times > 1):
                raise ValueError(f"the {kind} “{twice}” is defined twice; rename or remove one")
        known = {decision.id for decision in self.decisions}
        for requirement in self.requirements:
            if requirement.decision not in known:
                raise ValueError(
                    f"requirement “{requirement.id}” serves the decision "
                    f"“{requirement.decision}”, which is not defined; add it or use one of "
                    f"{', '.join(sorted(known)) or 'the decisions you define'}"
                )
        gates = {requirement.id for requirement in self.requirements}
        if unknown := sorted(set(self.alerts.named) - gates):
            raise ValueError(
                f"[alerts] names the gate “{unknown[0]}”, which is not defined; define it or "
                "remove it there"
            )
        return self

    @cached_property
    def version(self) -> str:
        """SHA-256 of the content: comments, order and spelling of numbers do not change it."""
        content = self.model_dump(mode="python")
        for part in ("decisions", "requirements"):
            content[part] = sorted(content[part], key=lambda item: str(item["id"]))
        return hashlib.sha256(canonical_json(content)).hexdigest()

    @property
    def short_version(self) -> str:
        """The first twelve characters of the version, for people."""
        return self.version[:12]

    def of(self, decision: str) -> tuple[Requirement, ...]:
        """The requirements of one decision, in the order of the file."""
        return tuple(item for item in self.requirements if item.decision == decision)

    def requirement(self, identifier: str) -> Requirement:
        """One requirement by its id.

        Raises:
            InvalidInputError: the policy has no such requirement.
        """
        for item in self.requirements:
            if item.id == identifier:
                return item
        raise InvalidInputError(
            f"The policy has no requirement “{identifier}”. The Gates page lists all of them."
        )


def load_policy(path: Path | None = None) -> Policy:
    """The policy of a file; without one, the policy shipped with the product.

    Raises:
        InvalidInputError: the file cannot be read, is no TOML, or breaks a rule; the message
            names the requirement, the field and the remedy.
    """
    source = path or DEFAULT_POLICY
    raw = parse(source)
    try:
        return Policy.model_validate(raw)
    except ValidationError as error:
        raise refusal(source, raw, error) from error
