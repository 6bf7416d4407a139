"""``plumbline check``: exit codes, text, JSON, and a URL that is never repeated."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from dashboard.commands.check import command
from dashboard.settings import settings
from queries.database import own_engine
from tests.contract.contract_rows import insert, insert_all


@pytest.fixture(autouse=True)
def no_configuration(monkeypatch, tmp_path):
    monkeypatch.delenv("PLUMBLINE_SOURCE_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def database(contract_database, reader_url) -> str:
    engine = own_engine(contract_database)
    with engine.begin() as connection:
        insert_all(connection)
        insert(connection, "prediction_audit", prediction_id=7, ml_score=2.0)
    engine.dispose()
    return reader_url(contract_database)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments))


def test_a_clean_database_leaves_with_zero(contract_database, reader_url):
    result = run("--database-url", reader_url(contract_database))
    assert result.exit_code == 0
    assert result.stdout.rstrip().endswith("The database meets the contract.")


def test_findings_leave_with_one_and_end_in_a_sentence(database):
    result = run("--database-url", database)
    assert result.exit_code == 1
    assert "PROBLEM      prediction_audit.ml_score" in result.stdout
    assert "for example: prediction_id 7, ticket_id r1" in result.stdout
    assert "Only the last 30 days of data: prediction_audit" in result.stdout
    assert result.stdout.rstrip().endswith("not every number can be relied on.")
    assert max(map(len, result.stdout.splitlines())) <= 100


def test_json_is_what_the_help_text_says(database):
    result = run("--database-url", database, "--format", "json")
    document = json.loads(result.stdout)
    assert result.exit_code == document["exit_code"] == 1
    assert set(document) == {
        "contract_version",
        "server_version",
        "schema",
        "role",
        "exit_code",
        "summary",
        "relations",
        "rows_read",
        "findings",
    }
    (finding,) = document["findings"]
    assert finding == {
        "severity": "problem",
        "relation": "prediction_audit",
        "column": "ml_score",
        "message": "1 of 2 values is outside 0 to 1",
        "remedy": "Give shares and probabilities from 0 to 1.",
        "count": 1,
        "examples": ["prediction_id 7, ticket_id r1"],
    }
    help_text = run("--help").stdout
    assert all(name in help_text for name in (*document, *finding))


def test_the_url_may_come_from_the_environment(database, monkeypatch):
    monkeypatch.setenv("PLUMBLINE_SOURCE_URL", database)
    assert run().exit_code == 1


@pytest.mark.parametrize(
    "url",
    [
        "nonsense-s3cret",
        "mysql://user:s3cret@localhost/db",
        "postgresql://user:s3cret@localhost:s3cret/db",
        "postgresql://user:s3cret@localhost:1/db",
        "postgresql://user:s3cret@/db?host=/nowhere-s3cret",
        "postgresql://user:s3cret@localhost/db?s3cret=1",
    ],
)
@pytest.mark.parametrize("style", ["text", "json"])
def test_what_cannot_be_checked_leaves_with_two_and_keeps_the_password(url, style):
    result = run("--database-url", url, "--format", style)
    assert result.exit_code == 2
    assert "s3cret" not in result.output
    if style == "json":
        document = json.loads(result.stdout)
        assert document["exit_code"] == 2
        assert document["error"]
    else:
        assert result.stderr.startswith("Could not check: ")


def test_no_url_at_all_says_where_one_can_be_given():
    result = run()
    assert result.exit_code == 2
    assert "PLUMBLINE_SOURCE_URL" in result.output


def test_an_unknown_schema_leaves_with_two(database):
    result = run("--database-url", database, "--schema", "nowhere")
    assert result.exit_code == 2
    assert "no schema “nowhere”" in result.output
