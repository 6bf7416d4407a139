"""Gates on model files over the sample: planted defects named, nothing on the clean one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from components.artifacts import assess_evidence as metrics
from components.gates.assess import evaluate
from components.gates.evidence import Evidence
from components.gates.policy import load_policy
from components.gates.status import Status
from dashboard import cache
from dashboard.collectors import COLLECTORS
from dashboard.commands.verify_artifacts import command
from dashboard.evidence import gather
from dashboard.settings import settings
from queries.database import own_engine, source_engine
from queries.ledger import verify_chain
from tests.conftest import SAMPLE_UNTIL, connected

Found = dict[str, Evidence]
_OURS = tuple(one for one in COLLECTORS if one.name in {"model files", "drills"})


@pytest.fixture
def configured(
    monkeypatch: pytest.MonkeyPatch, models_of: Callable[[str], Path]
) -> Iterator[Callable[..., None]]:
    """Set the options: ``configured(url, models=…, OWN_URL=…)``."""

    def set_(url: str, models: Path | None = None, **more: str) -> None:
        folder = models or models_of(url)
        given = {
            "SOURCE_URL": url,
            "MODELS_DIR": str(folder),
            "KEYS_DIR": str(folder / "keys"),
            "AS_OF": SAMPLE_UNTIL.isoformat(),
            **more,
        }
        for name in ("OWN_URL", *given):
            monkeypatch.delenv(f"PLUMBLINE_{name}", raising=False)
        for name, value in given.items():
            if value:
                monkeypatch.setenv(f"PLUMBLINE_{name}", value)
        settings.cache_clear()

    yield set_
    cache.forget()


def measured(url: str, as_of: Any = SAMPLE_UNTIL) -> Found:
    engine, own_url = own_engine(url), settings().own_url
    own = source_engine(own_url.get_secret_value()) if own_url is not None else None
    try:
        found = gather(engine, load_policy(None), as_of, _OURS, own)
    finally:
        engine.dispose()
        if own is not None:
            own.dispose()
    return {item.metric: item for item in found}


def status_of(found: Found, gate: str) -> Status:
    policy = load_policy(None)
    candidate = found[metrics.CANDIDATE_INVALID].candidate
    judged = evaluate(policy, tuple(found.values()), now=SAMPLE_UNTIL, candidate=candidate)
    result = judged.gate(gate)
    assert result is not None
    return result.status


def test_every_metric_has_a_gate() -> None:
    wanted = {item.metric for item in load_policy(None).requirements}

    assert set(metrics.FILE_METRICS + metrics.DRILL_METRICS) <= wanted


def test_the_planted_candidate_is_found_and_named(
    sample_database: str, configured: Callable[..., None]
) -> None:
    configured(sample_database)
    found = measured(sample_database)

    assert found[metrics.PRODUCTION_INVALID].value == 0
    candidate = found[metrics.CANDIDATE_INVALID]
    assert (candidate.value, candidate.n) == (2, 2)
    assert "the manifest's role is “retired”, it should be “candidate”" in candidate.sentence
    assert status_of(found, "candidate_signature") is Status.FAIL
    assert status_of(found, "production_signature") is Status.PASS
    assert status_of(found, "rollback_ready") is Status.PASS
    assert status_of(found, "rollback_drill") is Status.PASS
    assert status_of(found, "demote_drill") is Status.FAIL


def test_nothing_is_found_on_the_clean_sample(
    clean_database: str, configured: Callable[..., None]
) -> None:
    configured(clean_database)
    found = measured(clean_database)

    assert found[metrics.PRODUCTION_INVALID].value == 0
    assert found[metrics.CANDIDATE_INVALID].value == 0
    assert found[metrics.ROLLBACK_TARGETS].value == 1
    assert found[metrics.ROLLBACK_UNLOADABLE].value == 0
    for gate in (
        "production_signature",
        "candidate_signature",
        "rollback_ready",
        "rollback_loadable",
        "rollback_drill",
        "demote_drill",
    ):
        assert status_of(found, gate) is Status.PASS, gate


def test_an_altered_production_file_fails_its_gate(
    clean_database: str,
    configured: Callable[..., None],
    models_of: Callable[[str], Path],
    tmp_path: Path,
) -> None:
    models = copied(models_of(clean_database), tmp_path)
    flip(models / "risk_model_latest.joblib")
    flip(next(models.glob("risk_model_*.ubj")))
    configured(clean_database, models)
    found = measured(clean_database)

    assert found[metrics.PRODUCTION_INVALID].value == 1
    assert "was changed after it was signed" in found[metrics.PRODUCTION_INVALID].sentence
    assert status_of(found, "production_signature") is Status.FAIL


def test_a_lost_way_back_fails_its_gate(
    clean_database: str,
    configured: Callable[..., None],
    models_of: Callable[[str], Path],
    tmp_path: Path,
) -> None:
    models = copied(models_of(clean_database), tmp_path)
    with connected(clean_database) as connection:
        path = connection.scalar(
            sa.text("SELECT path FROM model_artifacts WHERE role = 'rollback' AND path LIKE '%ubj'")
        )
    (models / str(path)).unlink()
    configured(clean_database, models)
    found = measured(clean_database)

    assert found[metrics.ROLLBACK_TARGETS].value == 0
    assert status_of(found, "rollback_ready") is Status.FAIL


def test_without_a_folder_the_gates_say_no_data(
    sample_database: str, configured: Callable[..., None]
) -> None:
    configured(sample_database, MODELS_DIR="")

    assert set(measured(sample_database)) == set(metrics.DRILL_METRICS)


def test_files_of_today_say_nothing_about_an_earlier_day(
    sample_database: str, configured: Callable[..., None]
) -> None:
    configured(sample_database)

    earlier = measured(sample_database, SAMPLE_UNTIL - timedelta(days=14))

    assert set(earlier) == set(metrics.DRILL_METRICS)


def test_the_command_names_every_failure_and_records_it(
    sample_database: str, empty_database: str, configured: Callable[..., None]
) -> None:
    configured(sample_database, OWN_URL=empty_database)

    result: Result = CliRunner().invoke(command, [])

    assert result.exit_code == 1, result.output
    assert "INTEGRITY FAILURE in 3 of" in result.output
    assert "altered: the digest of the file" in result.output
    assert "another role: the manifest's role is “retired”" in result.output
    assert "gives its recorded score" in result.output
    with connected(empty_database) as connection:
        rows = connection.execute(
            sa.text("SELECT path, fault, loadable, probe, occasion FROM plumbline.artifact_checks")
        ).all()
        assert sorted(str(row.fault) for row in rows if row.fault) == [
            "altered",
            "another role",
            "another role",
        ]
        assert {row.occasion for row in rows} == {"scheduled"}
        assert verify_chain(connection).intact


def test_the_record_speaks_where_no_file_can_be_read(
    sample_database: str, empty_database: str, configured: Callable[..., None]
) -> None:
    configured(sample_database, OWN_URL=empty_database)
    CliRunner().invoke(command, [])
    live = measured(sample_database)
    configured(sample_database, OWN_URL=empty_database, MODELS_DIR="")

    found = measured(sample_database)

    for metric in metrics.FILE_METRICS:
        assert (found[metric].value, found[metric].n) == (live[metric].value, live[metric].n)
    assert status_of(found, "candidate_signature") is Status.FAIL
    assert status_of(found, "rollback_ready") is Status.PASS


def test_the_command_on_the_clean_sample(
    clean_database: str, configured: Callable[..., None]
) -> None:
    configured(clean_database)

    result = CliRunner().invoke(command, ["--format", "json"])

    document = json.loads(result.output)
    assert result.exit_code == document["exit_code"] == 0
    assert all(item["sound"] for item in document["files"])
    assert all(item["probe"] == "gives its recorded score" for item in document["models"])
    assert document["run_id"] is None


def test_the_command_without_files_or_folder(
    contract_database: str, configured: Callable[..., None], tmp_path: Path
) -> None:
    configured(contract_database, tmp_path)
    empty = CliRunner().invoke(command, [])
    configured(contract_database, tmp_path, MODELS_DIR="")
    unset = CliRunner().invoke(command, [])

    assert empty.exit_code == 1
    assert "No model file is registered" in empty.output
    assert unset.exit_code == 2
    assert "PLUMBLINE_MODELS_DIR" in unset.output


def copied(models: Path, folder: Path) -> Path:
    return Path(shutil.copytree(models, folder / "models"))


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)
