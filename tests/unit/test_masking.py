"""Masked values: what they never say, what they still show."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.layout.masking import (
    DIGIT,
    LOWER,
    MARK,
    OTHER_LOWER,
    OTHER_UPPER,
    SIGN,
    UPPER,
    Piece,
    marked,
    mask,
    mask_quoted,
)

ALPHABET = {LOWER, UPPER, OTHER_LOWER, OTHER_UPPER, DIGIT, MARK, SIGN}
texts = st.text(st.characters(codec="utf-8"), max_size=60)


def joined(pieces: tuple[Piece, ...] | None) -> str | None:
    return None if pieces is None else "".join(piece.text for piece in pieces)


@pytest.mark.parametrize(
    ("value", "masked"),
    [
        ("O'Brien-Smith 3rd", "X'Xxxxx-Xxxxx 9xx"),
        ("1957-03-04", "9999-99-99"),
        ("José", "Xxxẍ"),
        ("JosÃ©", "XxxẌ©"),
        ("-1,204.50", "-9,999.99"),
        ("", ""),
    ],
)
def test_known_values(value, masked):
    assert mask(value) == masked


@given(texts)
def test_length_is_kept_and_no_letter_or_digit_passes(value):
    shown = mask(value)
    assert len(shown) == len(value)
    for before, after in zip(value, shown, strict=True):
        if before.isalnum():
            assert after in ALPHABET
        if after.isalnum():
            assert after in ALPHABET


@given(texts)
def test_a_mask_says_nothing_more_when_masked_again(value):
    assert mask(mask(value)) == mask(value)


@given(st.text("abcdefghijklmnopqrstuvwyz", min_size=1), st.text("012345678", min_size=1))
def test_letters_and_digits_show_by_class_alone(letters, digits):
    assert mask(letters + digits) == LOWER * len(letters) + DIGIT * len(digits)


@given(texts, texts, st.booleans())
def test_pieces_make_up_the_whole_value(source, target, revealed):
    both = marked(source, target, revealed=revealed)
    assert joined(both.source) == (source if revealed else mask(source))
    assert joined(both.target) == (target if revealed else mask(target))


@given(texts, texts)
def test_what_is_not_marked_is_the_same_on_both_sides(source, target):
    both = marked(source, target, revealed=True)
    same = [
        "".join(piece.text for piece in side or () if not piece.differs)
        for side in (both.source, both.target)
    ]
    assert same[0] == same[1]
    assert (same[0] == source == target) == (source == target)


def test_differences_are_marked_although_they_mask_alike():
    both = marked("1957-03-04", "1957-04-03", revealed=False)
    assert joined(both.source) == joined(both.target) == "9999-99-99"
    assert both.source == both.target
    assert both.source == (
        Piece("9999-9", differs=False),
        Piece("9", differs=True),
        Piece("-9", differs=False),
        Piece("9", differs=True),
    )


def test_no_value_is_not_an_empty_value():
    both = marked(None, "", revealed=False)
    assert both.source is None
    assert both.target == ()


def test_a_huge_value_is_aligned_in_no_time():
    both = marked("a" * 500_000 + "b" * 1_000_000, "a" * 500_000 + "c" * 900_000, revealed=True)
    assert [piece.differs for piece in both.source or ()] == [False, True]


def test_values_in_quotes_are_masked_and_the_rule_stays():
    assert mask_quoted("'AB12' became 'C3'") == "'XX99' became 'X9'"
    assert mask_quoted("cut after 12 characters") == "cut after 12 characters"
