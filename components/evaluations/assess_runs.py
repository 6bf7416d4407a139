"""What test suites found, for the eye: version beside version, segment by segment, run by run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite

from components.evaluations.assess_suites import SUCCEEDED, interval
from components.evaluations.suites import CANDIDATE, PRODUCTION, SUITES, Measure
from components.gates.assess import GateResult
from components.gates.status import Status
from components.layout import numbers
from queries.evaluations import WHOLE, SuiteRow

MOST_VERSIONS = 4
_TITLES = {
    "golden": "Golden cases",
    "adversarial": "Adversarial cases",
    "api_contract": "API contract",
    "llm_safety": "LLM safety",
}
_SHARES = ("rate", "share", "accuracy", "tpr", "fpr", "recall", "precision", "grounding", "success")
_MILLISECONDS = "_ms"
_NAMES = {"tpr": "True positive rate", "fpr": "False positive rate"}


@dataclass(frozen=True, slots=True)
class Head:
    """The newest run of a suite against one version; ``role`` is that of the version today."""

    version: str
    role: str
    suite_version: str
    status: str
    attempt: int
    runs: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Cell:
    """One number of one version, with its 95% interval; None where the run gave none."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    n_unscored: int
    text: str


@dataclass(frozen=True, slots=True)
class MeasureRow:
    """One measure in every version, and the gate that judges it where there is one.

    ``cells`` and those of each segment are as the heads of the suite.
    """

    metric: str
    title: str
    is_share: bool
    gate: GateResult | None
    cells: tuple[Cell | None, ...]
    segments: tuple[tuple[str, tuple[Cell | None, ...]], ...]


@dataclass(frozen=True, slots=True)
class Named:
    """A case or a prediction that a run names beside a number."""

    version: str
    measure: str
    kind: str  # case or prediction
    id: str


@dataclass(frozen=True, slots=True)
class SuiteFound:
    """One suite: its newest runs, what they measured, and what they name."""

    name: str
    title: str
    heads: tuple[Head, ...]
    measures: tuple[MeasureRow, ...]
    named: tuple[Named, ...]

    @property
    def status(self) -> Status | None:
        """The worst of its gates; None where no gate reads it."""
        return max((row.gate.status for row in self.measures if row.gate), default=None)


def title(suite: str) -> str:
    """A suite's name for people."""
    return _TITLES.get(suite, suite.replace("_", " ").capitalize())


def suites(
    rows: Sequence[SuiteRow], gates: Iterable[GateResult], roles: Mapping[str, str]
) -> tuple[SuiteFound, ...]:
    """Every suite that ran or that a gate asks for, worst first.

    ``roles`` maps a version to its role; candidate and production come first.
    """
    judged = {gate.requirement.metric: gate for gate in gates}
    names = {suite.name for suite in SUITES} | {row.suite for row in rows}
    found = [_suite(name, [r for r in rows if r.suite == name], judged, roles) for name in names]
    kept = [one for one in found if one.heads or any(row.gate for row in one.measures)]
    return tuple(sorted(kept, key=lambda one: (-(one.status or 0), one.title)))


def answer(gates: Sequence[GateResult]) -> str:
    """The gates on test suites in one sentence."""
    if not gates:
        return "The policy asks for no test suite."
    failing = [gate.requirement.title for gate in gates if gate.status is Status.FAIL]
    held = sum(gate.status <= Status.WAIVED for gate in gates)
    other = len(gates) - held - len(failing)
    parts = [f"{held} of {len(gates)} demands on test suites are met"]
    if failing:
        parts.append(f"not met: {'; '.join(f'“{one}”' for one in failing)}")
    if other:
        parts.append(f"{other} {'has' if other == 1 else 'have'} no sound number")
    return ". ".join(part[0].upper() + part[1:] for part in parts) + "."


