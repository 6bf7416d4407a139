"""Bins of every variable from a reference: quantile edges, categories, and a name by content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import inf, isfinite, nextafter, sqrt

from queries.drift_rows import Layout, Variable, VariableKind

QUANTILE_BINS = 20
"""Bins of a number with many values; fewer where values repeat."""
MOST_EXACT = 32
"""A number with at most so many distinct values in the reference has a bin for each."""
MOST_CATEGORIES = 64
LONGEST_CATEGORY = 200
"""Characters; a longer text is never a category of its own."""
UNIT_RANGE = (0.0, nextafter(1.0, inf))
"""Edges of a score that the reference never holds."""

SCORES = ("rules", "ml", "llm", "final")
JOINTS = ("ml", "final")
VERSIONS = {
    "config:workflow": "workflow_config",
    "version:rules": "rules_version",
    "version:llm": "llm_version",
}
SCHEMA_OF_FEATURES = "schema:features"
COMPLETE = "as in the reference"


@dataclass(frozen=True, slots=True)
class Cut:
    """A value of a number at which a quantile of the reference is reached, or a distinct value.

    ``cuts`` is how many of the ``QUANTILE_BINS`` quantiles fall on it.
    """

    value: float
    cuts: int


@dataclass(frozen=True, slots=True)
class NumberProfile:
    """What the reference says of a number: cuts in order, and its moments."""

    cuts: tuple[Cut, ...]
    distinct: int
    minimum: float
    whole: bool
    mean: float
    variance: float


def number(
    name: str, profile: NumberProfile | None, source_type: str = "", default: tuple[float, ...] = ()
) -> Variable:
    """A number's variable; its offset is set when the layout is put together."""
    if profile is None:
        return Variable(name, VariableKind.NUMBER, default, (), 0, source_type=source_type)
    return Variable(
        name,
        VariableKind.NUMBER,
        edges_of(profile),
        (),
        0,
        _finite(profile.mean),
        _finite(sqrt(max(profile.variance, 0.0))),
        source_type,
        profile.whole,
    )


def category(name: str, values: Iterable[str], source_type: str = "") -> Variable:
    """A category's variable: its values by frequency in the reference."""
    return Variable(name, VariableKind.CATEGORY, (), tuple(values), 0, source_type=source_type)


def edges_of(profile: NumberProfile) -> tuple[float, ...]:
    """k + 1 edges of k half-open bins.

    Few distinct values have a bin each. Otherwise every quantile reached starts a bin, and a
    value on which several quantiles fall has a bin of its own.
    """
    largest = profile.cuts[-1].value
    last = _next(largest, whole=profile.whole)
    edges = [profile.minimum, last]
    for cut in profile.cuts:
        if profile.distinct <= MOST_EXACT or cut.cuts > 1 or cut.value != largest:
            edges.append(cut.value)
        if cut.cuts > 1:
            edges.append(_next(cut.value, whole=profile.whole))
    return tuple(sorted(set(edges)))


def _next(value: float, *, whole: bool) -> float:
    """The first number that no longer counts as ``value``."""
    step = value + 1.0 if whole else nextafter(value, inf)
    return step if step > value else nextafter(value, inf)


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None


def joint(layer: str, score: Variable, decision: Variable) -> Variable:
    """Score bin × decision: a category for each pair, the decision changing fastest.

    Score bins are below, 1..k, above. Missing and unusable scores, and missing and unseen
    decisions, stand in the places before.
    """
    labels = score.bin_labels()[2:]
    pairs = [f"{low}|{decided}" for low in labels for decided in decision.categories]
    return category(f"joint:{layer}", pairs)


def assemble(
    variables: Iterable[Variable],
    *,
    start: datetime,
    end: datetime,
    rows: int,
    created_at: datetime,
) -> Layout:
    """Put variables side by side, features first, and name the result by its content."""
    ordered = sorted(variables, key=lambda variable: not variable.is_feature)
    placed: list[Variable] = []
    offset = 0
    for variable in ordered:
        placed.append(replace(variable, offset=offset))
        offset += variable.width
    content = {
        "start": start.astimezone(UTC).isoformat(),
        "end": end.astimezone(UTC).isoformat(),
        "rows": rows,
        # Moments are sums of floats, whose last digit depends on the order of the rows.
        "variables": variables_json(replace(each, mean=None, sd=None) for each in placed),
    }
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return Layout(digest[:16], created_at, start, end, rows, tuple(placed))


def variables_json(variables: Iterable[Variable]) -> list[dict[str, object]]:
    """The variables as they are stored; floats as text, so that they come back to the bit."""
    return [
        {
            "name": variable.name,
            "kind": variable.kind.value,
            "edges": [edge.hex() for edge in variable.edges],
            "categories": list(variable.categories),
            "offset": variable.offset,
            "mean": None if variable.mean is None else variable.mean.hex(),
            "sd": None if variable.sd is None else variable.sd.hex(),
            "source_type": variable.source_type,
            "whole": variable.whole,
        }
        for variable in variables
    ]


def variable_from_json(stored: Mapping[str, object]) -> Variable:
    """The variable that ``variables_json`` wrote."""
    edges, categories = stored["edges"], stored["categories"]
    assert isinstance(edges, list)
    assert isinstance(categories, list)
    return Variable(
        str(stored["name"]),
        VariableKind(str(stored["kind"])),
        tuple(float.fromhex(edge) for edge in edges),
        tuple(categories),
        int(str(stored["offset"])),
        _from_hex(stored["mean"]),
        _from_hex(stored["sd"]),
        str(stored["source_type"]),
        bool(stored["whole"]),
    )


def _from_hex(stored: object) -> float | None:
    return None if stored is None else float.fromhex(str(stored))
