"""Values without what they say: how long, which case, which signs, and where two of them differ.

A masked value has the length of its original. Each letter becomes ``x`` or ``X`` (outside ASCII
``ẍ`` or ``Ẍ``, so that a fault of encoding still shows), each digit ``9``; punctuation and spaces
stay. What a masked value shows depends on nothing but these classes.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import pairwise

LOWER, UPPER, OTHER_LOWER, OTHER_UPPER, DIGIT, MARK, SIGN = "x", "X", "ẍ", "Ẍ", "9", "´", "□"
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
# Beyond this many characters a difference is marked as a whole: aligning costs their product.
_LONGEST_ALIGNED = 400
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a value that either stands on both sides or does not."""

    text: str
    differs: bool


@dataclass(frozen=True, slots=True)
class Marked:
    """Two values as pieces; None where a side has no value at all."""

    source: tuple[Piece, ...] | None
    target: tuple[Piece, ...] | None


def mask(value: str) -> str:
    """The value with every letter, digit and unusual sign replaced by its class."""
    return "".join(_class_of(character) for character in value)


def mask_quoted(text: str) -> str:
    """A sentence with the values that stand in quotes masked."""
    return _QUOTED.sub(lambda found: found[0][0] + mask(found[0][1:-1]) + found[0][-1], text)


def marked(source: str | None, target: str | None, *, revealed: bool) -> Marked:
    """Both values, masked unless ``revealed``, with the stretches marked in which they differ.

    They are compared before they are masked, so 3 against 8 is marked although both show as 9.
    """
    if source is None or target is None:
        return Marked(
            None if source is None else _all_different(source, revealed),
            None if target is None else _all_different(target, revealed),
        )
    left, right = _aligned(source, target)
    return Marked(_pieces(source, left, revealed), _pieces(target, right, revealed))


@lru_cache(maxsize=4096)
def _class_of(character: str) -> str:
    category = unicodedata.category(character)
    if category[0] == "L":
        capital = category in {"Lu", "Lt"}
        if character.isascii():
            return UPPER if capital else LOWER
        return OTHER_UPPER if capital else OTHER_LOWER
    if category[0] == "N":
        return DIGIT
    if category[0] == "M":
        return MARK
    usual = category[0] in "PZ" or category in {"Sm", "Sc", "Sk"} or ord(character) < 0x100
    kept = usual and (category[0] != "C" or character in "\t\n\r")
    return character if kept or character == _REPLACEMENT else SIGN


def _all_different(value: str, revealed: bool) -> tuple[Piece, ...]:
    return (Piece(value if revealed else mask(value), differs=True),) if value else ()


def _aligned(source: str, target: str) -> tuple[list[bool], list[bool]]:
    """For each character of both values, whether it differs."""
    start = _common(source, target)
    end = _common(source[start:][::-1], target[start:][::-1])
    left, right = [False] * len(source), [False] * len(target)
    first, second = source[start : len(source) - end], target[start : len(target) - end]
    left[start : start + len(first)] = [True] * len(first)
    right[start : start + len(second)] = [True] * len(second)
    if max(len(first), len(second)) <= _LONGEST_ALIGNED:
        blocks = SequenceMatcher(None, first, second, autojunk=False).get_matching_blocks()
        for block in blocks:
            for offset in range(block.size):
                left[start + block.a + offset] = right[start + block.b + offset] = False
    return _by_place(source, target, left, right)


def _by_place(
    source: str, target: str, left: list[bool], right: list[bool]
) -> tuple[list[bool], list[bool]]:
    """Values of one length compared place by place, unless aligning them marks less."""
    if len(source) == len(target):
        places = [one != other for one, other in zip(source, target, strict=True)]
        if sum(places) <= sum(left):
            return places, places
    return left, right


def _common(first: str, second: str) -> int:
    """How many leading characters two texts share."""
    for place, (one, other) in enumerate(zip(first, second, strict=False)):
        if one != other:
            return place
    return min(len(first), len(second))


def _pieces(value: str, differs: list[bool], revealed: bool) -> tuple[Piece, ...]:
    shown = value if revealed else mask(value)
    edges = [0]
    edges += [place for place in range(1, len(shown)) if differs[place] != differs[place - 1]]
    edges.append(len(shown))
    return tuple(
        Piece(shown[begin:end], differs[begin]) for begin, end in pairwise(edges) if begin < end
    )
