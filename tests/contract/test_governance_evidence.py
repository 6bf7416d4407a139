"""Evidence from suites, registers and reviewed tickets: planted defects named, none when clean."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from components.artifacts import assess_harm
from components.gates.evidence import Evidence
from components.gates.policy import load_policy
from dashboard import evidence_governance as governed
from dashboard.collectors import COLLECTORS
from dashboard.evidence import gather
from dashboard.sample.city import REGIONS
from dashboard.settings import settings
from queries import contract
from queries.database import own_engine
from tests.conftest import SAMPLE_UNTIL
from tests.contract.contract_rows import valid_row

_NAMES = {
    "production model", "suites", "findings", "changes", "audit events", "training data", "ledger",
}  # fmt: skip
_OURS = tuple(one for one in COLLECTORS if one.name in _NAMES)
UNMEASURED = {
    "privacy.exposures",
    "governance.documents_current",
    "signoff.conflicts",
    "signoff.valid_signatures",
    "waivers.expired",
    "load.cutover_ratio",
    "migration.evidence_pack_items",
}
"""What no table of the contract says: documents, signatures and waivers are not built yet."""


@pytest.fixture
def measured(
    monkeypatch: pytest.MonkeyPatch, models_of: Callable[[str], Path]
) -> Iterator[Callable[[str], dict[str, Evidence]]]:
    def of(url: str) -> dict[str, Evidence]:
        monkeypatch.setenv("PLUMBLINE_MODELS_DIR", str(models_of(url)))
        monkeypatch.setenv("PLUMBLINE_KEYS_DIR", str(models_of(url) / "keys"))
        settings.cache_clear()
        engine = own_engine(url)
        try:
            found = gather(engine, load_policy(None), SAMPLE_UNTIL, _OURS, engine)
        finally:
            engine.dispose()
        return {item.metric: item for item in found}

    yield of
    settings.cache_clear()


def test_every_metric_of_the_policy_is_measured_but_those_that_no_table_holds() -> None:
    wanted = {item.metric for item in load_policy(None).requirements}
    known = {metric for one in COLLECTORS for metric in one.metrics}

    assert wanted - known == UNMEASURED
    assert known - wanted == set()


def test_planted_defects_of_suites_and_registers_are_named(
    sample_database: str, measured: Callable[[str], dict[str, Evidence]]
) -> None:
    found = measured(sample_database)

    assert found["golden.training_overlap"].value == 3
    assert found["golden.training_overlap"].attempts == 2
    assert found["llm.out_of_scope"].n_unscored > 0.01 * found["llm.out_of_scope"].n
    assert "past their date: 1; in migration" in found["findings.open_p0_migration"].sentence
    assert found["findings.open_p0"].value == 0
    assert "no work type" in found["api.contract_pass_rate"].sentence
    assert f"worst for “{REGIONS[3]}”" in found["stability.rerun_flip_rate"].sentence
    assert found["stability.rerun_flip_rate"].value > 0.01


def test_nothing_is_found_on_the_clean_sample(
    clean_database: str, measured: Callable[[str], dict[str, Evidence]]
) -> None:
    found = measured(clean_database)

    for metric in (
        "golden.training_overlap", "golden.newly_broken", *governed.FINDING_METRICS,
        "stability.rerun_flip_rate", "llm.leaks", "llm.out_of_scope",
        "configuration.undocumented_changes",
        "configuration.unauthorised_changes", "system_audit.gaps",
        "training.data_sanity_failures",
    ):  # fmt: skip
        assert found[metric].value == 0, found[metric]
    for metric, limit in (("robustness.flip_rate", 0.01), ("llm.hallucination_rate", 0.02)):
        assert found[metric].high < limit, found[metric]
    for metric, limit in (("adversarial.pass_rate", 0.98), ("llm.grounding", 0.95)):
        assert found[metric].low > limit, found[metric]
    assert found["api.contract_pass_rate"].value == 1
    assert found["golden.critical_pass_rate"].value == 1
    for metric in assess_harm.METRICS:
        harm = found[metric]
        assert harm.value is None or harm.value < 20
        assert harm.value is not None or harm.sentence


def test_registers_that_were_tampered_with(contract_database: str) -> None:
    engine = own_engine(contract_database)
    at = SAMPLE_UNTIL.replace(year=SAMPLE_UNTIL.year - 1)
    change = {"knob": "rules_version", "changed_by": "ann", "valid_from": at, "value": {}}
    event = {"occurred_at": at, "actor": "ann", "object": "rules_version", "outcome": "success"}
    with engine.begin() as connection:
        for version, reason in (("r-1", "why"), ("r-2", " "), ("r-3", None)):
            row = {**change, "version": version, "reason": reason}
            connection.execute(sa.insert(contract.config_history), row)
        for number, version in ((1, "r-1"), (2, "r-2"), (5, "r-9")):
            detail = {"action": "config.change", "detail": {"to": version}}
            row = valid_row(contract.system_audit, event_id=number, **event, **detail)
            connection.execute(sa.insert(contract.system_audit), row)
    names = {"changes", "audit events"}
    ours = tuple(one for one in COLLECTORS if one.name in names)

    found = gather(engine, load_policy(None), SAMPLE_UNTIL, ours)
    engine.dispose()

    assert {one.metric: one.value for one in found} == {
        governed.CHANGE_METRICS[0]: 2,
        governed.CHANGE_METRICS[1]: 1,
        governed.GAP_METRICS[0]: 2,
    }
