"""``plumbline alert``: exit codes for cron, JSON for machines, and sentences for people."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from dashboard.alerts.webhook import Patience
from dashboard.commands.alert import command
from dashboard.settings import settings
from queries.errors import InvalidInputError
from tests.conftest import connected
from tests.unit.test_gates_evaluate_command import AS_OF, ONE_GATE, add_batch

SECRET = "whsec_" + "QUJD" * 12
POLICY = ONE_GATE.replace(
    'title = "Test"\n', 'title = "Test"\n\n[alerts]\ngates = ["snapshots"]\n', 1
)

Run = Callable[..., Result]


@pytest.fixture
def run(contract_database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Run]:
    """Runs the command on an empty database of the contract, which it may also write."""
    (tmp_path / "policy.toml").write_text(POLICY, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "SOURCE_URL": contract_database,
        "OWN_URL": contract_database,
        "AS_OF": AS_OF.isoformat(),
        "POLICY_PATH": "policy.toml",
    }.items():
        monkeypatch.setenv(f"PLUMBLINE_{name}", value)
    settings.cache_clear()
    yield lambda *options: CliRunner().invoke(command, options, catch_exceptions=True)
    settings.cache_clear()


def outbox(url: str) -> list[tuple[str, str | None]]:
    with connected(url) as connection:
        rows = sa.text("SELECT kind, last_error FROM plumbline.webhook_outbox ORDER BY message_no")
        return [tuple(row) for row in connection.execute(rows)]


def test_an_alert_is_raised_listed_and_answered(run: Run, contract_database: str) -> None:
    add_batch(contract_database, lost=3)
    raised = run()
    assert raised.exit_code == 1
    assert "RAISED alert-" in raised.output
    assert "1 alerts stand" in raised.output
    found = re.search(r"alert-[0-9a-f]{16}", raised.output)
    assert found is not None
    again = run("--format", "json")
    assert again.exit_code == 1
    told = json.loads(again.output)
    assert (told["changes"], told["webhook"]) == ([], None)
    assert [item["state"] for item in told["standing"]] == ["open"]
    assert "answer by 20 Nov 2026 04:00 UTC" in run("list").output
    answer = ("acknowledge", found[0], "--by", "viewer-7", "--role", "qa", "--note", "looking")
    assert run(*answer).exit_code == 0
    assert "ACKNOWLEDGED" in run("list").output
    assert isinstance(run(*answer).exception, InvalidInputError)


def test_nothing_to_raise_leaves_with_zero(run: Run, contract_database: str) -> None:
    add_batch(contract_database, lost=0)
    quiet = run()
    assert (quiet.exit_code, "No alert stands." in quiet.output) == (0, True)
    assert run("list").output.strip() == "No alert stands."


def test_a_webhook_out_of_reach_loses_nothing(
    run: Run, contract_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_batch(contract_database, lost=3)
    monkeypatch.setenv("PLUMBLINE_WEBHOOK_URL", "http://127.0.0.1:9/")
    monkeypatch.setenv("PLUMBLINE_WEBHOOK_SECRET", SECRET)
    monkeypatch.setattr(Patience, "pause", lambda patience, attempt: 0.0)
    settings.cache_clear()
    raised = run()
    assert raised.exit_code == 3
    assert "1 wait for the next run: no connection" in raised.output
    assert outbox(contract_database) == [("alert.raised", "no connection")]
    assert run("deliver").exit_code == 3


@pytest.mark.parametrize(
    ("by", "note"), [("someone@example.org", "x"), ("First Last", "x"), ("viewer-7", " ")]
)
def test_an_answer_names_no_person_and_says_something(run: Run, by: str, note: str) -> None:
    refused = run("acknowledge", "alert-1", "--by", by, "--role", "qa", "--note", note)
    assert refused.exit_code == 2


@pytest.mark.parametrize("name", ["OWN_URL", "SOURCE_URL"])
def test_what_is_not_configured_is_named(
    run: Run, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(f"PLUMBLINE_{name}")
    settings.cache_clear()
    assert f"PLUMBLINE_{name}" in str(run().exception)


def test_a_policy_without_rules_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(ONE_GATE, encoding="utf-8")
    assert "names no gate that raises alerts" in str(run().exception)


def test_a_webhook_without_a_key_writes_nothing(
    run: Run, contract_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUMBLINE_WEBHOOK_URL", "https://example.org/hook")
    settings.cache_clear()
    assert "PLUMBLINE_WEBHOOK_SECRET" in str(run().exception)
    with connected(contract_database) as connection:
        assert not sa.inspect(connection).get_table_names(schema="plumbline")
