"""The server under other users: root steps down, an ordinary user needs nothing special."""

from __future__ import annotations

import os
import pwd
import shutil
import sys
from pathlib import Path

import psutil
import pytest

from dashboard.embedded import EmbeddedServer
from dashboard.embedded.account import Account, can_enter, server_account
from dashboard.embedded.binaries import CHOICE_VARIABLE, find_binaries, wheel_folder
from queries.errors import InvalidInputError
from tests.conftest import open_folder
from tests.faults.conftest import answers, held_server

AS_ROOT = os.geteuid() == 0


def test_the_server_never_runs_as_root(server_folder: Path) -> None:
    with EmbeddedServer(server_folder) as server:
        trace = (server.data / "postmaster.pid").read_text().split()
        assert psutil.Process(int(trace[0])).uids().real != 0
        mode = server.sockets.stat().st_mode
    assert mode & 0o777 == 0o700


def test_no_tcp_port_is_opened(server_folder: Path) -> None:
    with EmbeddedServer(server_folder) as server:
        trace = (server.data / "postmaster.pid").read_text().split()
        assert psutil.Process(int(trace[0])).net_connections("inet") == []


def test_postgresql_variables_of_the_user_do_not_reach_the_server(
    server_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "5999")
    monkeypatch.setenv("PGDATA", "/nonexistent")
    monkeypatch.setenv("LC_ALL", "xx_XX.UTF-8")
    with EmbeddedServer(server_folder) as server:
        assert answers(server.url())


if AS_ROOT:

    def nobody() -> Account:
        entry = pwd.getpwnam("nobody")
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)

    def as_nobody() -> tuple[str, ...]:
        """A command prefix that steps down to an ordinary user.

        Where this interpreter lies in a folder that only root can enter, the user is lent the
        right to read it; nothing else of root is left.
        """
        user = nobody()
        step_down = (
            "setpriv",
            f"--reuid={user.uid}",
            f"--regid={user.gid}",
            "--clear-groups",
        )
        needed = (Path(sys.executable).resolve().parent, Path(__file__).parents[2])
        if all(can_enter(folder, user) for folder in needed):
            return step_down
        return (*step_down, "--inh-caps=+dac_override", "--ambient-caps=+dac_override")

    def test_an_ordinary_user_runs_it_too() -> None:
        user = nobody()
        with open_folder() as base:
            os.chown(base, user.uid, user.gid)
            environment = {**os.environ, "HOME": str(base)}
            folder = base / "data folder"
            with held_server(folder, prefix=as_nobody(), environment=environment) as held:
                assert answers(held.url)
                assert held.postmaster.uids().real == user.uid
                assert held.supervisor.uids().real == user.uid
                assert folder.stat().st_mode & 0o777 == 0o700
                held.app.kill()
                held.postmaster.wait(60)

    def test_binaries_that_only_root_can_reach_are_copied_once(
        server_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        wheel = wheel_folder()
        assert wheel is not None
        closed = tmp_path / "closed home"
        package = wheel.parents[1]
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.is_dir():
                shutil.copytree(part, closed / part.name, symlinks=True)
        closed.chmod(0o700)
        monkeypatch.setenv(CHOICE_VARIABLE, str(closed / wheel.relative_to(package.parent)))
        assert not can_enter(closed, server_account())
        with EmbeddedServer(server_folder) as server:
            assert answers(server.url())
            copy = server.binaries.folder
            assert copy.is_relative_to(server_folder)
            made = copy.stat().st_ctime_ns
        with EmbeddedServer(server_folder) as server:
            assert server.binaries.folder.stat().st_ctime_ns == made
        assert closed.stat().st_mode & 0o777 == 0o700

    def test_a_folder_that_the_server_cannot_enter_is_refused_with_a_way_out(
        tmp_path: Path,
    ) -> None:
        tmp_path.chmod(0o700)
        (tmp_path / "data").mkdir()
        with (
            pytest.raises(InvalidInputError, match="--data-dir"),
            EmbeddedServer(tmp_path / "data"),
        ):
            pass

else:

    def test_we_need_nobody_to_step_down_to() -> None:
        assert server_account() is None

    def test_a_folder_that_cannot_be_written_is_refused(server_folder: Path) -> None:
        server_folder.mkdir(mode=0o500)
        with pytest.raises(InvalidInputError, match="--data-dir"), EmbeddedServer(server_folder):
            pass


def test_the_folder_must_not_be_a_file(server_folder: Path) -> None:
    server_folder.write_text("")
    with pytest.raises(InvalidInputError, match="--data-dir"), EmbeddedServer(server_folder):
        pass


def test_both_kinds_of_binaries_are_known_by_their_version(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(CHOICE_VARIABLE, raising=False)
    wheel = wheel_folder()
    assert wheel is not None
    assert find_binaries(wheel).major == 16
    assert find_binaries().major >= 15
