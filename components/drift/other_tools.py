"""What other tools would say of the same column, by the definitions they publish.

Only for comparison: none of this decides. A column is given as values with counts, so the same
code serves rows (exact) and stored histograms (each bin at its middle: ``exact`` False).
Checked against recorded outputs of the versions in :data:`CHECKED`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from components.statistics.divergence import Floats, jensen_shannon_bits
from components.statistics.two_sample import chi_square
from queries.errors import InvalidInputError


class Tool(StrEnum):
    """A tool whose definition is printed beside ours."""

    EVIDENTLY = "Evidently"
    NANNYML = "NannyML"
    DEEPCHECKS = "deepchecks"


CHECKED: Mapping[Tool, str] = {
    Tool.EVIDENTLY: "0.7.23",
    Tool.NANNYML: "0.13.1",
    Tool.DEEPCHECKS: "0.19.1",
}
"""Versions whose recorded outputs the formulas reproduce."""

_LARGE_REFERENCE = 1_000
"""Above so many reference rows Evidently leaves p-values for distances."""
_FEW_VALUES = 5
_BINNED_REFERENCE = 10_000


@dataclass(frozen=True, slots=True)
class Points:
    """A column in one window: ascending values (categories: their places), and rows at each.

    Missing rows are left out, as all three tools do. In both windows of a category the places
    mean the same categories.
    """

    values: Floats
    counts: Floats
    exact: bool = True

    @property
    def rows(self) -> int:
        """Rows that are not missing."""
        return round(float(self.counts.sum()))


@dataclass(frozen=True, slots=True)
class ToolScore:
    """One tool's number: its own method name, its default limit, and what it would then say.

    ``value`` is None where the tool gives none (``remark`` says why). ``p_value`` tells that a
    low number means drift.
    """

    tool: Tool
    version: str
    method: str
    value: float | None
    limit: float
    p_value: bool
    exact: bool
    remark: str = ""

    @property
    def drifted(self) -> bool | None:
        """What the tool says by its default limit."""
        if self.value is None:
            return None
        return self.value < self.limit if self.p_value else self.value >= self.limit


def points(values: Floats) -> Points:
    """Points from rows of a number; NaN and infinity are left out."""
    finite = values[np.isfinite(values)]
    return Points(*_counted(finite))


def points_of_bins(edges: Floats, counts: Floats) -> Points:
    """Points from a stored histogram: below the first edge, between edges, above the last.

    Each bin's rows are put at its middle, and those outside at the outer edges.
    """
    if counts.size != edges.size + 1:
        raise InvalidInputError(f"{counts.size} counts do not fit {edges.size} edges.")
    middles = np.concatenate([edges[:1], (edges[:-1] + edges[1:]) / 2, edges[-1:]])
    used = counts > 0
    values, place = np.unique(middles[used], return_inverse=True)
    held = np.bincount(place, counts[used], values.size).astype(np.float64)
    return Points(values, held, exact=False)


def number(reference: Points, current: Points) -> tuple[ToolScore, ...]:
    """The three tools' default scores of a number."""
    return (
        _asked(Tool.EVIDENTLY, _evidently_number, reference, current),
        _asked(Tool.NANNYML, _nannyml_number, reference, current),
        _asked(Tool.DEEPCHECKS, _deepchecks_number, reference, current),
    )


def category(reference: Floats, current: Floats) -> tuple[ToolScore, ...]:
    """The three tools' default scores of a category, from counts of the same categories."""
    places = np.arange(reference.size, dtype=np.float64)
    before, after = Points(places, reference), Points(places, current)
    return (
        _asked(Tool.EVIDENTLY, _evidently_category, before, after),
        _asked(Tool.NANNYML, _nannyml_category, before, after),
        _asked(Tool.DEEPCHECKS, _deepchecks_category, before, after),
    )


