"""The product's errors: each carries a sentence for the user and one for the log."""

from __future__ import annotations


class PlumblineError(Exception):
    """Base of every error this product raises on purpose.

    ``str(error)`` is the sentence for the user: what is wrong, where, and what to do.
    ``log`` is the sentence for the operator; neither may hold personal data or a password.
    """

    def __init__(self, message: str, *, log: str | None = None) -> None:
        super().__init__(message)
        self.log = log or message


class InvalidInputError(PlumblineError):
    """A file, an option or a filter that cannot be used as given."""


class DatabaseError(PlumblineError):
    """Base of what can go wrong between this product and a database."""


class DatabaseDownError(DatabaseError):
    """No connection can be made at all."""


class DatabaseBusyError(DatabaseError):
    """The pool is exhausted or a table is locked: asking again may help."""


class QueryTimeoutError(DatabaseError):
    """A statement ran into the statement time-out; a smaller window may help."""


class ForbiddenError(DatabaseError):
    """The role lacks a privilege that the question needs."""


class MissingRelationError(DatabaseError):
    """A relation or a column of the contract is not there."""

    def __init__(self, message: str, *, relation: str, log: str | None = None) -> None:
        super().__init__(message, log=log)
        self.relation = relation


class SchemaVersionError(DatabaseError):
    """The product's own schema was made by a version that this program does not follow."""


class IntegrityFailureError(PlumblineError):
    """A model file is not what was signed: it is not loaded, and nothing may use it."""
