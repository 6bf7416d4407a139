"""What a log may keep of an error: its kind and the lines of code, never its message.

A driver's message can hold a connection string or a person's data.
"""

from __future__ import annotations

import traceback

from queries.errors import PlumblineError


def told(error: Exception) -> str:
    """The kind of an error, or its own words for the log, and where it was raised."""
    kind = error.log if isinstance(error, PlumblineError) else type(error).__name__
    return f"{kind}\n{''.join(traceback.format_tb(error.__traceback__))}"
