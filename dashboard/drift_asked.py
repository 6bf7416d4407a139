"""Which questions an assessment of drift rests on, for the drawer at the end of the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from queries.answer import Answer, Provenance


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was asked, in words, with its statement."""

    words: str
    provenance: Provenance


def asked_of(question: Callable[..., Any], answer: Answer[Any]) -> Asked:
    """A question by the first line of what it says of itself."""
    words = (question.__doc__ or question.__name__).strip().splitlines()[0]
    return Asked(words, answer.provenance)
