"""What a page shows when it has no answer: what is the matter, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from queries.errors import (
    DatabaseBusyError,
    DatabaseDownError,
    ForbiddenError,
    IntegrityFailureError,
    InvalidInputError,
    MissingRelationError,
    PlumblineError,
    QueryTimeoutError,
)


@dataclass(frozen=True, slots=True)
class State:
    """A designed state: its title, its icon and the step that helps."""

    title: str
    icon: str
    next_step: str


_STATES: tuple[tuple[type[PlumblineError], State], ...] = (
    (
        DatabaseDownError,
        State(
            "The database does not answer",
            ":material/cloud_off:",
            "Reload the page in a moment. If it stays like this, tell whoever runs the database.",
        ),
    ),
    (
        DatabaseBusyError,
        State("The database is busy", ":material/hourglass_top:", "Reload the page in a moment."),
    ),
    (
        QueryTimeoutError,
        State("The question took too long", ":material/timer_off:", "Choose a shorter period."),
    ),
    (
        ForbiddenError,
        State(
            "This may not be read",
            ":material/lock:",
            "`plumbline check` lists the privileges that the role lacks.",
        ),
    ),
    (
        MissingRelationError,
        State(
            "A table is missing",
            ":material/table_chart_view:",
            "`plumbline check` names every table and column the contract needs; "
            "`plumbline contract --sql` prints them. All other pages work.",
        ),
    ),
    (
        IntegrityFailureError,
        State(
            "Integrity failure: no model was loaded",
            ":material/gpp_bad:",
            "The Artifacts page says which file, and what to do.",
        ),
    ),
    (
        InvalidInputError,
        State("That cannot be used as given", ":material/edit_off:", "Change it and try again."),
    ),
)
_OTHER = State("This could not be answered", ":material/error:", "The log says more.")


def state_of(error: PlumblineError) -> State:
    """The designed state that belongs to an error."""
    return next((state for kind, state in _STATES if isinstance(error, kind)), _OTHER)


def problem(error: PlumblineError) -> None:
    """Say what is wrong in the error's own sentence, and what to do next."""
    state = state_of(error)
    st.warning(f"{error}\n\n{state.next_step}", title=state.title, icon=state.icon)


def empty(message: str, next_step: str) -> None:
    """Say that there is nothing to show, and what would change that."""
    st.info(f"{message}\n\n{next_step}", title="Nothing to show", icon=":material/inbox:")


def notice(message: str) -> None:
    """A quiet line, for something worth knowing that needs no action."""
    st.caption(f":material/info: {message}")
