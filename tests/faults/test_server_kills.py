"""Whatever is killed, no server is left behind for long, and the next start works."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from dashboard.embedded import EmbeddedServer
from dashboard.embedded.processes import has_ended, server_processes
from queries.errors import PlumblineError
from tests.faults.conftest import answers, eventually, execute, held_server


def test_an_ordinary_end_stops_the_server_and_removes_its_socket(server_folder: Path) -> None:
    with EmbeddedServer(server_folder) as server:
        assert answers(server.url())
    assert server_processes(server.data) == []
    assert not server.sockets.exists()


def test_an_error_in_the_block_stops_the_server(server_folder: Path) -> None:
    server = EmbeddedServer(server_folder)
    with pytest.raises(RuntimeError), server:
        raise RuntimeError("the app's own")
    assert server_processes(server.data) == []


def test_the_server_ends_when_its_app_is_killed(server_folder: Path) -> None:
    with held_server(server_folder) as held:
        held.app.kill()
        eventually(lambda: not server_processes(held.data), "the server has stopped")
        eventually(lambda: has_ended(held.supervisor), "the supervisor has ended")


def test_data_survive_the_death_of_the_app(server_folder: Path) -> None:
    with held_server(server_folder) as held:
        execute(held.url, "CREATE TABLE kept AS SELECT 1 AS a")
        held.app.kill()
    with EmbeddedServer(server_folder) as server:
        execute(server.url(), "INSERT INTO kept VALUES (2)")


def test_a_killed_postmaster_comes_back_under_the_same_url(server_folder: Path) -> None:
    with EmbeddedServer(server_folder) as server:
        for process in server_processes(server.data):
            if process.pid == int((server.data / "postmaster.pid").read_text().split()[0]):
                process.kill()
                process.wait()
        eventually(lambda: answers(server.url()), "the server answers again")
    assert server_processes(server.data) == []


def test_a_killed_supervisor_is_replaced(server_folder: Path) -> None:
    with held_server(server_folder) as held:
        orphan = held.postmaster
        held.supervisor.kill()
        eventually(lambda: has_ended(orphan), "the orphaned server was stopped")
        eventually(lambda: answers(held.url), "its successor answers under the same URL")
        held.app.stdin.close()
        held.app.wait()
        assert server_processes(held.data) == []


def test_a_supervisor_killed_just_before_the_end_leaves_no_server(server_folder: Path) -> None:
    with held_server(server_folder) as held:
        held.supervisor.kill()
        held.app.stdin.close()
        held.app.wait()
        assert server_processes(held.data) == []


def test_the_next_start_stops_an_orphan_when_app_and_supervisor_were_killed(
    server_folder: Path,
) -> None:
    with held_server(server_folder) as held:
        orphan = held.postmaster
        held.app.kill()
        held.supervisor.kill()
        with EmbeddedServer(server_folder) as server:
            assert answers(server.url())
            assert has_ended(orphan)


def test_a_pid_file_that_names_another_program_blocks_nobody(server_folder: Path) -> None:
    with EmbeddedServer(server_folder) as server:
        data = server.data
    bystander = subprocess.Popen(["sleep", "600"])
    try:
        (data / "postmaster.pid").write_text(
            f"{bystander.pid}\n{data}\n1\n5432\n/tmp\n\n0\nready\n"
        )
        with EmbeddedServer(server_folder) as server:
            assert answers(server.url())
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_an_interrupted_set_up_is_done_again(server_folder: Path) -> None:
    with EmbeddedServer(server_folder) as server:
        data = server.data
    data.rename(data.with_name(data.name + ".partial"))
    with EmbeddedServer(server_folder) as server:
        assert answers(server.url())


def test_a_server_that_cannot_start_says_what_its_log_says(server_folder: Path) -> None:
    with EmbeddedServer(server_folder) as server:
        data = server.data
    (data / "global" / "pg_control").unlink()
    with pytest.raises(PlumblineError, match="pg_control"), EmbeddedServer(server_folder):
        pass
