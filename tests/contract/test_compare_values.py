"""What a run says of single values, of a specification that does not fit, and on the screen."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from dashboard.commands.reconcile import command
from dashboard.reconcile.spec import SpecificationError
from dashboard.settings import settings
from tests.contract.members_pair import (
    SPEC,
    change,
    ledger,
    members,
    run,
    sqlite_copy,
)


@pytest.fixture
def database(server_url: str) -> Iterator[str]:
    with members(server_url) as url:
        yield url


def test_text_that_postgres_cannot_hold_is_spelt_out(database: str, tmp_path: Path) -> None:
    start = sqlite_copy(database, tmp_path / "old.sqlite")
    with sqlite3.connect(tmp_path / "old.sqlite") as copy:
        copy.execute("UPDATE old_members SET name = 'a' || char(0) || 'b' WHERE id = 1")
        copy.execute("UPDATE old_members SET name = CAST(x'ff61' AS TEXT) WHERE id = 2")
    copy.close()
    rows = ledger(database, run(start, database))
    assert [row.source_value for row in rows] == ["a\\x00b", "\\udcffa"]


def test_no_digit_of_a_time_is_lost_and_no_zone_makes_a_difference(
    database: str, tmp_path: Path
) -> None:
    """SQLite keeps times as text, finer than PostgreSQL's microsecond and in any zone."""
    start = sqlite_copy(database, tmp_path / "old.sqlite")
    with sqlite3.connect(tmp_path / "old.sqlite") as copy:
        for number, text in (
            (1, "2024-01-01T00:00:01.0000001Z"),
            (2, "2023-12-31 19:00:02.000000-05:00"),
            (3, "2024-01-01T00:00:03.0000000Z"),
        ):
            copy.execute("UPDATE old_members SET at = ? WHERE id = ?", (text, number))
    copy.close()
    (row,) = ledger(database, run(start, database))
    assert (row.key, row.field, row.source_value) == (
        ["1"],
        "at",
        "2024-01-01 00:00:01.0000001",
    )


@pytest.mark.parametrize(
    ("more", "line", "words"),
    [
        ('ignore_source = ["nope"]', 12, "nope"),
        ('[[table.field]]\nname = "nme"', 12, "has no column nme"),
        ('[[table.field]]\nname = "name"\ntolerance_absolute = 1', 14, "numbers"),
        ('[[table.field]]\nname = "x"\nsource = "name"\ntarget = "amount"', 12, "joins numeric"),
        ('ignore_source = ["state"]', 7, "no partner"),
    ],
)
def test_what_does_not_fit_the_relations_is_told_with_its_line(
    database: str, more: str, line: int, words: str
) -> None:
    with pytest.raises(SpecificationError) as refusal:
        run(database, database, more=more)
    assert f"line {line}: " in str(refusal.value)
    assert words in str(refusal.value)


def test_the_command_tells_the_defects_and_the_exit_code(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUMBLINE_OWN_URL", database)
    monkeypatch.setenv("PAIR_URL", database)
    settings.cache_clear()
    path = tmp_path / "pair.toml"
    text = SPEC.format(source="", target="", relation="old_members", more="")
    path.write_text(text.replace('url = ""', 'url_env = "PAIR_URL"'))
    equal = CliRunner().invoke(command, [str(path)])
    assert (equal.exit_code, "Source and target agree." in equal.output) == (0, True)
    change(database, "UPDATE new_members SET name = upper(name) WHERE id % 2 = 0")
    different = CliRunner().invoke(command, [str(path), "--changed"])
    settings.cache_clear()
    assert different.exit_code == 1
    assert (
        "10,000 of 10,000 differences are one rule: members.name, became upper case (100%)."
        in different.output
    )
    assert database not in different.output
