"""The gates judged ahead of whoever opens a page: at the start, and as the present advances.

Judging reads and computes for about a second, imports included. Every page that shows a verdict
as of the present finds it judged, and Status finds the day with which it compares; of any other
day it is judged when somebody asks.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime

from dashboard import cache, filters
from dashboard.told import told
from queries.errors import MissingRelationError, PlumblineError
from queries.gate_history import recorded_gates

LOG = logging.getLogger("plumbline.ahead")


async def keep_judged() -> None:
    """Judge now and at the beginning of each step, until cancelled."""
    while True:
        await asyncio.to_thread(judge)
        await asyncio.sleep(until_next(datetime.now(UTC)))


def judge() -> None:
    """Judge the gates as of the present and of the day that Status compares with.

    Without a database there is nothing to do yet.
    """
    try:
        present = cache.present()
        cache.judge_anew(present)
        earlier = filters.end_of(filters.looked_back(present))
        if earlier < present and not _recorded(earlier):
            cache.judge_anew(earlier)
    except PlumblineError as error:
        LOG.info("gates not judged ahead: %s", error.log)
    except Exception as error:  # noqa: BLE001 - a page meets it too and says so; judging goes on
        LOG.error("gates not judged ahead: %s", told(error))


def _recorded(moment: datetime) -> bool:
    """Whether somebody recorded how the gates stood, so that they need not be judged again."""
    try:
        version = cache.policy().version
        found = cache.own_answer(recorded_gates, moment, version, viewer_scope="")
    except MissingRelationError:
        return False
    return found is not None and bool(found.rows)


def until_next(now: datetime) -> float:
    """Seconds until the present advances."""
    return (cache.STEP - (now - datetime.min.replace(tzinfo=UTC)) % cache.STEP).total_seconds()
