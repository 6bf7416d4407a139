"""The command line: found lazily, errors in one sentence, nothing started without need."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from dashboard.commands.demo import command as demo
from dashboard.demo import FOR_ROOT, default_folder
from dashboard.serving import address_of, require_free_port, stopping_on_signals
from queries.errors import InvalidInputError


def call(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``plumbline`` in a folder without settings."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PLUMBLINE_")}
    return subprocess.run(
        [sys.executable, "-P", "-m", "dashboard.cli", *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**inherited, **environment},
        check=False,
    )


def test_help_names_every_command(tmp_path: Path) -> None:
    done = call("--help", folder=tmp_path)
    assert done.returncode == 0
    for name in ("demo", "serve", "contract", "check", "evaluate"):
        assert f"\n  {name} " in done.stdout


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from dashboard.cli import plumbline;"
        "plumbline(['--help'], standalone_mode=False);"
        "print({'streamlit', 'pandas', 'shap', 'xgboost', 'sklearn'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert done.stdout.endswith("set()\n")


def test_an_unknown_command_is_refused(tmp_path: Path) -> None:
    done = call("deploy", folder=tmp_path)
    assert done.returncode == 2
    assert "No such command" in done.stderr


def test_serving_without_a_database_says_how_to_name_one(tmp_path: Path) -> None:
    done = call("serve", folder=tmp_path)
    assert done.returncode == 2
    assert "PLUMBLINE_SOURCE_URL" in done.stderr
    assert "Traceback" not in done.stderr


def test_serving_on_a_port_in_use_says_so_and_shows_no_url(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        url = "postgresql://reader:hidden@localhost/none"
        done = call("serve", "--port", port, folder=tmp_path, PLUMBLINE_SOURCE_URL=url)
    assert done.returncode == 2
    assert f"Port {port}" in done.stderr
    assert "hidden" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--tickets-per-year", "1"), "Tickets per year"),
        (("--years", "0"), "years"),
        (("--until", "tomorrow"), "--until"),
        (("--port", "0"), "--port"),
        (("--tickets", "absent.csv"), "absent.csv"),
    ],
)
def test_a_recipe_that_cannot_be_made_is_refused_before_anything_starts(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    folder = tmp_path / "data"
    done = call("demo", "--data-dir", str(folder), *arguments, folder=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert not folder.exists()


def test_every_option_of_the_demo_is_explained_or_shows_its_default(tmp_path: Path) -> None:
    done = call("demo", "--help", folder=tmp_path)
    for parameter in demo.params:
        assert parameter.opts[0] in done.stdout


def test_a_port_on_an_address_that_is_not_ours_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="--port"):
        require_free_port("192.0.2.1", 8501)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://localhost:8501"),
        ("::", "http://localhost:8501"),
        ("plumbline.example.org", "http://plumbline.example.org:8501"),
    ],
)
def test_the_address_is_one_that_a_browser_here_can_open(host: str, address: str) -> None:
    assert address_of(host, 8501) == address


def test_root_keeps_data_where_the_servers_user_can_reach_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert default_folder() == FOR_ROOT
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "plumbline"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_folder() == tmp_path / ".local/share/plumbline"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_polite_signals_unwind_like_ctrl_c(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), stopping_on_signals():
        signal.raise_signal(number)
    assert signal.getsignal(number) == before


def test_an_ignored_signal_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stopping_on_signals():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
