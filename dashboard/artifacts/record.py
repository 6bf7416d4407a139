"""What a verification found goes into the product's own schema: appended, never changed."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from threading import Lock
from uuid import uuid4

import sqlalchemy as sa

from components.artifacts.types import Check, Inspection, Readiness
from dashboard.settings import settings
from queries import artifact_checks
from queries.artifact_schema import CheckRecord
from queries.database import own_engine, translated
from queries.errors import DatabaseError
from queries.own_schema import ensure_own_schema

LOG = logging.getLogger("plumbline.artifacts")
SCHEDULED, BY_HAND, LOADING = "scheduled", "by hand", "refused to load"

_told: set[tuple[str, str, str | None, str | None]] = set()
_lock = Lock()


def inspection(found: Inspection, occasion: str) -> str | None:
    """Record every check of an inspection; returns its id, or None without an own schema.

    Raises:
        DatabaseError: the product's own schema cannot be written.
    """
    ready = {item.model_version: item for item in found.readiness}
    return _write(((check, ready.get(check.model_version)) for check in found.checks), occasion)


def refusal(check: Check) -> None:
    """Record that a model was not loaded: once for each state of a file in this process.

    The refusal itself must not depend on the record: a schema that cannot be written is logged.
    """
    LOG.error("integrity failure file=%s fault=%s", check.path, check.fault)
    state = (check.path, check.model_version, check.fault, check.found_sha256)
    with _lock:
        if state in _told:
            return
        _told.add(state)
    try:
        _write([(check, None)], LOADING)
    except DatabaseError as error:
        LOG.error("the refusal could not be recorded: %s", error.log)
        with _lock:
            _told.discard(state)


def _write(items: Iterable[tuple[Check, Readiness | None]], occasion: str) -> str | None:
    url = settings().own_url
    if url is None:
        return None
    run_id, now = str(uuid4()), datetime.now(UTC)
    records = [_record(check, ready, occasion, run_id, now) for check, ready in items]
    with translated(), _engine(url.get_secret_value()).begin() as connection:
        artifact_checks.record(connection, records)
    return run_id


def _record(
    check: Check, ready: Readiness | None, occasion: str, run_id: str, now: datetime
) -> CheckRecord:
    return CheckRecord(
        run_id=run_id,
        checked_at=now,
        occasion=occasion,
        model_version=check.model_version,
        role=check.role,
        path=check.path,
        fault=check.fault.value if check.fault else None,
        reason=check.reason,
        signature=check.signature.value,
        key_id=check.key_id,
        algorithm=check.algorithm,
        expected_sha256=check.expected_sha256,
        found_sha256=check.found_sha256,
        loadable=ready.loadable if ready else None,
        probe=ready.probe.value if ready else "",
    )


@lru_cache(maxsize=2)
def _engine(url: str) -> sa.Engine:
    engine = own_engine(url)
    ensure_own_schema(engine)
    return engine
