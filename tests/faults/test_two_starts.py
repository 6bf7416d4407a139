"""Two programs on one folder: the second learns who the first is, and nothing breaks."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboard.embedded import EmbeddedServer
from dashboard.embedded.lock import AlreadyRunningError
from tests.faults.conftest import answers, held_server


def test_the_second_is_told_the_process_and_the_address(server_folder: Path) -> None:
    with held_server(server_folder) as held:
        with pytest.raises(AlreadyRunningError) as refusal, EmbeddedServer(server_folder):
            pass
        assert str(held.app.pid) in str(refusal.value)
        assert "http://localhost:1234" in str(refusal.value)
        assert answers(held.url)


def test_two_folders_do_not_disturb_each_other(server_folder: Path) -> None:
    other = server_folder.with_name("other")
    with EmbeddedServer(server_folder) as first, EmbeddedServer(other) as second:
        assert answers(first.url())
        assert answers(second.url())


def test_the_folder_is_free_again_after_an_end(server_folder: Path) -> None:
    for _ in range(2):
        with EmbeddedServer(server_folder) as server:
            assert answers(server.url())


@pytest.mark.parametrize("note", ['{"pid": 1}', "{", "", "[]", '{"pid": "x"}', "null"])
def test_a_stale_lock_blocks_nobody(server_folder: Path, note: str) -> None:
    server_folder.mkdir(mode=0o755)
    (server_folder / "lock").touch()
    (server_folder / "running.json").write_text(note)
    with EmbeddedServer(server_folder) as server:
        assert answers(server.url())
