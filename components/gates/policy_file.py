"""Reading a policy file, and saying plainly why one is refused."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from queries.errors import InvalidInputError

_REMEDIES = {
    "missing": "Add it.",
    "extra_forbidden": "Remove it, or correct its spelling.",
    "enum": "Use one of the words listed.",
    "finite_number": "Write a finite number.",
    "int_type": "Write a whole number without quotes.",
    "bool_type": "Write true or false without quotes.",
    "string_too_short": "Write it out; it is shown to people.",
    "string_type": "Write text in quotes.",
    "string_pattern_mismatch": "Use the form that the other requirements use.",
    "too_short": "List at least one.",
    "tuple_type": "Write a list in square brackets.",
}


def parse(path: Path) -> dict[str, Any]:
    """The tables of a TOML file, every number with a point as an exact ``Decimal``.

    Raises:
        InvalidInputError: the file is missing, unreadable or not TOML.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(
            f"The policy file “{path.name}” cannot be read. Check the path and that it is UTF-8."
        ) from error
    try:
        tables = tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, ArithmeticError) as error:
        raise InvalidInputError(
            f"The policy file “{path.name}” is not valid TOML: {error}. Correct that line."
        ) from error
    return _with_ids(tables)


def _with_ids(tables: dict[str, Any]) -> dict[str, Any]:
    """``[decisions.scoring]`` and ``[requirements."scoring.snapshots"]`` become lists with ids."""
    for part in ("decisions", "requirements"):
        named = tables.get(part)
        if isinstance(named, Mapping):
            tables[part] = [
                {**body, "id": name} if isinstance(body, Mapping) else body
                for name, body in named.items()
            ]
    return tables


def refusal(path: Path, raw: Mapping[str, Any], error: ValidationError) -> InvalidInputError:
    """Every rule the file breaks, one to a line: which requirement, which field, what to do."""
    lines = [_line(raw, detail) for detail in error.errors(include_url=False)]
    return InvalidInputError(
        f"The policy file “{path.name}” cannot be used:\n"
        + "\n".join(f"- {line}" for line in lines)
    )


def _line(raw: Mapping[str, Any], detail: ErrorDetails) -> str:
    location = list(detail["loc"])
    place = ["The policy"]
    if len(location) > 1 and location[0] in {"requirements", "decisions"}:
        place = [f"{str(location[0])[:-1].capitalize()} “{_name(raw, location)}”"]
        location = location[2:]
    fields = [str(part) for part in location if isinstance(part, str)]
    if fields:
        place.append(f"field “{'.'.join(fields)}”")
    message = detail["msg"].removeprefix("Value error, ").rstrip(".")
    remedy = _REMEDIES.get(detail["type"], "")
    return f"{', '.join(place)}: {message}. {remedy}".rstrip()


def _name(raw: Mapping[str, Any], location: Sequence[int | str]) -> str:
    index = location[1]
    items = raw.get(str(location[0]))
    if isinstance(items, Sequence) and isinstance(index, int) and index < len(items):
        item = items[index]
        if isinstance(item, Mapping) and "id" in item:
            return str(item["id"])
    return f"number {index + 1}" if isinstance(index, int) else str(index)
