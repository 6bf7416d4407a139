"""Which PostgreSQL is chosen, tried with small programs that print a version."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboard.embedded import binaries
from dashboard.embedded.binaries import CHOICE_VARIABLE, find_binaries, inspect, wheel_folder
from queries.errors import InvalidInputError, PlumblineError


def make_install(folder: Path, version: str) -> Path:
    """A folder whose ``postgres`` only knows its version."""
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        program = folder / name
        program.write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
        program.chmod(0o755)
    return folder


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with one folder of installations and nothing on the path."""
    monkeypatch.delenv(CHOICE_VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    root = tmp_path / "postgresql"
    monkeypatch.setattr(binaries, "SYSTEM_FOLDERS", ((root, "*/bin"),))
    return root


@pytest.mark.parametrize(
    ("printed", "major", "version"),
    [
        ("15.20 (Debian 15.20-0+deb12u1)", 15, "15.20"),
        ("16.14", 16, "16.14"),
        ("18beta1", 18, "18beta1"),
        ("19devel", 19, "19devel"),
        ("9.6.24", 9, "9.6"),
    ],
)
def test_versions_are_read(tmp_path: Path, printed: str, major: int, version: str) -> None:
    found = inspect(make_install(tmp_path / "bin", printed))
    assert found is not None
    assert (found.major, found.version) == (major, version)


def test_the_newest_of_the_machine_comes_before_the_wheel(bare_machine: Path) -> None:
    for version in ("9.6", "15", "17"):
        make_install(bare_machine / version / "bin", f"{version}.1")
    assert find_binaries().folder == bare_machine / "17" / "bin"


def test_an_old_one_is_passed_over_for_the_wheel(bare_machine: Path) -> None:
    make_install(bare_machine / "14" / "bin", "14.9")
    assert find_binaries().folder == wheel_folder()


def test_one_that_does_not_run_is_passed_over(bare_machine: Path) -> None:
    broken = make_install(bare_machine / "17" / "bin", "17.1")
    (broken / "postgres").write_text("not a program")
    assert find_binaries().folder == wheel_folder()


def test_pg_config_on_the_path_comes_first(
    bare_machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_install(bare_machine / "17" / "bin", "17.1")
    own = make_install(tmp_path / "own builds" / "bin", "16.1")
    on_path = tmp_path / "path"
    on_path.mkdir()
    program = on_path / "pg_config"
    program.write_text(f"#!/bin/sh\necho '{own}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(on_path))
    assert find_binaries().folder == own


def test_a_named_folder_wins(
    bare_machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_install(bare_machine / "17" / "bin", "17.1")
    named = make_install(tmp_path / "named" / "bin", "15.1")
    monkeypatch.setenv(CHOICE_VARIABLE, str(named))
    assert find_binaries().folder == named


@pytest.mark.parametrize("version", ["14.9", None])
def test_a_named_folder_that_will_not_do_is_an_error_not_a_fallback(
    bare_machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str | None
) -> None:
    named = tmp_path / "named"
    if version:
        make_install(named, version)
    monkeypatch.setenv(CHOICE_VARIABLE, str(named))
    with pytest.raises(InvalidInputError, match=CHOICE_VARIABLE):
        find_binaries()


def test_without_any_the_message_says_what_to_do(
    bare_machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binaries, "wheel_folder", lambda: None)
    with pytest.raises(PlumblineError, match="Install one"):
        find_binaries()
