"""Ten million exceptions as an owner's tables and our own would hold them."""

from __future__ import annotations

import sqlalchemy as sa

from queries.contract import migration_exceptions
from queries.contract_ddl import create_relations
from queries.reconciliation_schema import metadata as own_metadata

RUNS, BATCHES_PER_RUN = 12, 8
BATCHES = RUNS * BATCHES_PER_RUN
YEARS = (2026,)
LIVE = "live-1"

_BATCHES = f"""
INSERT INTO migration_batches
SELECT 'batch-' || to_char(b, 'FM0000'), 1,
       'mock-' || (b / {BATCHES_PER_RUN} + 1), 'mock', b / {BATCHES_PER_RUN} + 1,
       (ARRAY['CRIS', 'LEGACY_TAX', 'GIS', 'PAYROLL'])[b % 4 + 1],
       (ARRAY['customers', 'addresses', 'invoices', 'contracts', 'meters'])[b % 5 + 1],
       timestamptz '2026-01-01 00:00+00' + b * interval '2 days',
       timestamptz '2026-01-01 09:00+00' + b * interval '2 days',
       1000000, 1000000 - 20000, 20000, 0, NULL, 'completed'
FROM generate_series(0, {BATCHES - 1}) AS b
"""
# Every tenth exception lies in one batch; a cause hangs on its field; one cause is 1 in 1 M.
_EXCEPTIONS = f"""
INSERT INTO migration_exceptions
    (exception_id, batch_id, task_name, table_owner, table_name, failure_time, key_type, key,
     failure_type, details, field, source_value, target_value, cause, severity, status,
     first_seen_at, last_seen_at)
SELECT n, 'batch-' || to_char(b, 'FM0000'), 'load', 'rise',
       (ARRAY['customers', 'addresses', 'invoices', 'contracts', 'meters'])[b % 5 + 1],
       at, 'Row', 'K' || to_char(n % (:rows * 4 / 5), 'FM000000000'),
       CASE WHEN whole THEN 'MISSING_TARGET' ELSE 'RECORD_DIFF' END, NULL,
       CASE WHEN NOT whole THEN 'field_' || (h >> 8) % 12 END,
       CASE WHEN NOT whole THEN 'value ' || h % 99991 END,
       CASE WHEN NOT whole THEN 'value ' || h % 9973 END,
       CASE WHEN h % 1000003 < 1 THEN 'encoding' WHEN h % 50 = 0 THEN NULL
            ELSE (ARRAY['truncated', 'case', 'whitespace', 'rounding', 'date_swap', 'time_zone',
                        'missing', 'code_map'])[((h >> 8) % 12 + (h >> 5) % 2) % 8 + 1] END,
       (ARRAY['critical', 'major', 'major', 'minor', 'minor', 'minor'])[(h >> 8) % 12 % 6 + 1],
       CASE WHEN h % 5000 = 7 THEN 'false_positive' WHEN h % 100 < 4 THEN 'waived'
            WHEN h % 100 < 60 THEN 'fixed' ELSE 'open' END,
       at, at + interval '1 hour'
FROM (
    SELECT n, b, h, h % 20 = 3 AS whole,
           timestamptz '2026-01-01 00:00+00' + b * interval '2 days'
               + (h % 32400) * interval '1 second' AS at
    FROM (
        SELECT n, abs(hashint8(n)::bigint) AS h,
               CASE WHEN n % 10 = 0 THEN 17
                    ELSE abs(hashint8(n + 77)::bigint) % {BATCHES} END AS b
        FROM generate_series(1, :rows) AS n
    ) AS drawn
) AS placed
ORDER BY n
"""
_RUN = """
INSERT INTO plumbline.reconciliation_runs
    (name, pair, plan_digest, bucketing, mode, status, started_at, finished_at, source_relation,
     target_relation, source_rows, target_rows, source_filtered, target_filtered, buckets,
     buckets_compared, matched, exceptions)
SELECT 'bench', 'pair-' || p, 'd', 'b', 'full', 'completed', timestamptz '2026-08-01 00:00+00',
       timestamptz '2026-08-01 01:00+00', 's', 't', 100000000, 100000000, 0, 0, 4096, 4096,
       90000000, :rows / 5
FROM generate_series(1, 5) AS p
"""
_RECOUNTED = f"""
INSERT INTO plumbline.reconciliation_exceptions
SELECT n % 5 + 1, n / 5, h % 4096, CASE WHEN h % 20 = 3 THEN 'missing' ELSE 'differs' END,
       ARRAY['K' || to_char(n % (:rows * 4 / 5), 'FM000000000')], 1,
       CASE WHEN h % 20 <> 3 THEN 'field_' || (h >> 8) % 12 END,
       h % 20 = 3 OR h % 100003 = 5, 'value ' || h % 99991, 'value ' || h % 9973,
       CASE WHEN h % 1000003 < 1 THEN 'encoding'
            ELSE (ARRAY['truncated', 'case', 'whitespace', 'rounding', 'date_swap', 'time_zone',
                        'missing', 'code_map'])[((h >> 8) % 12 + (h >> 5) % 2) % 8 + 1] END,
       'rule-' || (h >> 8) % 3, 90,
       'batch-' || to_char(b, 'FM0000'),
       (ARRAY['CRIS', 'LEGACY_TAX', 'GIS', 'PAYROLL'])[b % 4 + 1]
FROM (
    SELECT n, abs(hashint8(n)::bigint) AS h, abs(hashint8(n + 77)::bigint) % {BATCHES} AS b
    FROM generate_series(0, :rows - 1) AS n
) AS drawn
"""
_FIELDS = """
INSERT INTO plumbline.reconciliation_fields
SELECT run_id, field, false, 100000000, count(*) FROM plumbline.reconciliation_exceptions
WHERE field IS NOT NULL GROUP BY run_id, field
"""
_GROUPS = """
INSERT INTO plumbline.reconciliation_groups
SELECT run_id, row_number() OVER (PARTITION BY run_id), kind, field, cause, signature, batch,
       source_system, count(*)
FROM plumbline.reconciliation_exceptions
GROUP BY run_id, kind, field, cause, signature, batch, source_system
"""
_ONE_RUN = f"UPDATE migration_batches SET run_id = '{LIVE}', run_kind = 'live', run_number = 99"


