"""The sample that the demo keeps: whole or not at all, and built anew only when it must be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from dashboard.embedded import EmbeddedServer, databases
from dashboard.kept_sample import DATABASE, RECORD, SCRATCH, KeptSample, Record
from dashboard.sample.recipe import Recipe
from tests.faults.conftest import execute

UNTIL = datetime(2026, 11, 1, tzinfo=UTC)
RECIPE = Recipe(until=UNTIL)


class Interrupted(BaseException):
    """Stands for Ctrl-C."""


@pytest.fixture
def server(server_folder: Path) -> Iterator[EmbeddedServer]:
    with EmbeddedServer(server_folder) as running:
        yield running


def make(server: EmbeddedServer, content: int, recipe: Recipe = RECIPE) -> Record:
    def fill(database: str, models: Path) -> datetime:
        execute(server.url(database), f"CREATE TABLE content AS SELECT {content} AS a")
        (models / "model.json").write_text(str(content))
        return recipe.until

    return KeptSample(server).replace(recipe, fill)


def interrupt(server: EmbeddedServer) -> None:
    def fill(database: str, models: Path) -> datetime:
        execute(server.url(database), "CREATE TABLE half AS SELECT 1 AS a")
        (models / "half.json").write_text("{")
        raise Interrupted

    with pytest.raises(Interrupted):
        KeptSample(server).replace(RECIPE, fill)


def content(server: EmbeddedServer) -> int:
    with databases.administering(server.url(DATABASE)) as connection:
        return int(connection.execute(sa.text("SELECT a FROM content")).scalar_one())


def model_folders(server: EmbeddedServer) -> list[str]:
    return sorted(path.name for path in server.folder.glob("models-*"))


def test_a_sample_is_kept_for_the_same_recipe(server: EmbeddedServer) -> None:
    record = make(server, 1)
    assert KeptSample(server).suits(RECIPE, UNTIL) == record
    assert content(server) == 1


def test_a_new_day_alone_does_not_spoil_it(server: EmbeddedServer) -> None:
    record = make(server, 1)
    tomorrow = replace(RECIPE, until=UNTIL + timedelta(days=1))
    assert KeptSample(server).suits(tomorrow, None) == record
    assert KeptSample(server).suits(tomorrow, tomorrow.until) is None


@pytest.mark.parametrize(
    "change", [{"tickets_per_year": 61_000}, {"years": 2.0}, {"seed": 8}, {"clean": True}]
)
def test_another_recipe_is_another_sample(
    server: EmbeddedServer, change: dict[str, float | bool]
) -> None:
    make(server, 1)
    assert KeptSample(server).suits(replace(RECIPE, **change), None) is None


def test_another_content_of_the_ticket_file_is_another_sample(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    tickets, mapping = tmp_path / "tickets.csv", tmp_path / "mapping.toml"
    tickets.write_text("a\n1\n")
    mapping.write_text("")
    recipe = replace(RECIPE, tickets_csv=tickets, mapping=mapping)
    make(server, 1, recipe)
    assert KeptSample(server).suits(recipe, None) is not None
    tickets.write_text("a\n2\n")
    assert KeptSample(server).suits(recipe, None) is None


def test_an_interrupted_first_build_leaves_nothing_that_counts(server: EmbeddedServer) -> None:
    interrupt(server)
    assert KeptSample(server).suits(RECIPE, None) is None
    make(server, 2)
    assert content(server) == 2
    assert len(model_folders(server)) == 1


def test_an_interrupted_second_build_leaves_the_first_sample_whole(
    server: EmbeddedServer,
) -> None:
    record = make(server, 1)
    interrupt(server)
    assert KeptSample(server).suits(RECIPE, None) == record
    assert content(server) == 1


def test_a_second_build_replaces_the_first_and_its_models(server: EmbeddedServer) -> None:
    make(server, 1)
    record = make(server, 2)
    assert content(server) == 2
    assert model_folders(server) == [record.models]
    with databases.administering(server.url()) as connection:
        assert SCRATCH not in databases.names(connection)


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"until": 1}', "\x00\xff"])
def test_a_damaged_record_counts_as_none(server: EmbeddedServer, damage: str) -> None:
    make(server, 1)
    (server.folder / RECORD).write_text(damage)
    assert KeptSample(server).suits(RECIPE, None) is None
    make(server, 2)
    assert content(server) == 2


def test_a_record_without_its_database_counts_as_none(server: EmbeddedServer) -> None:
    make(server, 1)
    with databases.administering(server.url()) as connection:
        databases.drop(connection, DATABASE)
    assert KeptSample(server).suits(RECIPE, None) is None
