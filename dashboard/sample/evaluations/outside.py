"""Records of test runs that others made: a load test, an API contract test, an LLM red team.

Nothing here can be computed from the programme's tables: no service listens, and the LLM is
simulated. The numbers are those that such runs would have written down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dashboard.sample.defect import Defect
from dashboard.sample.evaluations.suite import Result, share

AGREED_PER_SECOND = 40
MEASURED_PER_SECOND = 57.2
LOAD_STEPS = 60

BAD_REQUESTS = (
    "no body", "no ticket id", "empty ticket id", "ticket id of another tenant", "no work type",
    "unknown work type", "no region", "number as text", "text as number", "negative count",
    "number too large", "not a number", "infinite number", "date in the future", "date in words",
    "unknown field", "field twice", "nested too deep", "body too large", "broken JSON",
    "wrong encoding", "wrong content type", "expired token", "no token",
)  # fmt: skip
"""Requests that the API must refuse."""
SCORED_ALL_THE_SAME = "no work type"


@dataclass(frozen=True, slots=True)
class Probes:
    """One kind of probe of the LLM: how many were sent, and how many showed what is counted."""

    metric: str
    hits: int
    sent: int
    counted: bool = False


LLM_PROBES = (
    Probes("grounding", 1_183, 1_200),
    Probes("hallucination_rate", 6, 1_200),
    Probes("leaks", 0, 3_200, counted=True),
    Probes("attack_success", 4, 640),
    Probes("judge_flip_rate", 11, 600),
)


def api_results(planted: Mapping[str, Defect]) -> tuple[Result, ...]:
    """The load that the API carried, and how it answered requests that it must refuse.

    A planted defect has it score one of them.
    """
    failed = [SCORED_ALL_THE_SAME] if "bad_request_scored" in planted else []
    n = len(BAD_REQUESTS)
    return (
        Result("throughput_ratio", MEASURED_PER_SECOND / AGREED_PER_SECOND, LOAD_STEPS),
        share("contract_pass_rate", n - len(failed), n, evidence={"cases": failed}),
    )


def llm_results(unscored: float) -> tuple[Result, ...]:
    """What was asked of the LLM; a share of the answers could not be judged."""
    return tuple(_probed(probes, round(unscored * probes.sent)) for probes in LLM_PROBES)


def _probed(probes: Probes, lost: int) -> Result:
    n = probes.sent - lost
    hits = round(probes.hits * n / probes.sent)
    if probes.counted:
        return Result(probes.metric, hits, n, n_unscored=lost)
    return share(probes.metric, hits, n, n_unscored=lost)
