"""The product's own schema: made new, taken over from an older version, refused if newer."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from queries import rollup_schema
from queries.database import own_engine
from queries.errors import SchemaVersionError
from queries.explanation_schema import EXPLANATIONS
from queries.import_schema import IMPORTS
from queries.ledger import record_access, verify_chain
from queries.own_schema import LEDGER, AccessRecord
from queries.own_tables import ensure, schema_parts
from queries.reconciliation_schema import RECOUNTS, reconciliation_exceptions
from queries.rollup_schema import rollup_days
from queries.rollup_tables import ROLL_UPS

PARTS = (LEDGER, ROLL_UPS, RECOUNTS, IMPORTS, EXPLANATIONS)
Shape = dict[str, tuple[object, ...]]
ACCESS = AccessRecord(datetime(2026, 11, 20, tzinfo=UTC), "qa", "viewer-1", "open", {"page": "x"})
DAY = {
    "environment": "production",
    "edges_id": "e",
    "source_rows": 5,
    "fingerprint": "5:1",
    "marks": {},
    "refreshed_at": datetime(2026, 11, 20, tzinfo=UTC),
}


@pytest.fixture
def engine(empty_database: str) -> Iterator[sa.Engine]:
    made = own_engine(empty_database)
    yield made
    made.dispose()


def shape(engine: sa.Engine) -> Shape:
    """Every table with its columns, constraints and indexes, in no order of their own."""
    look = sa.inspect(engine)
    found: Shape = {}
    for table in look.get_table_names(schema="plumbline"):
        columns = look.get_columns(table, schema="plumbline")
        indexes = look.get_indexes(table, schema="plumbline")
        found[table] = (
            sorted((each["name"], str(each["type"]), each["nullable"]) for each in columns),
            sorted((str(each["name"]), each["column_names"], each["unique"]) for each in indexes),
            look.get_pk_constraint(table, schema="plumbline")["constrained_columns"],
        )
    return found


def made(engine: sa.Engine) -> Shape:
    for part in PARTS:
        ensure(engine, part)
    return shape(engine)


def run(engine: sa.Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))


def unnumbered(engine: sa.Engine) -> None:
    """Before version 1: no numbers, other indexes, a table and columns that came later."""
    run(
        engine,
        "DROP TABLE plumbline.schema_parts",
        "DROP INDEX plumbline.reconciliation_exceptions_batch",
        "CREATE INDEX reconciliation_exceptions_batch "
        "ON plumbline.reconciliation_exceptions (run_id, batch)",
        "CREATE INDEX reconciliation_exceptions_cause "
        "ON plumbline.reconciliation_exceptions (run_id, cause)",
        "ALTER TABLE plumbline.reconciliation_exceptions DROP COLUMN source_system",
        "DROP INDEX plumbline.webhook_outbox_waiting",
        "DROP VIEW plumbline.alerts",
        "ALTER TABLE plumbline.rolled_requests DROP COLUMN ml_calls",
        "DROP TABLE plumbline.rolled_latency",
    )


def days(engine: sa.Engine) -> set[date]:
    with engine.connect() as connection:
        return set(connection.execute(sa.select(rollup_days.c.day)).scalars())


def add_day(engine: sa.Engine, number: int, state: str) -> None:
    with engine.begin() as connection:
        row = {**DAY, "day": date(2026, 11, number), "state": state}
        connection.execute(sa.insert(rollup_days).values(row))


def test_an_older_schema_becomes_as_a_new_one_and_keeps_its_ledger(engine: sa.Engine) -> None:
    new = made(engine)
    with engine.begin() as connection:
        record_access(connection, ACCESS)
        values = {"run_id": 1, "exception_no": 1, "bucket": 1, "kind": "differs", "key": ["k"]}
        more = {"copies": 1, "critical": False, "cause": "c", "signature": "s", "confidence": 1}
        connection.execute(sa.insert(reconciliation_exceptions).values(**values, **more))
    add_day(engine, 19, "built")
    unnumbered(engine)
    assert shape(engine) != new
    assert made(engine) == new
    with engine.connect() as connection:
        report = verify_chain(connection)
        kept = connection.execute(sa.select(sa.func.count()).select_from(reconciliation_exceptions))
        assert kept.scalar_one() == 1
        assert connection.execute(sa.text("SELECT count(*) FROM plumbline.alerts")).scalar() == 0
        versions = {row.part: row.version for row in connection.execute(sa.select(schema_parts))}
    assert report.intact
    assert [chain.rows for chain in report.chains if chain.table == "access_log"] == [1]
    assert versions == {part.name: part.version for part in PARTS}
    assert days(engine) == set(), "a day whose roll-ups are incomplete is built again"


def test_days_that_exist_nowhere_else_are_never_dropped(engine: sa.Engine) -> None:
    made(engine)
    add_day(engine, 18, "purged")
    unnumbered(engine)
    before = shape(engine)
    with pytest.raises(SchemaVersionError, match="1 days"):
        ensure(engine, ROLL_UPS)
    assert shape(engine) == before
    run(engine, "ALTER TABLE plumbline.rolled_requests ADD COLUMN ml_calls bigint")
    ensure(engine, ROLL_UPS)
    assert days(engine) == {date(2026, 11, 18)}


def test_what_fits_is_left_as_it_is(engine: sa.Engine) -> None:
    made(engine)
    add_day(engine, 19, "built")
    run(engine, "DROP TABLE plumbline.schema_parts")
    made(engine)
    assert days(engine) == {date(2026, 11, 19)}


def test_a_newer_schema_is_refused_and_not_changed(engine: sa.Engine) -> None:
    made(engine)
    run(engine, "UPDATE plumbline.schema_parts SET version = version + 1")
    before = shape(engine)
    for part in PARTS:
        with pytest.raises(SchemaVersionError, match="newer Plumbline"):
            ensure(engine, part)
    assert shape(engine) == before


def test_a_later_migration_runs_once_even_if_many_ask(engine: sa.Engine) -> None:
    made(engine)

    table = IMPORTS.metadata.sorted_tables[0]

    def add(connection: sa.Connection, _: object) -> None:
        connection.execute(sa.text(f"ALTER TABLE {table.fullname} ADD COLUMN later text"))

    later = replace(IMPORTS, migrations=(*IMPORTS.migrations, add))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: ensure(engine, later), range(8)))
    assert "later" in {name for name, *_ in shape(engine)[table.name][0]}  # type: ignore[attr-defined]
    with pytest.raises(SchemaVersionError, match="newer Plumbline"):
        ensure(engine, IMPORTS)


def test_readers_and_writers_agree_on_the_version() -> None:
    assert ROLL_UPS.version == rollup_schema.VERSION
    assert len({part.name for part in PARTS}) == len(PARTS)
