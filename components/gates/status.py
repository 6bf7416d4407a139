"""The words of judgement: what a gate can be, and what a programme can be."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Status(IntEnum):
    """Status of one gate, best to worst: the worst one wins (METHODS §7)."""

    PASS = 0
    WARN = 1
    WAIVED = 2
    RUNNING = 3
    NO_DATA = 4
    STALE = 5
    ERROR = 6
    FAIL = 7

    @property
    def word(self) -> str:
        """As it is written on a screen."""
        return self.name.replace("_", " ").capitalize()


class Verdict(StrEnum):
    """What the required gates say together."""

    GO = "Go"
    HOLD = "Hold"
    NO_GO = "No-go"