def _asked(
    tool: Tool,
    ask: Callable[[Points, Points], tuple[str, float, float, bool]],
    reference: Points,
    current: Points,
) -> ToolScore:
    exact = reference.exact and current.exact
    if not (reference.rows and current.rows):
        remark = "A window has no value: the tool gives no number."
        return ToolScore(tool, CHECKED[tool], "", None, 0.0, False, exact, remark)
    if tool is Tool.DEEPCHECKS and min(reference.rows, current.rows) < 10:
        remark = "It asks for at least 10 rows in each window."
        return ToolScore(tool, CHECKED[tool], "", None, 0.2, False, exact, remark)
    method, value, limit, p_value = ask(reference, current)
    return ToolScore(tool, CHECKED[tool], method, value, limit, p_value, exact)


def _evidently_number(reference: Points, current: Points) -> tuple[str, float, float, bool]:
    """Wasserstein in reference sd above 1,000 reference rows, else the p-value of KS; five or
    fewer distinct values are judged as categories."""
    if np.union1d(reference.values, current.values).size <= _FEW_VALUES:
        return _evidently_category(*_aligned(reference, current))
    if reference.rows <= _LARGE_REFERENCE:
        return "Kolmogorov–Smirnov p-value", _kolmogorov_p(reference, current), 0.05, True
    mean = np.average(reference.values, weights=reference.counts)
    sd = float(np.sqrt(np.average((reference.values - mean) ** 2, weights=reference.counts)))
    from scipy.stats import wasserstein_distance

    distance = wasserstein_distance(
        reference.values, current.values, reference.counts, current.counts
    )
    return "Wasserstein distance (normed)", float(distance) / max(sd, 0.001), 0.1, False


def _evidently_category(reference: Points, current: Points) -> tuple[str, float, float, bool]:
    """Jensen–Shannon distance with natural logarithms above 1,000 reference rows; else the
    p-value of a z test (two values) or of chi-square against the reference as if it were exact."""
    used = (reference.counts + current.counts) > 0
    p, q = reference.counts[used], current.counts[used]
    if reference.rows > _LARGE_REFERENCE:
        return "Jensen–Shannon distance (base e)", _natural_distance(p, q), 0.1, False
    if used.sum() <= 2:
        return "Z test p-value", _z_test(p, q), 0.05, True
    if (p == 0).any():
        return "Chi-square p-value", 0.0, 0.05, True
    from scipy.special import chdtrc  # slow to import, and few pages need it

    expected = p * (q.sum() / p.sum())
    return (
        "Chi-square p-value",
        float(chdtrc(p.size - 1, ((q - expected) ** 2 / expected).sum())),
        0.05,
        True,
    )


def _nannyml_number(reference: Points, current: Points) -> tuple[str, float, float, bool]:
    """Jensen–Shannon distance, base 2, over equal bins of the reference by Doane's rule; rows
    outside the reference's range are one more bin."""
    edges = _doane_edges(reference)
    p = np.histogram(reference.values, edges, weights=reference.counts)[0]
    q = np.histogram(current.values, edges, weights=current.counts)[0]
    outside = max(0.0, float(current.counts.sum() - q.sum()))
    p, q = np.append(p, 0.0), np.append(q, outside)
    return "Jensen–Shannon distance", float(np.sqrt(jensen_shannon_bits(p, q))), 0.1, False


def _nannyml_category(reference: Points, current: Points) -> tuple[str, float, float, bool]:
    """Jensen–Shannon distance, base 2; categories the reference lacks are one bin."""
    known = reference.counts > 0
    p = np.append(reference.counts[known], 0.0)
    q = np.append(current.counts[known], current.counts[~known].sum())
    return "Jensen–Shannon distance", float(np.sqrt(jensen_shannon_bits(p, q))), 0.1, False


def _deepchecks_number(reference: Points, current: Points) -> tuple[str, float, float, bool]:
    """The Kolmogorov–Smirnov distance of the rows."""
    before, after = _aligned(reference, current)
    gap = np.cumsum(before.counts) / before.rows - np.cumsum(after.counts) / after.rows
    return "Kolmogorov–Smirnov", float(np.abs(gap).max()), 0.2, False