def build(engine: sa.Engine, rows: int) -> None:
    """The contract's tables and our own in an empty database; indexes come after the rows."""
    with engine.begin() as connection:
        create_relations(connection, YEARS)
        for index in migration_exceptions.indexes:
            index.drop(connection)
        connection.execute(sa.text(_BATCHES))
        connection.execute(sa.text(_EXCEPTIONS), {"rows": rows})
        for index in migration_exceptions.indexes:
            index.create(connection)


def build_recount(engine: sa.Engine, rows: int) -> None:
    """Five completed comparisons that found ``rows`` exceptions together."""
    with engine.begin() as connection:
        connection.execute(sa.schema.CreateSchema("plumbline", if_not_exists=True))
        own_metadata.create_all(connection)
        table = own_metadata.tables["plumbline.reconciliation_exceptions"]
        for index in table.indexes:
            index.drop(connection)
        connection.execute(sa.text(_RUN), {"rows": rows})
        connection.execute(sa.text(_RECOUNTED), {"rows": rows})
        for index in table.indexes:
            index.create(connection)
        connection.execute(sa.text(_FIELDS))
        connection.execute(sa.text(_GROUPS))


def one_live_run(engine: sa.Engine) -> None:
    """Let one live run hold every batch, and so every exception."""
    with engine.begin() as connection:
        connection.execute(sa.text(_ONE_RUN))


def analyse(engine: sa.Engine) -> None:
    """Renew statistics and the visibility map, as autovacuum does after a load."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("VACUUM ANALYZE"))
