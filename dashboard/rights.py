"""The groups of people who use the product, and what each of them may see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """The three groups of people who use the product."""

    LEADERSHIP = "leadership"
    QA = "qa"
    ERS_REVIEWER = "ers_reviewer"


class Right(StrEnum):
    """What a role can be allowed."""

    READ = "read"
    EXPORT = "export"
    PERSONAL_DATA = "personal data"


_RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.LEADERSHIP: frozenset({Right.READ, Right.EXPORT}),
    Role.QA: frozenset({Right.READ, Right.EXPORT, Right.PERSONAL_DATA}),
    Role.ERS_REVIEWER: frozenset({Right.READ, Right.EXPORT}),
}


@dataclass(frozen=True, slots=True)
class Viewer:
    """One person at the screen: a role, and a pseudonym where sign-in is configured."""

    role: Role
    pseudonym: str = "not signed in"

    def may(self, right: Right) -> bool:
        """Whether this viewer's role includes a right."""
        return right in _RIGHTS[self.role]
