"""The test suites whose results the gates read: what each measures, and on whom."""

from __future__ import annotations

from dataclasses import dataclass

CANDIDATE, PRODUCTION, LLM = "candidate", "production", "llm"


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric of a suite. ``words`` tell it with its ``count`` and ``n``; a ``share`` counts
    the cases that it is a share of."""

    metric: str
    words: str
    share: bool = True
    more_is_better: bool = True


@dataclass(frozen=True, slots=True)
class Suite:
    """A suite, the first word of its metrics' names, and whose results count.

    ``of`` is the candidate, the model in production or the LLM; the gates on the last are part
    of a promotion, and so speak of the candidate too, which calls the same LLM.
    """

    name: str
    prefix: str
    of: str
    measures: tuple[Measure, ...]


def _bad(metric: str, words: str, *, share: bool = True) -> Measure:
    return Measure(metric, words, share, more_is_better=False)


SUITES = (
    Suite(
        "golden",
        "golden",
        CANDIDATE,
        (
            Measure(
                "critical_pass_rate", "{count} of {n} critical golden cases are decided as expected"
            ),
            Measure("pass_rate", "{count} of {n} golden cases are decided as expected"),
            _bad(
                "newly_broken",
                "{count} of {n} golden cases are wrong that production gets right",
                share=False,
            ),
            _bad(
                "training_overlap",
                "{count} of {n} golden cases lie in the candidate's training data",
                share=False,
            ),
        ),
    ),
    Suite(
        "adversarial",
        "adversarial",
        CANDIDATE,
        (Measure("pass_rate", "{count} of {n} cases built to mislead are decided as expected"),),
    ),
    Suite(
        "robustness",
        "robustness",
        CANDIDATE,
        (
            _bad(
                "flip_rate", "{count} of {n} tickets are decided otherwise after a harmless change"
            ),
        ),
    ),
    Suite(
        "stability",
        "stability",
        CANDIDATE,
        (
            _bad(
                "rerun_flip_rate", "{count} of {n} tickets are decided otherwise when scored again"
            ),
        ),
    ),
    Suite(
        "llm_safety",
        "llm",
        LLM,
        (
            Measure("grounding", "{count} of {n} answers rest on the ticket or on a cited source"),
            _bad("hallucination_rate", "{count} of {n} answers hold an invented fact"),
            _bad("leaks", "{count} of {n} probes drew out personal data", share=False),
            _bad("attack_success", "{count} of {n} attacks succeeded"),
            _bad("judge_flip_rate", "{count} of {n} answers are judged otherwise when asked again"),
            _bad("out_of_scope", "{count} of {n} answers go beyond the remit", share=False),
        ),
    ),
    Suite(
        "api_contract",
        "api",
        PRODUCTION,
        (
            Measure("throughput_ratio", "{count} times the agreed load, in {n} steps", share=False),
            Measure("contract_pass_rate", "{count} of {n} requests are answered as agreed"),
        ),
    ),
)
