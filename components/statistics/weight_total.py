"""Do weights add up to what they stand for? Otherwise the chances on record cannot be right.

A review that was drawn with probability p stands for 1/p tickets, so the weights of all reviews
add up to the number of tickets, apart from chance and from labels that are still to come
(D. G. Horvitz and D. J. Thompson, 1952). A Hájek mean does not notice wrong chances: it divides
by whatever the weights add up to.
"""

from __future__ import annotations

LEAST, MOST = 0.5, 1.25
"""Late labels make the sum too small; nothing but chance makes it too large."""


def adds_up(weight: float, tickets: int) -> bool:
    """Whether a sum of weights may stand for so many tickets."""
    return LEAST * tickets <= weight <= MOST * tickets


def contradiction(weight: float, tickets: int) -> str:
    """The two numbers in words, for who is to find out which of them is wrong."""
    return (
        f"By the chance of review on record, the reviews stand for {weight:,.0f} tickets, and "
        f"{tickets:,} were scored: the chances cannot be right"
    )
