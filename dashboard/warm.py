"""What a process does once, so that no page has to wait for it."""

from __future__ import annotations

import gc

from dashboard.threads import one_thread_a_sum


def warm() -> None:
    """Import everything, and take it out of the garbage collector's sight.

    Streamlit collects garbage after every script run while holding the interpreter; what the
    imports left behind is frozen once, so that it is not walked each time.
    """
    from dashboard import evidence, navigation  # noqa: F401 - the first judgement needs it

    for entry in navigation.ENTRIES:
        entry.render  # noqa: B018 - the property imports the page
    one_thread_a_sum()
    gc.collect()
    gc.freeze()
