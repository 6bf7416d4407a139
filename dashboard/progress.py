"""How a long task tells what it is doing: stage by stage, with a bar where it takes a while."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from time import monotonic
from typing import Protocol

import click

PATIENCE_S = 2.0
"""A stage longer than this shows a bar."""
REDRAW_S = 0.1
BAR_WIDTH = 24


class Stage(Protocol):
    """One step of a task, while it runs."""

    def advance(self, done: int, total: int) -> None:
        """Say that ``done`` of ``total`` units are finished; units are the stage's own."""


class Progress(Protocol):
    """Where a task announces its stages."""

    def stage(self, title: str) -> AbstractContextManager[Stage]:
        """Announce a stage; it lasts as long as the ``with`` block."""


class _SilentStage:
    def advance(self, done: int, total: int) -> None:
        """Nobody watches."""


class SilentProgress:
    """Says nothing: for tests and for tasks that run inside others."""

    @contextmanager
    def stage(self, title: str) -> Iterator[Stage]:
        yield _SilentStage()


class TerminalProgress:
    """One line for each stage, with a bar once it has lasted two seconds.

    Where the output is not a terminal, a bar would fill the log: the finished line alone is
    written.
    """

    def __init__(self, *, interactive: bool | None = None) -> None:
        self._interactive = sys.stdout.isatty() if interactive is None else interactive

    @contextmanager
    def stage(self, title: str) -> Iterator[Stage]:
        line = _Line(title, interactive=self._interactive)
        try:
            yield line
        except BaseException:
            line.finish("stopped")
            raise
        line.finish(f"{line.elapsed:.1f} s")


class _Line:
    """The line of one stage; drawn over itself on a terminal."""

    def __init__(self, title: str, *, interactive: bool) -> None:
        self._title = title
        self._interactive = interactive
        self._begun = monotonic()
        self._drawn_at = 0.0
        if interactive:
            click.echo(f"  {title} …", nl=False)

    @property
    def elapsed(self) -> float:
        return monotonic() - self._begun

    def advance(self, done: int, total: int) -> None:
        if not self._interactive or self.elapsed < PATIENCE_S:
            return
        if monotonic() - self._drawn_at < REDRAW_S and done < total:
            return
        self._drawn_at = monotonic()
        self._overwrite(f"  {self._title} {bar(done, total)}{left(self.elapsed, done, total)}")

    def finish(self, remark: str) -> None:
        text = f"  {self._title}: {remark}"
        if self._interactive:
            self._overwrite(text)
            click.echo()
        else:
            click.echo(text)

    def _overwrite(self, text: str) -> None:
        click.echo(f"\r\033[K{text}", nl=False)


def bar(done: int, total: int) -> str:
    """A bar with its share, such as ``[####----] 50%``; an unknown total is an empty bar."""
    share = min(max(done / total, 0.0), 1.0) if total > 0 else 0.0
    filled = int(share * BAR_WIDTH)
    return f"[{'#' * filled}{'-' * (BAR_WIDTH - filled)}] {int(share * 100)}%"


def left(elapsed_s: float, done: int, total: int) -> str:
    """How long the rest takes at the pace so far; nothing while that cannot be said."""
    if not 0 < done < total:
        return ""
    seconds = elapsed_s * (total - done) / done
    return (
        f", about {seconds / 60:.0f} min left" if seconds >= 90 else f", about {seconds:.0f} s left"
    )
