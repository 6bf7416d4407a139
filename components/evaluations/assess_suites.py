"""Evidence for the gates on test suites: the newest run of each, or why there is no number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from components.evaluations.suites import CANDIDATE, PRODUCTION, SUITES, Measure, Suite
from components.gates.evidence import Evidence
from components.statistics.intervals import wilson
from queries.evaluations import WHOLE, SuiteRow

METHOD = "evaluation_runs"
RUNNING, SUCCEEDED = "running", "succeeded"
METRICS = tuple(f"{suite.prefix}.{one.metric}" for suite in SUITES for one in suite.measures)
_NAMED = 3
_SMALLEST_SEGMENT = 20


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
        found += [
            replace(_one(suite, measure, own, version), candidate=about)
            for measure in suite.measures
        ]
    return tuple(found)


def _one(suite: Suite, measure: Measure, own: Sequence[SuiteRow], version: str | None) -> Evidence:
    name = f"{suite.prefix}.{measure.metric}"
    if not own:
        whom = f"on {version} " if version else ""
        why = f"No run of the suite {suite.name} {whom}is on record."
        return Evidence(name, None, 0, METHOD, None, sentence=why)
    run = own[0]
    at = run.finished_at or run.started_at
    nothing = Evidence(name, None, 0, METHOD, at, attempts=max(run.attempt, run.runs))
    if run.status == RUNNING:
        return replace(nothing, running=True)
    if run.status != SUCCEEDED:
        return replace(
            nothing, error=f"the newest run of the suite {suite.name} on {version} failed"
        )
    mine = [row for row in own if row.metric == measure.metric]
    whole = [row for row in mine if row.segment == WHOLE]
    if not whole:
        why = f"The suite {suite.name} ran on {version} and did not measure this."
        return replace(nothing, sentence=why)
    if len(whole) > 1:
        return replace(nothing, error=f"run {run.suite_version} gives {len(whole)} results of it")
    row = whole[0]
    low, high = interval(row, is_share=measure.share)
    return replace(
        nothing,
        value=row.value,
        n=row.n or 0,
        n_unscored=row.n_unscored or 0,
        low=low,
        high=high,
        method=f"{METHOD}: {run.suite_version} on {version}, attempt {run.attempt}",
        sentence=_sentence(measure, row, mine),
    )


def interval(row: SuiteRow, *, is_share: bool) -> tuple[float | None, float | None]:
    """The interval on record, never narrower than so many cases allow (Wilson, 95%)."""
    low, high = row.interval_low, row.interval_high
    value, n = row.value, row.n or 0
    if not is_share or value is None or n < 1 or not 0 <= value <= 1:
        return low, high
    least = wilson(min(n, round(value * n)), n)
    return (
        least.low if low is None else min(low, least.low),
        least.high if high is None else max(high, least.high),
    )


def _sentence(measure: Measure, row: SuiteRow, mine: Sequence[SuiteRow]) -> str:
    """The number in words, where it is worst, and which cases failed."""
    if row.value is None:
        return ""
    said = measure.words.format(count=_count(measure, row), n=f"{row.n or 0:,}")
    worst = _worst(measure, mine)
    if worst is not None and worst.value != row.value:
        said += f"; worst for “{worst.segment}”: {_count(measure, worst)} of {worst.n:,}"
    named = _named(row.evidence)
    return f"{said}; {named}" if named else said


def _count(measure: Measure, row: SuiteRow) -> str:
    """How many cases a share or a count stands for; another number as it is."""
    value = row.value or 0.0
    if measure.share:
        return f"{round(value * (row.n or 0)):,}"
    return f"{value:,.0f}" if value == round(value) else f"{value:,.3g}"


def _worst(measure: Measure, mine: Sequence[SuiteRow]) -> SuiteRow | None:
    parts = [
        row
        for row in mine
        if row.segment != WHOLE and row.value is not None and (row.n or 0) >= _SMALLEST_SEGMENT
    ]
    if not parts:
        return None
    sign = 1 if measure.more_is_better else -1
    return min(parts, key=lambda row: sign * (row.value or 0.0))


def _named(evidence: object) -> str:
    """Cases or predictions that a run names beside its number."""
    if not isinstance(evidence, Mapping):
        return ""
    for key, words in (("cases", "named"), ("predictions", "predictions")):
        found = evidence.get(key)
        if isinstance(found, list) and found:
            first = ", ".join(str(one) for one in found[:_NAMED])
            return f"{words}: {first}{' …' if len(found) > _NAMED else ''}"
    return ""
