"""How fast each layer is, what it costs, and what fails (B1, C4)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from components.pipeline.assess_threshold import price
from components.pipeline.shares import Share
from components.statistics.histograms import LogBins, Quantile, quantile
from queries.audit_rows import (
    LATENCY_BINS,
    LATENCY_HIGH_MS,
    LATENCY_LOW_MS,
    CallRow,
    LatencyRow,
    Path,
)

BINS = LogBins(LATENCY_LOW_MS, LATENCY_HIGH_MS, LATENCY_BINS)

PATH_WORDS = {
    Path.RULES: "Rules",
    Path.ML: "Model",
    Path.LLM: "LLM",
    Path.FAST_PATH: "Request, no LLM",
    Path.LLM_PATH: "Request with LLM",
}


@dataclass(frozen=True, slots=True)
class PathLatency:
    """Quantiles of one path in milliseconds, each with the bin that surely holds it."""

    path: Path
    n: int
    p50: Quantile
    p95: Quantile
    p99: Quantile


@dataclass(frozen=True, slots=True)
class DayLatency:
    """p95 of one path on one day, in milliseconds."""

    path: Path
    day: date
    n: int
    p95: float


@dataclass(frozen=True, slots=True)
class LayerCost:
    """Calls of one layer and what they cost; ``unpriced`` calls have no price in force."""

    layer: Path
    calls: int
    cost: Decimal
    unpriced: int


@dataclass(frozen=True, slots=True)
class ErrorCount:
    """How often one error code occurred."""

    code: str
    share: Share


@dataclass(frozen=True, slots=True)
class ErrorDay:
    """Errors among the predictions of one day."""

    day: date
    share: Share


@dataclass(frozen=True, slots=True)
class Latency:
    """All paths over the period, and p95 of each per day."""

    paths: tuple[PathLatency, ...]
    days: tuple[DayLatency, ...]

    def of(self, path: Path) -> PathLatency | None:
        """One path; None where nothing was measured on it."""
        return next((item for item in self.paths if item.path is path), None)


@dataclass(frozen=True, slots=True)
class Costs:
    """Calls, cost and errors of the period."""

    n: int
    layers: tuple[LayerCost, ...]
    errors: Share
    codes: tuple[ErrorCount, ...]
    days: tuple[ErrorDay, ...]

    @property
    def total(self) -> Decimal:
        """What all priced calls cost."""
        return sum((layer.cost for layer in self.layers), Decimal(0))


def latency(rows: Sequence[LatencyRow]) -> Latency:
    """Quantiles from the histograms."""
    paths = [_path(row) for row in rows if row.day is None]
    order = list(Path)
    days = (_day(row, row.day) for row in rows if row.day is not None)
    return Latency(
        paths=tuple(sorted(paths, key=lambda item: order.index(item.path))),
        days=tuple(sorted(days, key=lambda item: (order.index(item.path), item.day))),
    )


def _counts(row: LatencyRow) -> list[int]:
    counts = [0] * (BINS.bins + 2)
    for bin_, n in zip(row.bins, row.counts, strict=True):
        counts[bin_] = n
    return counts


def _path(row: LatencyRow) -> PathLatency:
    counts = _counts(row)
    return PathLatency(
        path=Path(row.path),
        n=sum(row.counts),
        p50=_quantile(counts, 0.50),
        p95=_quantile(counts, 0.95),
        p99=_quantile(counts, 0.99),
    )


def _day(row: LatencyRow, day: date) -> DayLatency:
    p95 = _quantile(_counts(row), 0.95).value
    return DayLatency(Path(row.path), day, sum(row.counts), p95)


def _quantile(counts: Sequence[int], share: float) -> Quantile:
    found = quantile(counts, BINS, share)
    if found is None:
        raise ValueError("a histogram without a single request has no row")
    return found


def costs(rows: Sequence[CallRow]) -> Costs:
    """Calls at the prices in force when they were made, in exact decimals."""
    n = sum(row.n for row in rows)
    codes: Counter[str] = Counter()
    days: dict[date, list[CallRow]] = defaultdict(list)
    for row in rows:
        days[row.day].append(row)
        if row.error is not None:
            codes[row.error] += row.n
    return Costs(
        n=n,
        layers=tuple(_layer_cost(layer, rows) for layer in (Path.RULES, Path.ML, Path.LLM)),
        errors=Share.of(codes.total(), n),
        codes=tuple(ErrorCount(code, Share.of(k, n)) for code, k in codes.most_common()),
        days=tuple(ErrorDay(day, _error_share(own)) for day, own in sorted(days.items())),
    )


def _error_share(rows: Sequence[CallRow]) -> Share:
    failed = sum(row.n for row in rows if row.error is not None)
    return Share.of(failed, sum(row.n for row in rows))


def _layer_cost(layer: Path, rows: Sequence[CallRow]) -> LayerCost:
    cost, calls, unpriced = Decimal(0), 0, 0
    for row in rows:
        made = getattr(row, f"{layer.value}_calls")
        each = price(getattr(row, f"{layer.value}_usd"))
        calls += made
        if each is None:
            unpriced += made
        else:
            cost += made * each
    return LayerCost(layer, calls, cost, unpriced)
