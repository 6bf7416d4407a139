"""A migration with roll-ups of its exceptions beside it, asked with and without them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from components.exceptions.assess import breakdowns, defects
from components.exceptions.defects import RULES
from queries import (
    exceptions_listed,
    exceptions_report,
    migration,
    recount,
    rolled_exceptions,
)
from queries.database import own_engine, read, source_engine
from queries.exceptions_rows import Counted, Filters, Position, RecordRow
from queries.own_tables import ensure
from queries.rolled import read_rolled
from queries.rolled_exceptions_build import Refreshed, refresh_exceptions
from queries.rollup_origin import identity, record
from queries.rollup_tables import ROLL_UPS
from queries.scope import Scope
from tests.contract.contract_rows import insert

START = datetime(2026, 10, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
SCOPE = Scope(NOW - timedelta(days=28), NOW, NOW)
BATCHES = ("live-1-a", "live-1-b", "mock-1-a", "mock-1-b")
FILTERS = (
    Filters(cause="case"),
    Filters(cause="", severity="critical"),
    Filters(field="", status="open"),
    Filters(field="status", batch="live-1-a"),
)
OF_A_RUN = (recount.run_exceptions, migration.exceptions)
COUNTS_OF_LIVE = (exceptions_report.counts, "live-1", RULES)


class Programme:
    """A database with a migration, and roll-ups of it in the same database."""

    def __init__(self, url: str) -> None:
        self.source, self.own = source_engine(url), own_engine(url)
        ensure(self.own, ROLL_UPS)
        with self.own.begin() as connection:
            record(connection, read(self.source, identity))
            for name in BATCHES:
                insert(
                    connection,
                    "migration_batches",
                    batch_id=name,
                    run_id=name[:6],
                    run_number=2 if name.startswith("live") else 1,
                    run_kind=name[:4],
                    target_table="members",
                    started_at=START,
                    finished_at=START + HOUR,
                )

    def fail(self, exception_id: int, **changes: Any) -> None:
        usual = {
            "exception_id": exception_id,
            "batch_id": "live-1-a",
            "table_name": "members",
            "key": f"k{exception_id}",
            "field": "status",
            "cause": "case",
            "severity": "minor",
            "status": "open",
            "first_seen_at": START,
            "last_seen_at": START,
        }
        with self.own.begin() as connection:
            insert(connection, "migration_exceptions", **{**usual, **changes})

    def change(self, statement: Any) -> None:
        with self.own.begin() as connection:
            connection.execute(statement)

    def refresh(self) -> Refreshed:
        return refresh_exceptions(self.source, self.own, lambda done, total: None)

    def rolled(self, question: Callable[..., Any], *arguments: Any, scope: Scope = SCOPE) -> Any:
        return read_rolled(self.source, self.own, lambda c: question(c, scope, *arguments)).rows

    def alone(self, question: Callable[..., Any], *arguments: Any, scope: Scope = SCOPE) -> Any:
        return read(self.source, lambda c: question(c, scope, *arguments)).rows

    def counted(self, run_id: str = "live-1", scope: Scope = SCOPE) -> Any:
        (row,) = self.rolled(rolled_exceptions.counted_at, run_id, scope=scope)
        return row

    def status(self) -> str | None:
        """The one status of the live run's exceptions."""
        ((row,),) = (found.statuses for found in self.rolled(*COUNTS_OF_LIVE))
        return row.value  # type: ignore[no-any-return]

    def listed(
        self, ask: Callable[..., Any], filters: Filters, scope: Scope, backwards: bool = False
    ) -> list[RecordRow]:
        """All pages of the live run, two exceptions each."""
        found: list[RecordRow] = []
        after = None
        while True:
            asked = ("live-1", filters, after, 2, backwards)
            rows = ask(exceptions_listed.records, *asked, scope=scope)
            found += rows[:2]
            if len(rows) <= 2:
                return found
            after = Position(rows[1].group, rows[1].exception_id)

    def agree(self, scope: Scope = SCOPE) -> None:
        """Every question gives the same with roll-ups as without."""
        for filters in FILTERS:
            alone = self.listed(self.alone, filters, scope)
            assert self.listed(self.rolled, filters, scope) == alone
            assert self.listed(self.rolled, filters, scope, backwards=True) == alone[::-1]
        for run_id in ("live-1", "mock-1", "nowhere"):
            for filters in (Filters(), *FILTERS):
                asked = (exceptions_report.counts, run_id, RULES, filters)
                (rolled,), (alone,) = (
                    self.rolled(*asked, scope=scope),
                    self.alone(*asked, scope=scope),
                )
                assert breakdowns(rolled) == breakdowns(alone)
                assert defects(rolled) == defects(alone)
                assert _by_rule(rolled) == _by_rule(alone)
            for question in OF_A_RUN:
                rolled = self.rolled(question, run_id, scope=scope)
                assert Counter(rolled) == Counter(self.alone(question, run_id, scope=scope))
        for question, arguments in (
            (exceptions_report.per_batch, (BATCHES,)),
            (migration.exceptions, ()),
            (recount.blocked_runs, ()),
        ):
            rolled = self.rolled(question, *arguments, scope=scope)
            assert Counter(rolled) == Counter(self.alone(question, *arguments, scope=scope))


def _by_rule(found: Counted) -> Counter[Any]:
    """Exceptions and open ones, whatever batch a rule is said to lie in."""
    summed: Counter[Any] = Counter()
    for row in found.rules:
        values = asdict(replace(row, batch_id=None))
        counts = values.pop("exceptions"), values.pop("open_exceptions")
        for name, number in zip(("all", "open"), counts, strict=True):
            summed[name, tuple(values.items())] += number
    return summed
