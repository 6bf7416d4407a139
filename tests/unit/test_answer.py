"""What a cache keeps of an answer is the answer."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from queries.answer import Answer, Provenance
from queries.exceptions_rows import Counted, CountRow, PartRow, Position

ASKED = Provenance("SELECT 1", {"a": 1}, datetime(2026, 11, 1, tzinfo=UTC), 1.5)
RULE = CountRow("b1", "members", None, "name", "case", "", "major", 3, 2)


@dataclass(frozen=True, slots=True)
class Held:
    """A row that holds whatever a column may."""

    held: Any


@pytest.mark.parametrize(
    "rows",
    [
        (),
        (PartRow("b1", 3, 2), PartRow(None, 1, 0)),
        (Counted((RULE, RULE), (PartRow("b1", 6, 4),), ()),),
        (Counted((), (), ()), Counted((RULE,), (), ())),
        (PartRow("b1", 3, 2), RULE),
        (Held((1, None)), Held(())),
        (Held((1, 2)), Held(None), Held([3])),
        (Held((PartRow("b1", 1, 1),)), Held(Position("b1", "7"))),
        (Held(PartRow("b1", 1, 1)), Held({"a": (1,)})),
        ("words", 3),
    ],
)
def test_an_answer_comes_back_from_a_cache_as_it_was(rows):
    answer = Answer(rows, ASKED, (ASKED,))
    again = pickle.loads(pickle.dumps(answer, protocol=pickle.HIGHEST_PROTOCOL))  # noqa: S301
    assert again == answer
    assert repr(again) == repr(answer)