def _suite(
    name: str,
    rows: Sequence[SuiteRow],
    judged: Mapping[str, GateResult],
    roles: Mapping[str, str],
) -> SuiteFound:
    heads = _heads(rows, roles)
    known = next((suite for suite in SUITES if suite.name == name), None)
    measures = {one.metric: one for one in known.measures} if known else {}
    metrics = [*measures, *sorted({r.metric for r in rows if r.metric} - set(measures))]
    prefix = known.prefix if known else name
    made = [
        _measure(metric, measures.get(metric), judged.get(f"{prefix}.{metric}"), rows, heads)
        for metric in metrics
    ]
    shown = tuple(one for one in made if one.gate or any(one.cells))
    return SuiteFound(name, title(name), heads, shown, _named(rows, heads, shown))


def _heads(rows: Sequence[SuiteRow], roles: Mapping[str, str]) -> tuple[Head, ...]:
    newest = {
        row.model_version: Head(
            version=row.model_version,
            role=roles.get(row.model_version, ""),
            suite_version=row.suite_version,
            status=row.status,
            attempt=row.attempt,
            runs=row.runs,
            at=row.finished_at or row.started_at,
        )
        for row in rows
    }
    order = {CANDIDATE: 0, PRODUCTION: 1}
    latest = sorted(newest.values(), key=lambda head: head.at, reverse=True)
    return tuple(sorted(latest, key=lambda head: order.get(head.role, 2))[:MOST_VERSIONS])


def _measure(
    metric: str,
    measure: Measure | None,
    gate: GateResult | None,
    rows: Sequence[SuiteRow],
    heads: Sequence[Head],
) -> MeasureRow:
    own = [row for row in rows if row.metric == metric]
    is_share = measure.share if measure else metric.rpartition("_")[2] in _SHARES
    by_place = {
        (row.segment, row.model_version): _cell(row, is_share=is_share)
        for row in own
        if row.status == SUCCEEDED
    }
    segments = sorted({row.segment for row in own if row.segment} - {WHOLE})
    words = metric.removesuffix(_MILLISECONDS).replace("_", " ").capitalize()
    plain = _NAMES.get(metric, words.replace("Llm", "LLM"))
    return MeasureRow(
        metric=metric,
        title=gate.requirement.title if gate else plain,
        is_share=is_share,
        gate=gate,
        cells=tuple(by_place.get((WHOLE, head.version)) for head in heads),
        segments=tuple(
            (name, tuple(by_place.get((name, head.version)) for head in heads)) for name in segments
        ),
    )


def _cell(row: SuiteRow, *, is_share: bool) -> Cell:
    value = row.value if row.value is not None and isfinite(row.value) else None
    low, high = interval(row, is_share=is_share) if value is not None else (None, None)
    n = row.n or 0
    text = _text(row.metric or "", value, n, is_share=is_share)
    return Cell(value, low, high, n, row.n_unscored or 0, text)


def _text(metric: str, value: float | None, n: int, *, is_share: bool) -> str:
    if value is None:
        return numbers.MISSING
    if metric.endswith(_MILLISECONDS):
        return numbers.milliseconds(value)
    if is_share and 0 <= value <= 1 and n:
        return numbers.share(round(value * n), n)
    return f"{value:,.0f}" if value == round(value) else f"{value:,.4g}"


def _named(
    rows: Sequence[SuiteRow], heads: Sequence[Head], measures: Sequence[MeasureRow]
) -> tuple[Named, ...]:
    """Cases and predictions by version and measure, as the runs name them, each once."""
    titles = {one.metric: one.title for one in measures}
    versions = [head.version for head in heads]
    found: dict[Named, None] = {}
    for row in sorted(rows, key=lambda row: _place(versions, row.model_version)):
        if row.model_version not in versions or not isinstance(row.evidence, Mapping):
            continue
        for kind in ("case", "prediction"):
            listed = row.evidence.get(f"{kind}s")
            for one in listed if isinstance(listed, list) else ():
                if isinstance(one, str | int):
                    what = titles.get(row.metric or "", "")
                    found[Named(row.model_version, what, kind, str(one))] = None
    return tuple(found)


def _place(versions: Sequence[str], version: str) -> int:
    return versions.index(version) if version in versions else len(versions)
