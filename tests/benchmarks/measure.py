"""A clock on every statement, and pages that open as a viewer's would."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy import event
from streamlit.testing.v1 import AppTest

from dashboard import cache

TIMEOUT_S = 120
_BEGUN = "plumbline_benchmark_begun"


@dataclass(frozen=True, slots=True)
class Opened:
    """Statements of one page, the time they took together, and the page's whole time."""

    statements: int
    milliseconds: float
    whole: float = 0.0


class StatementClock:
    """Times every statement that any engine of this process runs while it is entered."""

    def __init__(self) -> None:
        self._statements = 0
        self._seconds = 0.0

    def __enter__(self) -> Self:
        event.listen(sa.Engine, "before_cursor_execute", self._before)
        event.listen(sa.Engine, "after_cursor_execute", self._after)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(sa.Engine, "before_cursor_execute", self._before)
        event.remove(sa.Engine, "after_cursor_execute", self._after)

    def reset(self) -> None:
        """Begin at nothing."""
        self._statements, self._seconds = 0, 0.0

    def read(self) -> Opened:
        """What was run since the last reset."""
        return Opened(self._statements, 1000 * self._seconds)

    def _before(self, connection: sa.Connection, *_: Any) -> None:
        connection.info[_BEGUN] = perf_counter()

    def _after(self, connection: sa.Connection, *_: Any) -> None:
        self._seconds += perf_counter() - connection.info[_BEGUN]
        self._statements += 1


def open_page(page: str, query: Mapping[str, str]) -> None:
    """Open a page with every answer forgotten.

    Raises:
        RuntimeError: the page failed; a time that means nothing is not printed.
    """
    cache.forget()
    test = AppTest.from_string(
        f"from dashboard.navigation import run\nrun({page!r})", default_timeout=TIMEOUT_S
    )
    for name, value in query.items():
        test.query_params[name] = value
    test.run()
    problems = [item.value for item in (*test.exception, *test.error)]
    if problems:
        raise RuntimeError(f"The page {page} failed: {problems[0]}")


def seconds(action: Callable[[], object]) -> float:
    """How long an action takes."""
    begun = perf_counter()
    action()
    return perf_counter() - begun
