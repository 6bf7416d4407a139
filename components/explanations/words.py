"""Feature names and values as people read them."""

from __future__ import annotations

from typing import Any

from components.layout import numbers


def label(feature: str) -> str:
    """A feature's name in words: ``asset age years``."""
    return feature.replace("_", " ")


def value(found: Any) -> str:
    """A stored value in words."""
    if found is None:
        return "missing"
    if isinstance(found, bool):
        return "yes" if found else "no"
    if isinstance(found, int | float):
        return figure(float(found))
    return str(found)


def figure(found: float) -> str:
    """A number with no digit too many."""
    return f"{found:,.6g}" if abs(found) < 1e6 else f"{found:,.0f}"


def change(size: float) -> str:
    """How far a step moved the risk: ``raised the risk by 0.12``."""
    if abs(size) < 0.0005:
        return "hardly moved the risk"
    return f"{'raised' if size > 0 else 'lowered'} the risk by {numbers.decimal(abs(size), 3)}"


def joined(parts: list[str]) -> str:
    """``a, b and c``."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
