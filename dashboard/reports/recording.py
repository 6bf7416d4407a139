"""How exports are recorded: in the access log of the product's own schema, where there is one."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import sqlalchemy as sa

from dashboard.settings import settings
from queries.database import own_engine, translated
from queries.ledger import record_access
from queries.own_schema import AccessRecord, ensure_own_schema


def recorder() -> Callable[[AccessRecord], None] | None:
    """What writes the access log; None where no schema of the product's own is configured."""
    url = settings().own_url
    if url is None:
        return None
    address = url.get_secret_value()

    def record(taken: AccessRecord) -> None:
        engine = _engine(address)
        with translated(), engine.begin() as connection:
            record_access(connection, taken)

    return record


@lru_cache(maxsize=2)
def _engine(url: str) -> sa.Engine:
    engine = own_engine(url)
    ensure_own_schema(engine)
    return engine
