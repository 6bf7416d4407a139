"""A clock on every statement, and pages that open as a viewer's would."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Self

import sqlalchemy as sa
import streamlit as st
from sqlalchemy import event
from streamlit.testing.v1 import AppTest

from dashboard.ahead import judge

TIMEOUT_S = 120
EMPTY = "import streamlit as st\nst.title('Nothing')"
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


def forget_answers(*, ahead: bool) -> None:
    """Drop every answer; connections and the policy stay, as they do in a running server.

    ``ahead`` judges the gates as a running server does before anybody asks.
    """
    st.cache_data.clear()
    if ahead:
        judge()


def show_page(page: str, query: Mapping[str, str]) -> None:
    """Show a page with what is kept; raises as :func:`show`."""
    show(f"from dashboard.navigation import run\nrun({page!r})", query)


def show(script: str, query: Mapping[str, str]) -> None:
    """Run a script as Streamlit does.

    Raises:
        RuntimeError: it failed; a time that means nothing is not printed.
    """
    test = AppTest.from_string(script, default_timeout=TIMEOUT_S)
    for name, value in query.items():
        test.query_params[name] = value
    test.run()
    problems = [item.value for item in (*test.exception, *test.error)]
    if problems:
        raise RuntimeError(f"The page failed: {problems[0]}. Its script: {script}")


def seconds(action: Callable[[], object]) -> float:
    """How long an action takes."""
    begun = perf_counter()
    action()
    return perf_counter() - begun
