"""The door to the one export: layout offers it, the dashboard decides how it is made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

import pandas as pd


class Exporter(Protocol):
    """Draws the control that hands a table to the viewer as a file."""

    def __call__(self, frame: pd.DataFrame, *, title: str, key: str) -> None: ...


_current: ContextVar[Exporter | None] = ContextVar("exporter", default=None)


@contextmanager
def exports_by(exporter: Exporter | None) -> Iterator[None]:
    """Within this block, tables offer this export."""
    token = _current.set(exporter)
    try:
        yield
    finally:
        _current.reset(token)


def current() -> Exporter | None:
    """The export of the page that is being drawn, for a part of it that is drawn again alone."""
    return _current.get()


def offer(frame: pd.DataFrame, *, title: str, key: str) -> None:
    """Offer a table as a file, where exports exist and there is something in it."""
    exporter = _current.get()
    if exporter is not None and not frame.empty:
        exporter(frame, title=title, key=key)
