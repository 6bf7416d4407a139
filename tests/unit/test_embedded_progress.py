"""What a long task shows while it runs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import progress
from dashboard.progress import SilentProgress, TerminalProgress, bar, left


def test_a_log_gets_one_line_for_each_stage(capsys: pytest.CaptureFixture[str]) -> None:
    told = TerminalProgress(interactive=False)
    with told.stage("Drawing tickets") as stage:
        stage.advance(1, 2)
    with told.stage("Signing models"):
        pass
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["  Drawing tickets", "  Signing models"]


def test_a_short_stage_shows_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with TerminalProgress(interactive=True).stage("Short") as stage:
        stage.advance(1, 2)
    assert "[" not in capsys.readouterr().out.replace("\033[K", "")


def test_a_long_stage_shows_a_bar(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "PATIENCE_S", 0.0)
    with TerminalProgress(interactive=True).stage("Long") as stage:
        stage.advance(1, 4)
        stage.advance(4, 4)
    shown = capsys.readouterr().out
    assert bar(1, 4) in shown
    assert bar(4, 4) in shown
    assert shown.endswith(" s\n")


def test_a_stage_that_fails_is_not_said_to_be_done(capsys: pytest.CaptureFixture[str]) -> None:
    told = TerminalProgress(interactive=False)
    with pytest.raises(ValueError, match="broken"), told.stage("Broken"):
        raise ValueError("broken")
    assert capsys.readouterr().out == "  Broken: stopped\n"


def test_silence(capsys: pytest.CaptureFixture[str]) -> None:
    with SilentProgress().stage("Quiet") as stage:
        stage.advance(1, 1)
    assert capsys.readouterr().out == ""


@given(st.integers(-5, 10**9), st.integers(-5, 10**9))
def test_a_bar_has_one_length_and_stays_within_bounds(done: int, total: int) -> None:
    drawn, share = bar(done, total).rsplit(" ", 1)
    assert len(drawn) == progress.BAR_WIDTH + 2
    assert 0 <= int(share.removesuffix("%")) <= 100


@pytest.mark.parametrize(
    ("elapsed", "done", "words"),
    [
        (10.0, 50, ", about 10 s left"),
        (60.0, 10, ", about 9 min left"),
        (5.0, 0, ""),
        (5.0, 100, ""),
    ],
)
def test_the_time_left_follows_from_the_pace_so_far(elapsed: float, done: int, words: str) -> None:
    assert left(elapsed, done, 100) == words
