"""The server: what happens once per process, before and around every page."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route

from dashboard.headers import SecurityHeaders
from dashboard.told import told
from dashboard.warm import warm

if TYPE_CHECKING:
    from dashboard.ready import Readiness

LOG = logging.getLogger("plumbline.app")


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[dict[str, Any]]:
    """Import everything, look for the database, and judge."""
    await asyncio.to_thread(warm)
    found = await asyncio.to_thread(_readiness)
    LOG.log(logging.INFO if found.ready else logging.WARNING, "start: %s", found.word)
    judging = asyncio.create_task(_keep_judged())
    yield {"started": True}
    judging.cancel()


async def _keep_judged() -> None:
    # Caches are made when their module is imported, and need the running server around them.
    from dashboard.ahead import keep_judged

    await keep_judged()


def _readiness() -> Readiness:
    # Caches are made when their module is imported, and need the running server around them.
    from dashboard.ready import readiness

    return readiness()


async def ready(_: Request) -> JSONResponse:
    """Whether this process can answer: 200, or 503 and one word why."""
    found = await asyncio.to_thread(_readiness)
    return JSONResponse({"status": found.word}, status_code=200 if found.ready else 503)


async def first_page(request: Request) -> RedirectResponse:
    """The first page has no path of its own in Streamlit; people type one all the same."""
    return RedirectResponse(request.url.replace(path="/"))


def on_script_error(error: Exception) -> bool:
    """Show a panel with a reference instead of a traceback.

    The log keeps the kind of error and the lines of code, not the message.
    """
    reference = secrets.token_hex(4)
    LOG.error("reference=%s %s", reference, told(error))
    st.error(
        f"This page met an error that nobody foresaw. The other pages work. "
        f"Give the reference **{reference}** to whoever runs Plumbline.",
        title="Something went wrong",
        icon=":material/error:",
    )
    return True


def _already_told(_: logging.LogRecord) -> bool:
    """Keep Streamlit's own report of an error, message and all, out of the log."""
    return False


logging.getLogger("streamlit.error_util").addFilter(_already_told)

app = st.App(
    Path(__file__).with_name("entry.py"),
    lifespan=lifespan,
    routes=[Route("/api/ready", ready), Route("/status", first_page)],
    middleware=[Middleware(SecurityHeaders)],
    on_script_error=on_script_error,
)

if __name__ == "__main__":
    app.run()
