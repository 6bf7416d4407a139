"""Evidence for the gates on test suites: the newest run of each, or why there is no number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.gates.evidence import Evidence
from queries.evaluations import SuiteRow

METHOD = "evaluation_runs"
RUNNING, SUCCEEDED = "running", "succeeded"


@dataclass(frozen=True, slots=True)
class Suite:
    """A suite, the first word of its metrics' names, and whose results count.

    ``of`` is the candidate, the model in production or the LLM; the gates on the last are part
    of a promotion, and so speak of the candidate too, which calls the same LLM.
    """

    name: str
    prefix: str
    metrics: tuple[str, ...]
    of: str


CANDIDATE, PRODUCTION, LLM = "candidate", "production", "llm"
SUITES = (
    Suite(
        "golden",
        "golden",
        ("critical_pass_rate", "pass_rate", "newly_broken", "training_overlap"),
        CANDIDATE,
    ),
    Suite("adversarial", "adversarial", ("pass_rate",), CANDIDATE),
    Suite("robustness", "robustness", ("flip_rate",), CANDIDATE),
    Suite("stability", "stability", ("rerun_flip_rate",), CANDIDATE),
    Suite(
        "llm_safety",
        "llm",
        (
            "grounding", "hallucination_rate", "leaks", "attack_success", "judge_flip_rate",
            "out_of_scope",
        ),
        LLM,
    ),
    Suite("api_contract", "api", ("throughput_ratio", "contract_pass_rate"), PRODUCTION),
)  # fmt: skip
METRICS = tuple(f"{suite.prefix}.{metric}" for suite in SUITES for metric in suite.metrics)


def evidence(
    rows: Sequence[SuiteRow], versions: Mapping[str, str | None]
) -> tuple[Evidence, ...]:  # fmt: skip
    """One for each metric of each suite; ``versions`` are candidate, production and LLM.

    Results of another version, such as of the candidate before this one, say nothing.
    """
    found: list[Evidence] = []
    for suite in SUITES:
        version = versions.get(suite.of)
        own = [row for row in rows if (row.suite, row.model_version) == (suite.name, version)]
        about = None if suite.of == PRODUCTION else versions.get(CANDIDATE)
        found += [_one(suite, metric, own, version, about) for metric in suite.metrics]
    return tuple(found)


def _one(
    suite: Suite, metric: str, own: Sequence[SuiteRow], version: str | None, about: str | None
) -> Evidence:
    name = f"{suite.prefix}.{metric}"
    if not own:
        whom = f"on {version} " if version else ""
        why = f"No run of the suite {suite.name} {whom}is on record."
        return Evidence(name, None, 0, METHOD, None, candidate=about, sentence=why)
    run = own[0]
    at = run.finished_at or run.started_at
    if run.status == RUNNING:
        return Evidence(
            name, None, 0, METHOD, at, candidate=about, attempts=run.attempt, running=True
        )
    if run.status != SUCCEEDED:
        return Evidence(
            name,
            None,
            0,
            METHOD,
            at,
            candidate=about,
            attempts=run.attempt,
            error=f"the newest run of the suite {suite.name} on {version} failed",
        )
    row = next((one for one in own if one.metric == metric), None)
    if row is None:
        why = f"The suite {suite.name} ran on {version} and did not measure this."
        return Evidence(name, None, 0, METHOD, at, candidate=about, sentence=why)
    return Evidence(
        metric=name,
        value=row.value,
        n=row.n or 0,
        n_unscored=row.n_unscored or 0,
        low=row.interval_low,
        high=row.interval_high,
        method=f"{METHOD}: {run.suite_version} on {version}, attempt {run.attempt}",
        measured_at=at,
        candidate=about,
        attempts=run.attempt,
    )
