"""Faults of the data in single predictions: where values are missing, which keys are new."""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa

from components.drift.assess import Windows, appeared, placed
from components.drift.assess_place import concentration
from components.drift.material import Span
from components.drift.types import Concentration, SanityFinding, SanityKind
from dashboard.drift_material import midnight
from queries import drift_drill
from queries.database import read
from queries.drift_rows import Layout, VariableKind
from queries.scope import Scope


def with_places(
    source: sa.Engine,
    scope: Scope,
    layout: Layout,
    windows: Windows,
    sanity: tuple[SanityFinding, ...],
) -> tuple[SanityFinding, ...]:
    """The faults with keys that the reference never had, and where missing values concentrate.

    Single predictions are read for it: of the current window, and of as many days of the
    reference, so that it costs the same whatever the history.

    Raises:
        DatabaseError: the source cannot be read.
    """
    found = tuple(
        placed(one, place) if (place := _place(source, scope, layout, windows, one)) else one
        for one in sanity
    )
    return (*found, *_new_keys(source, scope, layout, windows))


def _new_keys(
    source: sa.Engine, scope: Scope, layout: Layout, windows: Windows
) -> tuple[SanityFinding, ...]:
    """Features of the current window that have no bins, as the reference did not have them."""
    spans = _single(windows)
    known = tuple(variable.short_name for variable in layout.features)
    if spans is None or not known:
        return ()
    before, after = (
        read(
            source,
            lambda connection, of=span: (
                drift_drill.unknown_keys(connection, of, known).rows  # type: ignore[misc]
            ),
        )
        for span in (_of_days(scope, each) for each in spans)
    )
    rare = {row.feature for row in before}
    return tuple(appeared(row) for row in after if row.feature not in rare)


def _single(windows: Windows) -> tuple[Span, Span] | None:
    """The end of the reference and the current window, where single predictions may be read."""
    length = windows.current[1] - windows.current[0]
    if length > drift_drill.LONGEST:
        return None
    return (max(windows.reference[0], windows.reference[1] - length), windows.reference[1]), (
        windows.current
    )


def _of_days(scope: Scope, span: Span) -> Scope:
    return replace(scope, start=midnight(span[0]), end=midnight(span[1]))


def _place(
    source: sa.Engine, scope: Scope, layout: Layout, windows: Windows, found: SanityFinding
) -> Concentration | None:
    categories = tuple(
        variable.short_name
        for variable in layout.features
        if variable.kind is VariableKind.CATEGORY and variable.name != found.variable
    )
    spans = _single(windows)
    if found.kind is not SanityKind.NULL_RATE or not categories or spans is None:
        return None
    counted = [
        read(
            source,
            lambda connection, of=span: (
                drift_drill.missing_by(  # type: ignore[misc]
                    connection, of, found.label, categories
                ).rows
            ),
        )
        for span in (_of_days(scope, each) for each in spans)
    ]
    return concentration(*counted)