def _deepchecks_category(reference: Points, current: Points) -> tuple[str, float, float, bool]:
    """Cramér's V with Bergsma's correction, after the larger window is scaled to the smaller;
    categories under 1% of the reference are joined.

    Source of the correction: W. Bergsma, Journal of the Korean Statistical Society 42 (2013)
    323–328.
    """
    method = "Cramér's V"
    p, q = _joined(reference.counts, current.counts, 0.01)
    if p.size == 1:
        return method, 0.0, 0.2, False
    rows = min(p.sum(), q.sum())
    p, q = np.round(p * (rows / p.sum())), np.round(q * (rows / q.sum()))
    used = (p + q) > 0
    p, q = p[used], q[used]
    n, columns = float(p.sum() + q.sum()), p.size
    statistic = _corrected_chi_square(p, q)
    phi = max(0.0, statistic / n - (columns - 1) / (n - 1))
    narrow = min(columns - (columns - 1) ** 2 / (n - 1), 2 - 1 / (n - 1)) - 1
    return method, float(np.sqrt(phi / narrow)), 0.2, False


def _corrected_chi_square(p: Floats, q: Floats) -> float:
    """Pearson's statistic; a table of four cells gets Yates's continuity correction."""
    if p.size != 2:
        return float(chi_square(p, q).statistic or 0.0)
    observed = np.array([p, q])
    expected = observed.sum(1, keepdims=True) * observed.sum(0) / observed.sum()
    gap = np.abs(observed - expected)
    gap = gap - np.minimum(0.5, gap)
    return float((gap**2 / expected).sum())


def _joined(p: Floats, q: Floats, share: float) -> tuple[Floats, Floats]:
    """Categories below a share of the reference become one, kept if it has that share itself."""
    rare = p < share * p.sum()
    others = float(p[rare].sum()), float(q[rare].sum())
    if others[0] > share * p.sum() or others[1] > share * q.sum():
        return np.append(p[~rare], others[0]), np.append(q[~rare], others[1])
    return p[~rare], q[~rare]


def _kolmogorov_p(reference: Points, current: Points) -> float:
    from scipy.stats import ks_2samp  # slow to import, and few pages need it

    found = ks_2samp(_rows(reference), _rows(current))
    return float(found.pvalue)


def _natural_distance(p: Floats, q: Floats) -> float:
    return float(np.sqrt(jensen_shannon_bits(p, q) * np.log(2)))


def _z_test(p: Floats, q: Floats) -> float:
    """Two-sided p-value for the difference of two shares, pooled variance."""
    if p.size < 2:
        return 1.0
    from scipy.special import ndtr  # slow to import, and few pages need it

    n, m = p.sum(), q.sum()
    pooled = (p[-1] + q[-1]) / (n + m)
    z = (p[-1] / n - q[-1] / m) / np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    return float(2 * ndtr(-abs(z)))


def _doane_edges(sample: Points) -> Floats:
    """Edges of equal bins between the extremes.

    Source: D. P. Doane, The American Statistician 30 (1976) 181–183.
    """
    values, counts, n = sample.values, sample.counts, float(sample.counts.sum())
    low, high = float(values[0]), float(values[-1])
    if low == high:
        return np.array([low - 0.5, high + 0.5])
    bins = 1
    if n > 2:
        centred = values - np.average(values, weights=counts)
        sd = np.sqrt(np.average(centred**2, weights=counts))
        skew = abs(np.average((centred / sd) ** 3, weights=counts))
        spread = np.sqrt(6.0 * (n - 2) / ((n + 1.0) * (n + 3)))
        bins = int(np.ceil(1 + np.log2(n) + np.log2(1 + skew / spread)))
    return np.linspace(low, high, bins + 1)


def _aligned(reference: Points, current: Points) -> tuple[Points, Points]:
    """Both windows over the union of their values."""
    values = np.union1d(reference.values, current.values)
    sides = []
    for side in (reference, current):
        counts = np.zeros(values.size)
        counts[np.searchsorted(values, side.values)] = side.counts
        sides.append(Points(values, counts, side.exact))
    return sides[0], sides[1]


def _rows(sample: Points) -> Floats:
    return np.repeat(sample.values, sample.counts.astype(np.int64))


def _counted(values: Floats) -> tuple[Floats, Floats]:
    seen, counts = np.unique(values, return_counts=True)
    return seen, counts.astype(np.float64)
