"""``plumbline evaluate``: verdicts as exit codes, text, JSON and rows of the ledger."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from components.gates.policy import load_policy
from dashboard.commands.evaluate import command, parse_as_of, record_history
from dashboard.settings import settings
from queries.contract import migration_batches
from queries.database import own_engine, read
from queries.errors import InvalidInputError
from queries.gate_history import gate_history
from queries.ledger import verify_chain
from tests.unit.test_policy import VALID

AS_OF = datetime(2026, 11, 20, tzinfo=UTC)
ONE_GATE = (
    VALID.replace("audit.snapshot_completeness", "batches.unbalanced")
    .replace('unit = "share"', 'unit = "count"')
    .replace('"at_least"', '"at_most"')
    .replace("threshold = 0.75\nwarn = 0.80\nminimum_n = 100", "threshold = 0\nminimum_n = 1")
    .replace("maximum_age_days = 3", "maximum_age_days = 30")
)

Run = Callable[..., Result]


@pytest.fixture
def run(contract_database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Run]:
    """Runs the command on an empty database of the contract, which it may also write."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLUMBLINE_SOURCE_URL", contract_database)
    monkeypatch.setenv("PLUMBLINE_OWN_URL", contract_database)
    monkeypatch.setenv("PLUMBLINE_AS_OF", AS_OF.isoformat())
    settings.cache_clear()
    yield lambda *options: CliRunner().invoke(command, options)
    settings.cache_clear()


@pytest.fixture
def one_gate(tmp_path: Path) -> str:
    path = tmp_path / "one.toml"
    path.write_text(ONE_GATE, encoding="utf-8")
    return str(path)


def add_batch(url: str, *, lost: int) -> None:
    values = {
        "batch_id": "live-1-members",
        "attempt": 1,
        "run_id": "live-1",
        "run_kind": "live",
        "run_number": 1,
        "source_system": "PENSYS",
        "target_table": "members",
        "started_at": AS_OF - timedelta(days=2),
        "finished_at": AS_OF - timedelta(days=2, hours=-1),
        "extracted": 1000,
        "loaded": 1000 - lost,
        "rejected": 0,
        "filtered": 0,
        "status": "completed",
    }
    engine = own_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.insert(migration_batches).values(values))
    engine.dispose()


def test_no_evidence_holds(run: Run) -> None:
    result = run()
    assert result.exit_code == 1
    assert result.output.startswith("HOLD as of 20 Nov 2026 00:00 UTC")
    assert load_policy().short_version in result.output
    assert "RISE migration" in result.output


@pytest.mark.parametrize(("lost", "code", "word"), [(0, 0, "GO"), (3, 2, "NO_GO")])
def test_exit_code_and_json_say_the_verdict(
    run: Run, contract_database: str, one_gate: str, lost: int, code: int, word: str
) -> None:
    add_batch(contract_database, lost=lost)
    result = run("--policy", one_gate, "--format", "json")
    document = json.loads(result.output)
    assert (result.exit_code, document["exit_code"], document["verdict"]) == (code, code, word)
    assert document["gates"][0]["judged"] == str(min(lost, 1))
    assert document["decisions"][0]["blocking"] == (["snapshots[all]"] if lost else [])


def test_text_names_who_acts(run: Run, contract_database: str, one_gate: str) -> None:
    add_batch(contract_database, lost=3)
    output = run("--policy", one_gate).output
    assert output.startswith("NO-GO")
    assert "over the limit of 0" in output
    assert "→ Lead: Look." in output


def test_an_evaluation_is_recorded_once(run: Run, contract_database: str) -> None:
    assert "not" not in run("--record").output.splitlines()[2]
    assert "recorded before as row 1 of the ledger" in run("--record").output
    assert json.loads(run("--record", "--format", "json").output)["recorded_as"] == 1
    assert "recorded as row 2" in run("--record", "--as-of", "2026-11-18").output
    engine = own_engine(contract_database)
    assert read(engine, verify_chain).intact
    engine.dispose()


def test_history_is_recorded_week_by_week(run: Run, contract_database: str) -> None:
    assert run is not None
    assert record_history(contract_database, contract_database, AS_OF, weeks=5) == 5
    assert record_history(contract_database, contract_database, AS_OF, weeks=5) == 0
    engine = own_engine(contract_database)
    rows = read(engine, lambda connection: gate_history(connection, AS_OF)).rows
    engine.dispose()
    assert sorted({row.as_of for row in rows}) == [
        AS_OF - timedelta(weeks=ago) for ago in (4, 3, 2, 1, 0)
    ]


@pytest.mark.parametrize(
    "options",
    [
        ("--nonsense",),
        ("--format", "xml"),
        ("--as-of", "yesterday"),
        ("--as-of", "2026-11-21"),
        ("--as-of", "2026-11-19T12:00"),
        ("--policy", "missing.toml"),
        ("--database-url", "sqlite://secret-place"),
        ("--database-url", "postgresql://user:secret-place@127.0.0.1:1/none"),
        ("--database-url", "postgresql://user:pw@host:secret-place/none"),
        ("--format", "json", "--policy", "missing.toml"),
    ],
)
def test_what_cannot_be_evaluated_leaves_with_three(run: Run, options: tuple[str, ...]) -> None:
    result = run(*options)
    assert result.exit_code == 3
    assert "secret-place" not in result.output
    if "json" in options:
        assert json.loads(result.output)["exit_code"] == 3


def test_without_a_database_it_says_what_to_set(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PLUMBLINE_SOURCE_URL")
    settings.cache_clear()
    result = run()
    assert result.exit_code == 3
    assert "PLUMBLINE_SOURCE_URL" in result.output


def test_a_day_means_its_end_but_never_the_future() -> None:
    latest = datetime(2026, 11, 20, 9, tzinfo=UTC)
    assert parse_as_of("2026-11-18", latest) == datetime(2026, 11, 19, tzinfo=UTC)
    assert parse_as_of("2026-11-20", latest) == latest
    assert parse_as_of("2026-11-20T08:00+00:00", latest).hour == 8
    with pytest.raises(InvalidInputError, match="nothing to judge"):
        parse_as_of("2026-11-21", latest)
