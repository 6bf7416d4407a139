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
       2000000, 2000000 - 20000, 20000, 0, NULL, 'completed'
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
SELECT 'bench', name, 'd', 'b', 'full', 'completed', timestamptz '2026-08-01 00:00+00',
       timestamptz '2026-08-01 01:00+00', 'legacy.' || name, 'rise.' || name, 100000000, 100000000,
       0, 0, 4096, 4096, 90000000, :rows / 5
FROM unnest(ARRAY['customers', 'addresses', 'invoices', 'contracts', 'meters']) AS name
"""
_RECOUNTED = f"""
INSERT INTO plumbline.reconciliation_exceptions
SELECT n % 5 + 1, n / 5, h % 4096, CASE WHEN h % 20 = 3 THEN 'missing' ELSE 'differs' END,
       ARRAY['K' || to_char(n % (:rows * 4 / 5), 'FM000000000')], 1,
       CASE WHEN h % 20 <> 3 THEN 'field_' || (h >> 8) % 12 END,
       h % 20 = 3 OR (h >> 8) % 12 IN (0, 6), 'value ' || h % 99991, 'value ' || h % 9973,
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
SELECT run_id, field, field IN ('field_0', 'field_6'), 100000000, count(*)
FROM plumbline.reconciliation_exceptions
WHERE field IS NOT NULL GROUP BY run_id, field
"""
_GROUPS = """
INSERT INTO plumbline.reconciliation_groups
SELECT run_id, row_number() OVER (PARTITION BY run_id), kind, field, cause, signature, batch,
       source_system, count(*)
FROM plumbline.reconciliation_exceptions
GROUP BY run_id, kind, field, cause, signature, batch, source_system
"""
# Twelve fields of each batch, a third of them sampled; three control totals, one in nine wrong.
_CHECKS = """
INSERT INTO migration_field_checks
SELECT 100 * row_number() OVER (ORDER BY batch_id) + f, batch_id, target_table, 'field_' || f,
       loaded, CASE f % 3 WHEN 0 THEN 20000 ELSE loaded END, CASE f % 3 WHEN 0 THEN 9 ELSE 800 END,
       jsonb_build_object('truncation', CASE f % 3 WHEN 0 THEN 9 ELSE 800 END),
       CASE f % 3 WHEN 0 THEN 'sample' ELSE 'full' END, f IN (0, 6), finished_at
FROM migration_batches CROSS JOIN generate_series(0, 11) AS f
"""
_TOTALS = """
INSERT INTO migration_control_totals
    (total_id, batch_id, validation_name, validation_type, aggregation_type, source_table_name,
     source_column_name, source_value, target_table_name, target_column_name, target_value,
     validation_status, run_id, labels, start_time)
SELECT 100 * row_number() OVER (ORDER BY batch_id) + f, batch_id, 'sum__field_' || f, 'Column',
       'sum', 'legacy.' || target_table, 'field_' || f, 1000000.25, 'rise.' || target_table,
       'field_' || f, 1000000.25 - CASE hashtext(batch_id || f) % 9 WHEN 0 THEN f + 0.01 ELSE 0 END,
       'success', batch_id, '{"unit": "USD"}', finished_at
FROM migration_batches CROSS JOIN generate_series(1, 3) AS f
"""
_ONE_RUN = f"UPDATE migration_batches SET run_id = '{LIVE}', run_kind = 'live', run_number = 99"
_MOCKS = f"""
UPDATE migration_batches
SET run_id = 'mock-' || number, run_kind = 'mock', run_number = number
FROM (
    SELECT batch_id AS of, right(batch_id, 4)::int / {BATCHES_PER_RUN} + 1 AS number
    FROM migration_batches
) AS numbered
WHERE batch_id = of
"""


def build(engine: sa.Engine, rows: int) -> None:
    """The contract's tables and our own in an empty database; indexes come after the rows."""
    with engine.begin() as connection:
        create_relations(connection, YEARS)
        for index in migration_exceptions.indexes:
            index.drop(connection)
        for statement in (_BATCHES, _CHECKS, _TOTALS):
            connection.exec_driver_sql(statement.replace("%", "%%"))
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


def mock_runs(engine: sa.Engine) -> None:
    """Spread the batches over mock conversions, as they are built."""
    with engine.begin() as connection:
        connection.execute(sa.text(_MOCKS))


def one_live_run(engine: sa.Engine) -> None:
    """Let one live run hold every batch, and so every exception."""
    with engine.begin() as connection:
        connection.execute(sa.text(_ONE_RUN))


def analyse(engine: sa.Engine) -> None:
    """Renew statistics and the visibility map, as autovacuum does after a load."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("VACUUM ANALYZE"))
