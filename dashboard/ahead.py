"""The gates judged ahead of whoever opens a page: at the start, and as the present advances.

Judging reads and computes for about a second, imports included. Every page that shows a verdict
as of the present finds it judged; of another day it is judged when somebody asks.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime

from dashboard import cache
from dashboard.told import told
from queries.errors import PlumblineError

LOG = logging.getLogger("plumbline.ahead")


async def keep_judged() -> None:
    """Judge now and at the beginning of each step, until cancelled."""
    while True:
        await asyncio.to_thread(judge)
        await asyncio.sleep(until_next(datetime.now(UTC)))


def judge() -> None:
    """Judge the gates as of the present; without a database there is nothing to do yet."""
    try:
        cache.judge_anew(cache.present())
    except PlumblineError as error:
        LOG.info("gates not judged ahead: %s", error.log)
    except Exception as error:  # noqa: BLE001 - a page meets it too and says so; judging goes on
        LOG.error("gates not judged ahead: %s", told(error))


def until_next(now: datetime) -> float:
    """Seconds until the present advances."""
    return (cache.STEP - (now - datetime.min.replace(tzinfo=UTC)) % cache.STEP).total_seconds()
