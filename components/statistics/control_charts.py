"""Control charts for rates over large batches: a shift told from noise (METHODS §8)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from queries.errors import InvalidInputError

WIDTH = 3.0
"""Standard deviations from the centre to a limit, as Shewhart and Laney have it."""
WEIGHT = 0.2
"""Weight of the newest point in an EWMA: slow enough to see drifts of one standard deviation."""
RARE = 0.00135
"""Chance of a normal value beyond three standard deviations, on one side."""
FEWEST_TO_SIGNAL = 8
"""With fewer points one that stands out widens the limits beyond itself."""

_MEAN_RANGE = 1.128


@dataclass(frozen=True, slots=True)
class ControlPoint:
    """One batch: its rate (0–1), the limits for a batch of its size, and whether it is a signal.

    A signal lies outside the limits, and chance alone would hardly show it either: the exact
    binomial tail at the centre is below :data:`RARE`. The second condition matters where few
    failures are expected, and three standard deviations are passed by one or two of them.
    """

    count: int
    size: int
    rate: float
    low: float
    high: float
    signal: bool

    @property
    def above(self) -> bool:
        """Whether this is a signal of too many."""
        return self.signal and self.rate > self.high


@dataclass(frozen=True, slots=True)
class ControlChart:
    """A chart over batches in their order.

    ``centre`` is the rate over all of them. ``sigma_z`` says how much more (above 1) or less
    the batches scatter than the binomial distribution has it.
    """

    centre: float
    sigma_z: float
    points: tuple[ControlPoint, ...]

    @property
    def signals(self) -> tuple[int, ...]:
        """Places of the points that chance does not explain, from 0."""
        return tuple(place for place, point in enumerate(self.points) if point.signal)

    @property
    def enough(self) -> bool:
        """Whether there are points enough for a single one to stand out at all."""
        return len(self.points) >= FEWEST_TO_SIGNAL


@dataclass(frozen=True, slots=True)
class EwmaPoint:
    """The moving average after one batch, and the limits within which chance keeps it."""

    rate: float
    average: float
    low: float
    high: float

    @property
    def signal(self) -> bool:
        """Whether the level has moved."""
        return not self.low <= self.average <= self.high


@dataclass(frozen=True, slots=True)
class EwmaChart:
    """An exponentially weighted moving average of rates, with exact limits for each point."""

    centre: float
    weight: float
    sigma_z: float
    points: tuple[EwmaPoint, ...]

    @property
    def signals(self) -> tuple[int, ...]:
        """Places of the points at which the level has moved, from 0."""
        return tuple(place for place, point in enumerate(self.points) if point.signal)


def laney_p_prime(
    counts: Sequence[int], sizes: Sequence[int], *, width: float = WIDTH
) -> ControlChart:
    """Laney's p′ chart: limits for rates of batches so large that they always differ somewhat.

    With z the rate in binomial standard deviations from the centre, σz is the mean of its
    moving ranges divided by 1.128, and the limits are p̄ ± ``width`` · σz · √(p̄(1 − p̄)/n). They
    are cut at 0 and 1. A single batch is judged by σz = 1.

    One batch that stands out enters two moving ranges: with fewer than eight batches it widens
    the limits beyond itself, and cannot be a signal (:attr:`ControlChart.enough`).

    Source: D. B. Laney, Improved control charts for attributes, Quality Engineering 14 (2002)
    531–537.

    Raises:
        InvalidInputError: lengths differ, there is no batch, a batch is empty, a count is not
            between 0 and its size, or the width is not a positive number.
    """
    _check(counts, sizes)
    _check_positive(width, "A width of limits")
    centre = sum(counts) / sum(sizes)
    rates = [count / size for count, size in zip(counts, sizes, strict=True)]
    sigma_z = _sigma_z(rates, sizes, centre)
    points = []
    for count, size, rate in zip(counts, sizes, rates, strict=True):
        half = width * sigma_z * _deviation(centre, size)
        low, high = max(0.0, centre - half), min(1.0, centre + half)
        signal = not low <= rate <= high and _tail(count, size, centre) < RARE
        points.append(ControlPoint(count, size, rate, low, high, signal))
    return ControlChart(centre, sigma_z, tuple(points))


def ewma(
    rates: Sequence[float],
    sizes: Sequence[int],
    *,
    weight: float = WEIGHT,
    width: float = WIDTH,
) -> EwmaChart:
    """A moving average of rates that shows a small lasting shift sooner than single points do.

    E_t = λ·p_t + (1 − λ)·E_{t−1} from E_0 = p̄, with the exact variance
    V_t = λ²·σz²·p̄(1 − p̄)/n_t + (1 − λ)²·V_{t−1} from V_0 = 0: batches of unequal size and
    more scatter than binomial (Laney's σz) are allowed for.

    Source: S. W. Roberts, Technometrics 1 (1959) 239–250; limits for each t after J. M. Lucas
    and M. S. Saccucci, Technometrics 32 (1990) 1–12.

    Raises:
        InvalidInputError: lengths differ, there is no batch, a batch is empty, a rate is not
            between 0 and 1, the weight is not in (0, 1], or the width is not a positive number.
    """
    _check_rates(rates, sizes)
    _check_positive(width, "A width of limits")
    if not 0 < weight <= 1:
        raise InvalidInputError("The weight of an EWMA lies above 0 and not above 1, such as 0.2.")
    centre = sum(rate * size for rate, size in zip(rates, sizes, strict=True)) / sum(sizes)
    sigma_z = _sigma_z(rates, sizes, centre)
    average, variance = centre, 0.0
    points = []
    for rate, size in zip(rates, sizes, strict=True):
        average = weight * rate + (1 - weight) * average
        own = (sigma_z * _deviation(centre, size)) ** 2
        variance = weight**2 * own + (1 - weight) ** 2 * variance
        # Averages of equal rates may leave the centre by a last digit.
        half = max(width * math.sqrt(variance), 1e-12 * centre)
        points.append(EwmaPoint(rate, average, max(0.0, centre - half), min(1.0, centre + half)))
    return EwmaChart(centre, weight, sigma_z, tuple(points))


def _sigma_z(rates: Sequence[float], sizes: Sequence[int], centre: float) -> float:
    if len(rates) < 2 or not 0 < centre < 1:
        return 1.0
    z = [
        (rate - centre) / _deviation(centre, size) for rate, size in zip(rates, sizes, strict=True)
    ]
    return fmean(abs(after - before) for before, after in pairwise(z)) / _MEAN_RANGE


def _deviation(centre: float, size: int) -> float:
    return math.sqrt(max(0.0, centre * (1 - centre)) / size)


def _tail(count: int, size: int, centre: float) -> float:
    """Chance of a count at least as far out, on its own side, if nothing but chance acted."""
    from scipy.stats import binom  # slow to import, and few pages need it

    if count > size * centre:
        return float(binom.sf(count - 1, size, centre))
    return float(binom.cdf(count, size, centre))


def _check(counts: Sequence[int], sizes: Sequence[int]) -> None:
    _check_sizes(len(counts), sizes)
    for count, size in zip(counts, sizes, strict=True):
        if not 0 <= count <= size:
            raise InvalidInputError(
                f"{count} of {size} is not a rate. A batch has no more failures than items."
            )


def _check_rates(rates: Sequence[float], sizes: Sequence[int]) -> None:
    _check_sizes(len(rates), sizes)
    if not all(0 <= rate <= 1 for rate in rates):
        raise InvalidInputError("A rate lies between 0 and 1, and is finite.")


def _check_sizes(points: int, sizes: Sequence[int]) -> None:
    if points != len(sizes) or not points:
        raise InvalidInputError(
            f"{points} values and {len(sizes)} sizes do not make a chart. Give one size for each "
            "value, and at least one."
        )
    if not all(size >= 1 for size in sizes):
        raise InvalidInputError("An empty batch has no rate. Leave such batches out.")


def _check_positive(value: float, name: str) -> None:
    if not (math.isfinite(value) and value > 0):
        raise InvalidInputError(f"{name} is a positive number, such as 3.")
