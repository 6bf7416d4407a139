"""The shift of the mean final score split by input, rules, ML, LLM and configuration.

Each version's effect is the difference of mean final scores at equal scores of the layers that
it does not change (direct standardisation; E. M. Kitagawa, JASA 50 (1955) 1168–1194), times the
change of its share. Input is what changed under the same versions. What these do not explain is
shown as the residual, so that the parts always add up to the shift.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence

from components.drift.types import Attribution, Part
from components.layout.numbers import signed
from queries.drift_facts import VersionCell

POINTS = 100.0
LEAST_SHARED = 0.05
"""Share of predictions under versions of both windows from which input can be told apart."""
METHOD = "version_standardisation 1"

_Of = Callable[[VersionCell], str | None]
_Stratum = Callable[[VersionCell], Hashable]

_LAYERS: tuple[tuple[str, _Of, _Stratum], ...] = (
    ("rules", lambda c: c.rules_version, lambda c: (c.ml_version, c.ml_bin)),
    ("ml", lambda c: c.ml_version, lambda c: (c.rules_version, c.rules_bin)),
    ("llm", lambda c: c.llm_version, lambda c: (c.rules_bin, c.ml_bin)),
    ("configuration", lambda c: c.workflow_config, lambda c: (c.rules_bin, c.ml_bin)),
)
_TITLES = {
    "rules": "rules version",
    "ml": "model version",
    "llm": "LLM version",
    "configuration": "workflow configuration",
}


def attribution(cells: Sequence[VersionCell]) -> Attribution | None:
    """The parts of the shift; None where a window has no final score."""
    before = [c for c in cells if not c.current]
    after = [c for c in cells if c.current]
    means = _mean(before), _mean(after)
    if means[0] is None or means[1] is None:
        return None
    parts = [_version_part(name, of, stratum, cells) for name, of, stratum in _LAYERS]
    llm = next(part.points for part in parts if part.name == "llm")
    parts.insert(0, _input(before, after, llm))
    total = POINTS * (means[1] - means[0])
    rest = total - sum(part.points for part in parts)
    parts.append(
        Part(
            "residual",
            rest,
            (),
            (),
            f"Not explained by these parts: {signed(rest, 2)} score points.",
        )
    )
    return Attribution(
        total_points=total,
        reference_mean=means[0],
        current_mean=means[1],
        parts=tuple(parts),
        method=METHOD,
        note=(
            "Versions are compared at equal scores of the other layers; what changed under the "
            "same versions is input. The residual is what neither tells."
        ),
    )


def _mean(cells: Sequence[VersionCell]) -> float | None:
    n = sum(cell.n for cell in cells)
    return sum(cell.final for cell in cells) / n if n else None


def _version_part(name: str, of: _Of, stratum: _Stratum, cells: Sequence[VersionCell]) -> Part:
    rows = [cell for cell in cells if of(cell) is not None]
    before, after = (_shares(of, [c for c in rows if c.current is side]) for side in (False, True))
    names = _named(before), _named(after)
    versions = sorted({*before, *after})
    if len(versions) < 2 or not before or not after:
        text = f"The {_TITLES[name]} is the same in both windows."
        return Part(name, 0.0, *names, text)
    means, covered = _standardised(of, stratum, rows, versions)
    if means is None:
        text = f"The {_TITLES[name]} changed, but its versions never scored alike predictions."
        return Part(name, 0.0, *names, text)
    whole = sum(cell.n for cell in cells)
    among = sum(cell.n for cell in rows) / whole if whole else 0.0
    effect = sum((after.get(v, 0.0) - before.get(v, 0.0)) * means[v] for v in versions)
    points = POINTS * among * effect
    text = (
        f"{_TITLES[name].capitalize()} {', '.join(names[0])} before, {', '.join(names[1])} after: "
        f"{signed(points, 2)} score points, at scores that {covered:.0%} of predictions share."
    )
    return Part(name, points, *names, text)


def _shares(of: _Of, cells: Sequence[VersionCell]) -> dict[str, float]:
    counts: dict[str, int] = defaultdict(int)
    for cell in cells:
        version = of(cell)
        if version is not None:
            counts[version] += cell.n
    whole = sum(counts.values())
    return {version: n / whole for version, n in counts.items()} if whole else {}


def _named(shares: dict[str, float]) -> tuple[str, ...]:
    return tuple(sorted(version for version, share in shares.items() if share > 0))


def _standardised(
    of: _Of, stratum: _Stratum, rows: Sequence[VersionCell], versions: Sequence[str]
) -> tuple[dict[str, float] | None, float]:
    """Mean final score of each version over the strata that all versions share."""
    n: dict[tuple[Hashable, str], int] = defaultdict(int)
    final: dict[tuple[Hashable, str], float] = defaultdict(float)
    weight: dict[Hashable, int] = defaultdict(int)
    for cell in rows:
        version = of(cell)
        if version is not None:
            key = stratum(cell)
            n[key, version] += cell.n
            final[key, version] += cell.final
            weight[key] += cell.n
    shared = [key for key in weight if all(n[key, version] for version in versions)]
    held = sum(weight[key] for key in shared)
    if not held:
        return None, 0.0
    means = {
        version: sum(weight[k] * final[k, version] / n[k, version] for k in shared) / held
        for version in versions
    }
    return means, held / sum(weight.values())


def _input(before: Sequence[VersionCell], after: Sequence[VersionCell], llm: float) -> Part:
    """What changed under the same rules, model and configuration, less what a new LLM did."""
    sides = _by_versions(before), _by_versions(after)
    wholes = sum(c.n for c in before), sum(c.n for c in after)
    shared = sorted(set(sides[0]) & set(sides[1]), key=str)
    weights = {
        key: (sides[0][key][0] / wholes[0] + sides[1][key][0] / wholes[1]) / 2 for key in shared
    }
    held = sum(weights.values())
    if held < LEAST_SHARED:
        text = "No versions scored in both windows: input cannot be told from the versions."
        return Part("input", 0.0, (), (), text)
    change = sum(
        weights[key] * (sides[1][key][1] / sides[1][key][0] - sides[0][key][1] / sides[0][key][0])
        for key in shared
    )
    points = POINTS * change / held - llm
    text = (
        f"Under versions that scored {held:.0%} of both windows: {signed(points, 2)} score points."
    )
    return Part("input", points, (), (), text)


def _by_versions(cells: Sequence[VersionCell]) -> dict[Hashable, tuple[int, float]]:
    found: dict[Hashable, tuple[int, float]] = {}
    for cell in cells:
        key = cell.rules_version, cell.ml_version, cell.workflow_config
        n, final = found.get(key, (0, 0.0))
        found[key] = n + cell.n, final + cell.final
    return found
