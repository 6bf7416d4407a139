"""A report as text and back again, every number exactly as it was."""

from __future__ import annotations

from functools import lru_cache

from pydantic import TypeAdapter, ValidationError

from components.shadow.types import ShadowReport
from queries.errors import InvalidInputError

METHOD = "shadow report 2"
"""Name another one whenever a report is made in another way."""


@lru_cache(maxsize=1)
def _adapter() -> TypeAdapter[ShadowReport]:
    return TypeAdapter(ShadowReport)


def to_text(report: ShadowReport) -> str:
    """The report as JSON.

    Raises:
        InvalidInputError: a number is not finite, so that it cannot be kept.
    """
    text = _adapter().dump_json(report).decode()
    if from_text(text) != report:
        raise InvalidInputError("The comparison holds a number that cannot be kept as text.")
    return text


def from_text(text: str) -> ShadowReport | None:
    """The report that was kept; None where another program kept it in another form."""
    try:
        return _adapter().validate_json(text)
    except ValidationError:
        return None
