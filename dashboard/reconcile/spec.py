"""The specification of a reconciliation: what a person writes, checked before anything is read."""

from __future__ import annotations

import os
import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from dashboard.reconcile.lines import Lines
from queries.compare_plan import Kind, Whitespace
from queries.errors import InvalidInputError


class SpecificationError(InvalidInputError):
    """A specification that cannot be used; every line of the message names a line and a remedy."""


def _decimal(value: Any) -> Any:
    if isinstance(value, float):
        # repr is what was written: 0.01 means one hundredth.
        return Decimal(repr(value))
    return value


Amount = Annotated[Decimal, BeforeValidator(_decimal), Field(ge=0, allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class End(_Strict):
    """Where one side is: ``url_env`` names an environment variable that holds the URL."""

    url_env: str | None = None
    url: str | None = None

    @model_validator(mode="after")
    def _one_url(self) -> End:
        if (self.url_env is None) == (self.url is None):
            raise ValueError("give either url_env (the name of a variable, the safer way) or url")
        return self

    def resolved(self) -> str:
        """The URL itself; never to be printed."""
        if self.url is not None:
            return self.url
        found = os.environ.get(self.url_env or "")
        if not found:
            raise SpecificationError(
                f"The environment variable {self.url_env} is not set. "
                "Set it to the SQLAlchemy URL of the database."
            )
        return found


class Filter(_Strict):
    """Records that do not count: an SQL condition for those that do, and why."""

    keep: Name
    reason: Name


class Labels(_Strict):
    """SQL expressions that say to which batch and source system a record belongs."""

    batch: str = ""
    system: str = ""


class Pairing(_Strict):
    """A column on both sides: by name, or as an SQL expression."""

    name: Name
    source: str | None = None
    source_sql: str | None = None
    target: str | None = None
    target_sql: str | None = None
    type: Kind | None = None

    @model_validator(mode="after")
    def _one_each(self) -> Pairing:
        for side in ("source", "target"):
            if getattr(self, side) is not None and getattr(self, f"{side}_sql") is not None:
                raise ValueError(f"give {side} or {side}_sql, not both")
        return self


class FieldRule(Pairing):
    """A column that is compared, and how far its values may differ."""

    critical: bool = False
    tolerance_absolute: Amount | None = None
    tolerance_relative: Annotated[Amount, Field(lt=1)] | None = None
    tolerance_seconds: Amount | None = None
    case: Literal["exact", "ignore"] = "exact"
    whitespace: Whitespace = Whitespace.EXACT
    codes: dict[str, str] = Field(default_factory=dict)
    defaults: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_measure(self) -> FieldRule:
        numeric = self.tolerance_absolute is not None or self.tolerance_relative is not None
        if numeric and self.tolerance_seconds is not None:
            raise ValueError("tolerance_seconds is for times, the other tolerances for numbers")
        return self

    @property
    def has_leeway(self) -> bool:
        bounds = (self.tolerance_absolute, self.tolerance_relative, self.tolerance_seconds)
        folds = self.case != "exact" or self.whitespace is not Whitespace.EXACT
        return folds or any(bound is not None for bound in bounds)


class Reference(_Strict):
    """Columns of the target that must lead to a record of another relation of the target."""

    name: Name
    columns: Annotated[tuple[Name, ...], Field(min_length=1)]
    to: Name
    to_columns: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _as_many(self) -> Reference:
        if not _RELATION.fullmatch(self.to):
            raise ValueError(f"{self.to!r} is no relation; write table or schema.table")
        if self.to_columns and len(self.to_columns) != len(self.columns):
            raise ValueError("columns and to_columns must be equally many; they pair in order")
        return self


_RELATION = re.compile(r"""(?:(?:[^."\s]+|"[^"]+")\.)?(?:[^."\s]+|"[^"]+")""")


class Table(_Strict):
    """A pair of relations.

    ``columns = "matching"`` compares every column whose names agree up to case and underscores,
    beside those named in ``field``; ``"listed"`` compares these alone.
    """

    name: Name
    source: Name
    target: Name
    key: tuple[str, ...] = ()
    keys: tuple[Pairing, ...] = ()
    columns: Literal["matching", "listed"] = "matching"
    ignore_source: tuple[str, ...] = ()
    ignore_target: tuple[str, ...] = ()
    source_filter: Filter | None = None
    target_filter: Filter | None = None
    source_labels: Labels = Labels()
    target_labels: Labels = Labels()
    field: tuple[FieldRule, ...] = ()
    reference: tuple[Reference, ...] = ()

    @model_validator(mode="after")
    def _coherent(self) -> Table:
        for side in (self.source, self.target):
            if not _RELATION.fullmatch(side):
                raise ValueError(f"{side!r} is no relation; write table or schema.table")
        if self.key and self.keys:
            raise ValueError("give key (a list of names) or [[table.keys]], not both")
        for what, listed in (("field", self.field), ("reference", self.reference)):
            names = [each.name for each in listed]
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"the {what} {twice[0]!r} stands twice; keep one of them")
        if not (self.key or self.keys):
            for each in self.field:
                if each.has_leeway:
                    raise ValueError(
                        f"without a key whole records are compared, so the field {each.name!r} "
                        "can have no tolerance or policy; name a key or remove it"
                    )
        return self


class Specification(_Strict):
    """Two ends and the pairs of relations to compare between them."""

    name: Name
    source: End
    target: End
    table: tuple[Table, ...]

    @model_validator(mode="after")
    def _names_once(self) -> Specification:
        if not self.table:
            raise ValueError("nothing is compared; add a [[table]]")
        names = [each.name for each in self.table]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two tables are named {twice[0]!r}; give each its own name")
        return self


def load(path: Path) -> tuple[Specification, Lines]:
    """Read and check a specification, before any database is opened.

    Raises:
        SpecificationError: what is wrong, in which line, and what to write instead.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecificationError(
            f"{path.name} cannot be read. Check that the file is there and is UTF-8 text."
        ) from error
    return parse(text, path.name)


def parse(text: str, title: str) -> tuple[Specification, Lines]:
    """The same for text; ``title`` stands in messages."""
    try:
        held = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SpecificationError(f"{title} is no TOML: {error}. Correct this place.") from error
    lines = Lines(text)
    try:
        return Specification.model_validate(held), lines
    except ValidationError as error:
        problems = sorted({(lines.of(found["loc"]), _problem(found)) for found in error.errors()})
        listed = "\n".join(f"{title}, line {line}: {problem}" for line, problem in problems)
        raise SpecificationError(listed) from None


_REMEDIES = {
    "missing": "{name} is missing. Add it here.",
    "extra_forbidden": "{name} is no setting. Remove it or correct its spelling.",
    "enum": "{name} must be {expected}.",
    "literal_error": "{name} must be {expected}.",
    "string_type": "{name} must be text. Put it in quotation marks.",
    "string_too_short": "{name} is empty. Write a name.",
    "bool_type": "{name} must be true or false, without quotation marks.",
    "bool_parsing": "{name} must be true or false, without quotation marks.",
    "greater_than_equal": "{name} must not be negative.",
    "less_than": "{name} must be less than 1: a share, such as 0.001 for 0.1%.",
    "finite_number": "{name} must be a finite number.",
    "decimal_parsing": "{name} must be a number.",
    "decimal_type": "{name} must be a number.",
    "too_short": "{name} is empty. Name at least one column.",
    "tuple_type": '{name} must be a list, such as ["a", "b"], or tables in [[…]].',
    "model_type": "{name} must be a table, such as [{name}].",
    "model_attributes_type": "{name} must be a table, such as [{name}].",
    "dict_type": '{name} must be a table of codes, such as {{ A = "ACTIVE" }}.',
}


def _problem(found: Any) -> str:
    names = [part for part in found["loc"] if isinstance(part, str)]
    name = names[-1] if names else "the specification"
    if found["type"] == "value_error":
        text = str(found["ctx"]["error"])
        return text[0].upper() + text[1:] + "."
    remedy = _REMEDIES.get(found["type"])
    if remedy is None:
        return f"{name}: {found['msg']}. Correct the value."
    return remedy.format(name=name, expected=found.get("ctx", {}).get("expected", ""))
