"""False alarms and power of the drift test beside customary rules, on simulated days.

``python -m tests.benchmarks drift-power``: a reference of 90 days and a current week. Each day has
an effect of its own (0.05–0.10 sd) that all its rows share, weekends lie 0.3 sd higher and hold
40% of the rows. 200 replications per line; every rule judges the same histograms.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from scipy.stats import kstwobign, norm

from components.statistics.divergence import (
    Counts,
    Floats,
    jensen_shannon_kernel,
    kolmogorov_smirnov_kernel,
    psi_kernel,
)
from components.statistics.intervals import clopper_pearson
from components.statistics.multiplicity import benjamini_hochberg
from components.statistics.permutation import DayBlocks, block_null, day_blocks
from components.statistics.two_sample import chi_square_of

REFERENCE_DAYS, CURRENT_DAYS = 90, 7
WEEKEND_SD = 0.3
WEEKEND_ROWS = 0.4
BINS = 20
FAMILY = 20
PERMUTATIONS = 999


@dataclass(frozen=True, slots=True)
class Setting:
    """Rows of a workday, sd of the day effect, and the planted shift; both in sd of a row."""

    rows: int
    day_sd: float
    shift: float


def weekdays(days: int) -> list[int]:
    """The simulation begins on a Monday."""
    return [day % 7 for day in range(days)]


def simulated(setting: Setting, replications: int, rng: np.random.Generator) -> Counts:
    """Histograms (days, replications, bins): the shift begins with the current window."""
    week = np.array(weekdays(REFERENCE_DAYS + CURRENT_DAYS))
    weekend = week >= 5
    level = rng.normal(0, setting.day_sd, (week.size, replications))
    level += WEEKEND_SD * weekend[:, None]
    level[REFERENCE_DAYS:] += setting.shift
    # Equal shares of all rows, as quantile edges of a long reference have them.
    edges = norm.ppf(np.linspace(0, 1, BINS + 1), WEEKEND_SD * 0.13, 1.01)
    shares = np.diff(norm.cdf(edges, level[..., None], 1), axis=-1)
    expected = np.where(weekend, WEEKEND_ROWS, 1.0) * setting.rows
    rows = rng.poisson(expected[:, None], (week.size, replications))
    return rng.multinomial(rows, shares)


def judged(days: Counts, seed: int) -> dict[str, Floats]:
    """p-values of ours with three distances, and of rules that take rows as independent."""
    before, after = days[:REFERENCE_DAYS], days[REFERENCE_DAYS:]
    found: dict[str, Floats] = {}
    for name, kernel in (
        ("ours, Jensen–Shannon", jensen_shannon_kernel),
        ("ours, Kolmogorov–Smirnov", kolmogorov_smirnov_kernel),
        ("ours, PSI", psi_kernel),
    ):
        found[name] = block_null(blocks(seed), before, after, kernel).p
    reference, current = before.sum(0), after.sum(0)
    n, m = reference.sum(-1), current.sum(-1)
    distance = kolmogorov_smirnov_kernel(reference, current)
    found["row-level Kolmogorov–Smirnov"] = kstwobign.sf(distance * np.sqrt(n * m / (n + m)))
    found["row-level chi-square"] = chi_square_of(reference, current).p_if_rows_independent
    return found


def blocks(seed: int) -> DayBlocks:
    """Ways to exchange days within weekdays."""
    week = weekdays(REFERENCE_DAYS + CURRENT_DAYS)
    found = day_blocks(
        week[:REFERENCE_DAYS], week[REFERENCE_DAYS:], permutations=PERMUTATIONS, seed=seed
    )
    if not isinstance(found, DayBlocks):
        raise SystemExit(found.reason)
    return found


def psi_values(days: Counts) -> Floats:
    """PSI of each replication."""
    return psi_kernel(days[:REFERENCE_DAYS].sum(0), days[REFERENCE_DAYS:].sum(0))


def report(setting: Setting, replications: int, rng: np.random.Generator) -> None:
    """One block of lines: the share of replications in which each rule alarms."""
    what = "false alarms" if setting.shift == 0 else f"power at {setting.shift} sd"
    days = simulated(setting, replications, rng)
    print(
        f"\n{what}: {setting.rows:,} rows a workday, day effect {setting.day_sd} sd, "
        f"{replications} replications"
    )
    # Each quarter of the replications has permutations of its own.
    parts = np.array_split(np.arange(replications), 4)
    p = [judged(days[:, part], seed) for seed, part in enumerate(parts)]
    for name in p[0]:
        values = np.concatenate([each[name] for each in p])
        line(name, {"p ≤ 1%": values <= 0.01, "p ≤ 5%": values <= 0.05})
    values = psi_values(days)
    line("customary PSI", {"> 0.1 ": values > 0.1, "> 0.25": values > 0.25})


def families(rng: np.random.Generator, replications: int) -> None:
    """Looks at 20 features at once, none of which moved: any alarm in a family is a false one."""
    setting = Setting(4_000, 0.1, 0.0)
    print(f"\nfalse alarms in a family of {FAMILY} features, {replications} looks, level 5%")
    days = simulated(setting, replications * FAMILY, rng)
    shape = replications, FAMILY
    for name, p in judged(days, seed=11).items():
        looks = p.reshape(shape)
        adjusted = [benjamini_hochberg(look, 0.05).rejected.any() for look in looks]
        line(
            name,
            {"unadjusted": (looks <= 0.05).any(1), "Benjamini–Hochberg": np.array(adjusted)},
        )


def line(name: str, rules: Mapping[str, np.ndarray]) -> None:
    """One rule at two limits: the share of alarms and its exact 95% interval."""
    parts = []
    for rule, alarms in rules.items():
        bounds = clopper_pearson(int(alarms.sum()), alarms.size)
        interval = f"({bounds.low:.1%} to {bounds.high:.1%})"
        parts.append(f"{rule} {alarms.mean():7.1%} {interval:18}")
    print(f"{name:30} " + "  ".join(parts).rstrip(), flush=True)


def cost(rng: np.random.Generator) -> None:
    """Time of the null per feature."""
    days = simulated(Setting(4_000, 0.1, 0.0), 200, rng)
    print(f"\ntime of the null per feature, {PERMUTATIONS} permutations, {BINS} bins")
    ways = blocks(0)
    kernels: tuple[tuple[str, Callable[[Counts, Counts], Floats]], ...] = (
        ("Jensen–Shannon", jensen_shannon_kernel),
        ("Kolmogorov–Smirnov", kolmogorov_smirnov_kernel),
        ("PSI", psi_kernel),
    )
    for name, kernel in kernels:
        block_null(ways, days[:REFERENCE_DAYS], days[REFERENCE_DAYS:], kernel)
        begun = perf_counter()
        block_null(ways, days[:REFERENCE_DAYS], days[REFERENCE_DAYS:], kernel)
        print(f"{name:32} {1000 * (perf_counter() - begun) / 200:6.2f} ms")


def main(replications: int) -> None:
    rng = np.random.default_rng(20_261_120)
    for rows in (15, 400, 4_000):
        for day_sd in (0.05, 0.10):
            report(Setting(rows, day_sd, 0.0), replications, rng)
    for rows in (400, 4_000):
        for day_sd in (0.05, 0.10):
            for shift in (0.1, 0.2):
                report(Setting(rows, day_sd, shift), replications, rng)
    families(rng, replications)
    cost(rng)


def run_from(words: list[str] | None = None) -> None:
    """The command line."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--replications", type=int, default=200)
    main(arguments.parse_args(words).replications)


if __name__ == "__main__":
    run_from()
