"""Our own DDL makes what the contract says, and templates become views that pass the check."""

from __future__ import annotations

import re

import psycopg
import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from dashboard.commands.contract import command
from dashboard.embedded.roles import grant_roles
from queries import contract
from queries.contract_check import check
from queries.contract_ddl import PLACEHOLDER, create_relations, ddl_sql, view_templates_sql
from queries.contract_findings import Severity
from queries.database import own_engine, read, source_engine
from queries.errors import InvalidInputError


def run_script(url: str, script: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(script.encode())


def test_the_printed_script_makes_what_create_relations_makes(empty_database):
    engine = own_engine(empty_database)
    described = []
    for schema in ("printed", "created"):
        with engine.begin() as connection:
            connection.execute(sa.text(f"CREATE SCHEMA {schema}"))
            connection.execute(sa.text(f"SET LOCAL search_path TO {schema}"))
            if schema == "created":
                create_relations(connection, range(2024, 2028))
        if schema == "printed":
            run_script(empty_database, f"SET search_path TO printed;{ddl_sql(range(2024, 2028))}")
        inspector = sa.inspect(engine)
        described.append(
            {
                name: (
                    [(c["name"], str(c["type"]), c["nullable"], c["comment"]) for c in columns],
                    sorted(str(index) for index in inspector.get_indexes(name, schema)),
                    inspector.get_pk_constraint(name, schema)["constrained_columns"],
                )
                for name in sorted(contract.metadata.tables)
                for columns in [inspector.get_columns(name, schema)]
            }
        )
    engine.dispose()
    printed, created = described
    assert printed == created


def test_the_years_become_partitions_in_utc(empty_database):
    engine = own_engine(empty_database)
    with engine.begin() as connection:
        connection.execute(sa.text("SET LOCAL timezone TO 'America/Los_Angeles'"))
        create_relations(connection, [2025, 2024])
        bounds = connection.execute(
            sa.text(
                "SELECT relname, pg_get_expr(relpartbound, oid) FROM pg_class "
                "WHERE relispartition AND relkind = 'r' ORDER BY relname"
            )
        ).all()
    engine.dispose()
    assert [name for name, _ in bounds] == ["prediction_audit_2024", "prediction_audit_2025"]
    assert "'2023-12-31 16:00:00-08'" in bounds[0][1]


def test_the_december_statement_can_be_run_again(empty_database):
    script = ddl_sql(range(2024, 2026))
    block = re.search(r"DO \$\$.*?END \$\$;", script, re.DOTALL)
    assert block
    run_script(empty_database, script)
    run_script(empty_database, block[0])
    with psycopg.connect(empty_database) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_inherits WHERE inhparent = 'prediction_audit'::regclass"
        ).fetchone()
    assert row is not None
    assert row[0] >= 4


def test_filled_view_templates_pass_the_check(empty_database, reader_url):
    run_script(
        empty_database,
        f"CREATE SCHEMA legacy; SET search_path TO legacy; {ddl_sql(range(2024, 2028))}",
    )
    filled = view_templates_sql()
    for table in contract.relations:
        run_script(empty_database, f'ALTER TABLE legacy.{table.name} RENAME TO "tbl {table.name}"')
        filled = re.sub(
            rf"(CREATE VIEW {table.name} AS.*?;\n)",
            lambda found, name=table.name: found[1].replace(PLACEHOLDER, f'legacy."tbl {name}"'),
            filled,
            flags=re.DOTALL,
        )
    run_script(empty_database, filled)
    owner = own_engine(empty_database)
    with owner.begin() as connection:
        grant_roles(connection)
    owner.dispose()
    engine = source_engine(reader_url(empty_database))
    report = read(engine, check)
    engine.dispose()
    assert len(report.present) == len(contract.relations)
    assert {finding.severity for finding in report.findings} == {Severity.INFORMATION}
    assert all("not checkable on a view" in finding.message for finding in report.findings)
    assert report.exit_code == 0


@pytest.mark.parametrize("years", [[], [1800], [99999]])
def test_impossible_years_are_refused(years):
    with pytest.raises(InvalidInputError):
        ddl_sql(years)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--views"],
        ["--years", "2024"],
        ["--sql", "--years", "2026-2024"],
        ["--sql", "--years", "x"],
    ],
)
def test_the_command_refuses_what_makes_no_sense(arguments):
    assert CliRunner().invoke(command, arguments).exit_code == 2


def test_the_command_prints_partitions_for_the_years_asked_for():
    text = CliRunner().invoke(command, ["--sql", "--years", "2024-2025"]).output
    assert re.findall(r"TABLE (prediction_audit_\d+)", text) == [
        "prediction_audit_2024",
        "prediction_audit_2025",
    ]


def test_every_column_has_its_place_in_a_template():
    text = view_templates_sql()
    for table in contract.relations:
        body = re.search(rf"CREATE VIEW {table.name} AS.*?;\n", text, re.DOTALL)
        assert body
        for column in table.columns:
            assert f" AS {column.name}" in body[0]
            assert str(column.comment) in body[0]


def test_every_relation_is_listed_once() -> None:
    assert {table.name for table in contract.relations} == set(contract.metadata.tables)
    assert len(contract.relations) == len(contract.metadata.tables)
