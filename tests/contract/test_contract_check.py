"""Each kind of difference between a database and the contract is planted, and must be found."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from queries import contract
from queries.contract_access import version
from queries.contract_catalog import ServerFacts
from queries.contract_check import check
from queries.contract_findings import Finding, Report, Severity
from queries.contract_storage import LARGE, storage
from queries.database import own_engine, read, source_engine
from queries.errors import InvalidInputError
from tests.contract.contract_rows import insert_all


@pytest.fixture
def owner(contract_database) -> Iterator[sa.Engine]:
    engine = own_engine(contract_database)
    with engine.begin() as connection:
        insert_all(connection)
    yield engine
    engine.dispose()


@pytest.fixture
def reader(contract_database, reader_url) -> Iterator[sa.Engine]:
    engine = source_engine(reader_url(contract_database))
    yield engine
    engine.dispose()


def run(owner: sa.Engine, *statements: str) -> None:
    with owner.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def report_of(engine: sa.Engine, **options) -> Report:
    return read(engine, lambda connection: check(connection, **options))


def only(report: Report, relation: str | None, column: str | None = None) -> Finding:
    found = [f for f in report.findings if f.relation == relation and f.column == column]
    assert len(found) == 1, report.findings
    return found[0]


def test_our_own_tables_and_a_reading_role_give_no_finding(owner, reader):
    report = report_of(reader)
    assert report.findings == ()
    assert report.exit_code == 0
    assert {part.relation for part in report.rows_read} == set(contract.metadata.tables)


def test_an_absent_relation_names_the_pages_that_need_it(owner, reader):
    run(owner, "DROP TABLE ml_shadow_scores")
    finding = only(report_of(reader), "ml_shadow_scores")
    assert finding.severity is Severity.WARNING
    assert "Shadow needs it" in finding.message


def test_a_wrong_schema_with_nothing_in_it_is_a_problem(owner, reader):
    run(owner, "CREATE SCHEMA empty", "GRANT USAGE ON SCHEMA empty TO plumbline_reader")
    finding = only(report_of(reader, schema="empty"), None)
    assert finding.severity is Severity.PROBLEM
    assert "none of the contract's relations" in finding.message


def test_an_unknown_schema_cannot_be_checked(reader):
    with pytest.raises(InvalidInputError, match="no schema “nowhere”"):
        report_of(reader, schema="nowhere")


def test_a_missing_column_is_a_problem(owner, reader):
    run(owner, "ALTER TABLE ml_feedback DROP COLUMN severity")
    finding = only(report_of(reader), "ml_feedback", "severity")
    assert finding.severity is Severity.PROBLEM
    assert "not there" in finding.message
    assert "text" in finding.remedy


@pytest.mark.parametrize(
    ("relation", "column", "type_", "severity", "words"),
    [
        ("prediction_audit", "ml_score", "text", Severity.PROBLEM, "double precision is needed"),
        ("ml_feedback", "reviewed_at", "timestamp", Severity.PROBLEM, "no time zone"),
        ("migration_batches", "started_at", "date", Severity.PROBLEM, "no time of day"),
        ("config_history", "value", "json", Severity.PROBLEM, "jsonb is needed"),
        ("migration_control_totals", "source_value", "float8", Severity.PROBLEM, "a cent exactly"),
        ("ml_feedback", "blinded", "text", Severity.PROBLEM, "boolean is needed"),
        ("findings", "owner", "char(20)", Severity.WARNING, "padded with blanks"),
        ("migration_batches", "loaded", "numeric", Severity.WARNING, "fractions"),
        ("migration_batches", "loaded", "float8", Severity.PROBLEM, "bigint is needed"),
    ],
)
def test_a_wrong_type_is_named(owner, reader, relation, column, type_, severity, words):
    change = f"ALTER COLUMN {column} TYPE {type_} USING {column}::text::{type_}"
    run(owner, f"ALTER TABLE {relation} {change}")
    finding = only(report_of(reader), relation, column)
    assert finding.severity is severity
    assert words in finding.message


@pytest.mark.parametrize(
    ("relation", "column", "type_"),
    [
        ("prediction_audit", "ml_score", "numeric(9,6)"),
        ("prediction_audit", "ml_score", "real"),
        ("ml_feedback", "severity", "varchar(20)"),
        ("migration_batches", "loaded", "integer"),
        ("migration_control_totals", "source_value", "numeric(18,2)"),
        ("ml_feedback", "feedback_id", "integer"),
        ("ml_feedback", "feedback_id", "text"),
    ],
)
def test_a_harmless_variant_is_accepted(owner, reader, relation, column, type_):
    run(owner, f"ALTER TABLE {relation} ALTER COLUMN {column} TYPE {type_}")
    assert report_of(reader).findings == ()


def test_an_enumeration_and_a_domain_are_told_apart(owner, reader):
    run(
        owner,
        "CREATE TYPE harm AS ENUM ('critical', 'major', 'minor')",
        "ALTER TABLE ml_feedback ALTER COLUMN severity TYPE harm USING severity::harm",
        "CREATE DOMAIN code AS text CHECK (length(VALUE) < 30)",
        "CREATE DOMAIN strict_code AS code NOT NULL",
        "ALTER TABLE ml_feedback ALTER COLUMN reviewer TYPE strict_code",
    )
    report = report_of(reader)
    assert "enumeration" in only(report, "ml_feedback", "severity").message
    assert len(report.findings) == 1


def test_ids_of_text_are_accepted_everywhere_together(owner, reader):
    for table in contract.relations:
        for column in table.columns:
            if isinstance(column.type, contract.Identifier):
                run(owner, f"ALTER TABLE {table.name} ALTER COLUMN {column.name} TYPE text")
    assert report_of(reader).findings == ()


def test_ids_that_cannot_be_joined_are_a_problem(owner, reader):
    run(owner, "ALTER TABLE ml_feedback ALTER COLUMN prediction_id TYPE text")
    finding = only(report_of(reader), "ml_feedback", "prediction_id")
    assert finding.severity is Severity.PROBLEM
    assert "cannot be compared" in finding.message


def test_a_key_that_may_be_null_is_a_problem(owner, reader):
    run(
        owner,
        "ALTER TABLE ml_feedback DROP CONSTRAINT ml_feedback_pkey",
        "ALTER TABLE ml_feedback ALTER COLUMN feedback_id DROP NOT NULL",
        "CREATE UNIQUE INDEX ON ml_feedback (feedback_id)",
    )
    finding = only(report_of(reader), "ml_feedback", "feedback_id")
    assert finding.severity is Severity.PROBLEM
    assert "may be null" in finding.message


def test_a_key_that_nothing_keeps_unique_is_a_warning(owner, reader):
    run(
        owner,
        "ALTER TABLE ml_feedback DROP CONSTRAINT ml_feedback_pkey",
        "CREATE INDEX ON ml_feedback (feedback_id)",
    )
    finding = only(report_of(reader), "ml_feedback")
    assert finding.severity is Severity.WARNING
    assert "Nothing keeps its key unique" in finding.message


def test_a_missing_index_on_a_hot_path_is_found(owner, reader):
    run(owner, "DROP INDEX prediction_audit_day")
    finding = only(report_of(reader), "prediction_audit", "environment")
    assert finding.severity is Severity.WARNING
    assert "(environment, scored_at)" in finding.message


@pytest.mark.parametrize(
    "replacement",
    [
        "CREATE INDEX ON ml_shadow_scores (scored_at, prediction_id)",
        "CREATE INDEX ON ml_shadow_scores USING btree (scored_at DESC)",
    ],
)
def test_an_index_with_the_same_leading_columns_serves(owner, reader, replacement):
    run(owner, "DROP INDEX ml_shadow_scores_scored_at", replacement)
    assert report_of(reader).findings == ()


@pytest.mark.parametrize(
    "replacement",
    [
        "CREATE INDEX ON ml_shadow_scores (prediction_id, scored_at)",
        "CREATE INDEX ON ml_shadow_scores (scored_at) WHERE candidate_error IS NULL",
        "CREATE INDEX ON ml_shadow_scores ((scored_at AT TIME ZONE 'UTC'))",
        "CREATE INDEX ON ml_shadow_scores USING hash (scored_at)",
    ],
)
def test_another_index_does_not(owner, reader, replacement):
    run(owner, "DROP INDEX ml_shadow_scores_scored_at", replacement)
    assert (
        "No index begins with" in only(report_of(reader), "ml_shadow_scores", "scored_at").message
    )


def test_a_btree_serves_where_the_contract_has_a_block_range_index(owner, reader):
    run(
        owner,
        "DROP INDEX prediction_audit_scored_at",
        "CREATE INDEX ON prediction_audit (scored_at)",
    )
    assert report_of(reader).findings == ()


def test_indexes_on_every_partition_serve_without_one_on_the_parent(owner, reader):
    run(owner, "DROP INDEX prediction_audit_ticket")
    for year in range(2024, 2028):
        run(owner, f"CREATE INDEX ticket_{year} ON prediction_audit_{year} (ticket_id)")
    assert report_of(reader).findings == ()
    run(owner, "DROP INDEX ticket_2024")
    assert "(ticket_id)" in only(report_of(reader), "prediction_audit", "ticket_id").message


def test_an_unpartitioned_hot_table_is_a_warning_while_small(owner, reader):
    run(
        owner,
        "ALTER TABLE prediction_audit RENAME TO parted",
        "ALTER INDEX prediction_audit_pkey RENAME TO parted_pkey",
        "CREATE TABLE prediction_audit (LIKE parted INCLUDING ALL)",
        "GRANT SELECT ON prediction_audit TO plumbline_reader",
    )
    finding = only(report_of(reader), "prediction_audit")
    assert finding.severity is Severity.WARNING
    assert "not partitioned" in finding.message


@pytest.mark.parametrize(
    ("rows", "severity"), [(LARGE - 1, Severity.WARNING), (LARGE, Severity.PROBLEM)]
)
def test_size_makes_storage_a_problem(owner, rows, severity):
    from queries.contract_catalog import relations

    run(
        owner,
        "ALTER TABLE prediction_audit RENAME TO parted",
        "CREATE TABLE prediction_audit (LIKE parted)",
    )
    with owner.connect() as connection:
        facts = relations(connection, "public", ["prediction_audit"])["prediction_audit"]
    found = list(storage(contract.prediction_audit, facts, rows))
    assert {finding.severity for finding in found if "unique" not in finding.message} == {severity}
    assert len(found) == 6


def test_partitions_by_something_else_are_a_warning(owner, reader):
    run(
        owner,
        "ALTER TABLE prediction_audit RENAME TO parted",
        "CREATE TABLE prediction_audit (LIKE parted INCLUDING INDEXES) PARTITION BY HASH "
        "(prediction_id)",
        "CREATE TABLE part0 PARTITION OF prediction_audit FOR VALUES WITH (MODULUS 1, REMAINDER 0)",
        "GRANT SELECT ON prediction_audit TO plumbline_reader",
    )
    finding = only(report_of(reader), "prediction_audit")
    assert finding.severity is Severity.WARNING
    assert "HASH (prediction_id)" in finding.message


@pytest.mark.parametrize(
    ("grant", "words"),
    [
        ("GRANT INSERT, DELETE ON ml_feedback TO plumbline_reader", "INSERT, DELETE"),
        ("GRANT TRUNCATE ON ml_feedback TO plumbline_reader", "TRUNCATE"),
        ("GRANT UPDATE (severity) ON ml_feedback TO plumbline_reader", "UPDATE"),
        ("ALTER TABLE ml_feedback OWNER TO plumbline_reader", "owns it"),
    ],
)
def test_privileges_larger_than_select_are_a_problem(owner, reader, grant, words):
    run(owner, grant)
    finding = only(report_of(reader), "ml_feedback")
    assert finding.severity is Severity.PROBLEM
    assert words in finding.message


def test_a_privilege_on_one_partition_counts(owner, reader):
    run(owner, "GRANT INSERT ON prediction_audit_2025 TO plumbline_reader")
    assert "INSERT" in only(report_of(reader), "prediction_audit").message


def test_create_on_the_schema_is_a_warning(owner, reader):
    run(owner, "GRANT CREATE ON SCHEMA public TO plumbline_reader")
    finding = only(report_of(reader), None)
    assert finding.severity is Severity.WARNING
    assert "may create objects" in finding.message


def test_a_superuser_is_one_problem_and_not_a_hundred(owner):
    report = report_of(owner)
    assert "superuser" in only(report, None).message
    assert len(report.findings) == 1


def test_a_relation_that_may_not_be_read_is_one_problem(owner, reader):
    run(owner, "REVOKE SELECT ON findings FROM plumbline_reader")
    finding = only(report_of(reader), "findings")
    assert finding.severity is Severity.PROBLEM
    assert "may not read it" in finding.message
    assert finding.remedy == 'GRANT SELECT ON findings TO "plumbline_reader".'


def test_a_column_that_may_not_be_read_is_named_and_the_others_are_checked(owner, reader):
    columns = ", ".join(
        column.name for column in contract.findings.columns if column.name != "evidence"
    )
    run(
        owner,
        "REVOKE SELECT ON findings FROM plumbline_reader",
        f"GRANT SELECT ({columns}) ON findings TO plumbline_reader",
        "UPDATE findings SET priority = 'P9'",
    )
    report = report_of(reader)
    assert {finding.column for finding in report.findings} == {"evidence", "priority"}


def test_a_schema_that_may_not_be_used_is_a_problem(owner, reader):
    run(owner, "REVOKE USAGE ON SCHEMA public FROM plumbline_reader, PUBLIC")
    assert "may not use schema" in only(report_of(reader), None).message


def test_another_schema_that_comes_first_is_a_problem(owner, reader):
    run(
        owner,
        "CREATE SCHEMA first",
        "GRANT USAGE ON SCHEMA first TO plumbline_reader",
        "CREATE TABLE first.findings (a int)",
        "ALTER ROLE plumbline_reader IN DATABASE "
        f"{owner.url.database} SET search_path = first, public",
    )
    finding = only(report_of(reader), "findings")
    assert finding.severity is Severity.PROBLEM
    assert "search path" in finding.message


def test_an_old_server_is_a_problem():
    facts = ServerFacts("14.9", 140_009, "reader", False, True, True, False)
    assert [finding.severity for finding in version(facts)] == [Severity.PROBLEM]
    assert not list(version(ServerFacts("15.0", 150_000, "reader", False, True, True, False)))


def test_a_view_in_a_hot_tables_place_is_information(owner, reader):
    run(
        owner,
        "ALTER TABLE prediction_audit RENAME TO theirs",
        "CREATE VIEW prediction_audit AS SELECT * FROM theirs",
        "GRANT SELECT ON prediction_audit TO plumbline_reader",
    )
    report = report_of(reader)
    finding = only(report, "prediction_audit")
    assert finding.severity is Severity.INFORMATION
    assert report.exit_code == 0
