"""The sample migration, looked at from outside: legacy against rise, and the pipeline's report.

The statements here repeat none of the load's: they read both sides as an auditor would.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from math import floor
from typing import Any

import pytest
import sqlalchemy as sa

from dashboard.progress import SilentProgress
from dashboard.sample import migration
from dashboard.sample.defect import Defect
from dashboard.sample.defects import planted
from dashboard.sample.recipe import Recipe
from tests.conftest import connected, new_database
from tests.contract.sample_migration_sql import ANY_DIFFERENCE, UNACCOUNTED, WRONG_FIELD

UNTIL = datetime(2026, 11, 1, tzinfo=UTC)
PLANTED = Recipe(tickets_per_year=24_000, until=UNTIL)
CLEAN = Recipe(tickets_per_year=24_000, until=UNTIL, clean=True)

MEMBER_TOTALS = """
    select count(*), sum(annual_salary), sum(service_credit) from rise.members
"""


@contextmanager
def migrated(server_url: str, template: str, recipe: Recipe) -> Iterator[sa.Connection]:
    with new_database(server_url, template=template) as url, connected(url) as connection:
        with connection.begin():
            migration.build(connection, recipe, SilentProgress())
        connection.rollback()
        yield connection


@pytest.fixture(scope="module")
def dirty(server_url: str, contract_template: str) -> Iterator[sa.Connection]:
    with migrated(server_url, contract_template, PLANTED) as connection:
        yield connection


@pytest.fixture(scope="module")
def clean(server_url: str, contract_template: str) -> Iterator[sa.Connection]:
    with migrated(server_url, contract_template, CLEAN) as connection:
        yield connection


def rows(connection: sa.Connection, statement: str) -> list[Any]:
    return list(connection.execute(sa.text(statement)))


def number(connection: sa.Connection, statement: str) -> Any:
    return connection.scalar(sa.text(statement))


def defect(key: str) -> Defect:
    found = planted(PLANTED, key)
    assert found is not None
    return found


@pytest.mark.parametrize("key", WRONG_FIELD)
def test_planted_records_are_found_in_their_batch_and_nowhere_else(
    dirty: sa.Connection, key: str
) -> None:
    batches = [row[0] for row in rows(dirty, WRONG_FIELD[key])]
    assert set(batches) == {defect(key).place.batch}
    assert len(batches) == defect(key).records


@pytest.mark.parametrize("key", WRONG_FIELD)
def test_a_clean_migration_has_none_of_them(clean: sa.Connection, key: str) -> None:
    assert rows(clean, WRONG_FIELD[key]) == []


def test_nothing_differs_beyond_the_planted_fields(dirty: sa.Connection) -> None:
    of_members = sum(
        defect(key).records
        for key in WRONG_FIELD
        if defect(key).place.table == "members" and key != "duplicate_members"
    )
    of_contributions = sum(
        defect(key).records for key in WRONG_FIELD if defect(key).place.table == "contributions"
    )
    assert [row[0] for row in rows(dirty, ANY_DIFFERENCE)] == [of_members, of_contributions]


def test_a_clean_target_equals_its_source(clean: sa.Connection) -> None:
    assert [row[0] for row in rows(clean, ANY_DIFFERENCE)] == [0, 0]
    assert rows(clean, UNACCOUNTED) == []


def test_lost_and_unread_contributions_are_the_planted_ones(dirty: sa.Connection) -> None:
    missing = rows(dirty, UNACCOUNTED)
    lost = [row for row in missing if (row.source_system, row.region) == ("PENSYS", "EAST")]
    unread = [row for row in missing if (row.source_system, row.region) == ("TEACH", "EAST")]
    assert len(lost) == defect("batch_does_not_close").records
    assert len(lost) + len(unread) == len(missing)
    in_source = number(
        dirty,
        "select count(*) from legacy.contributions"
        " where source_system = 'TEACH' and region = 'EAST'",
    )
    extracted = number(
        dirty,
        "select extracted from migration_batches"
        " where batch_id = 'live-1-contributions-teach-east'",
    )
    assert in_source - extracted == floor(in_source * defect("batch_late").size)
    assert 0 < len(unread) <= in_source - extracted


def test_one_batch_does_not_close(dirty: sa.Connection) -> None:
    gaps = rows(
        dirty,
        "select batch_id, extracted - loaded - rejected - filtered as gap from migration_batches"
        " where extracted <> loaded + rejected + filtered",
    )
    expected = defect("batch_does_not_close")
    assert [(row.batch_id, row.gap) for row in gaps] == [(expected.place.batch, expected.records)]


def test_one_batch_is_partial_and_one_was_repeated(dirty: sa.Connection) -> None:
    partial = rows(dirty, "select batch_id from migration_batches where status <> 'completed'")
    assert [row.batch_id for row in partial] == [defect("batch_late").place.batch]
    repeated = rows(dirty, "select batch_id from migration_batches where attempt > 1")
    assert [row.batch_id for row in repeated] == [defect("batch_repeated").place.batch]


def test_cents_hide_behind_a_success(dirty: sa.Connection) -> None:
    expected = defect("interest_rounded")
    row = dirty.execute(
        sa.text(
            "select source_value - target_value as apart, validation_status"
            " from migration_control_totals"
            " where batch_id = :batch and validation_name = 'sum__amount'"
        ),
        {"batch": expected.place.batch},
    ).one()
    assert row.validation_status == "success"
    assert 0 < abs(row.apart) < Decimal(10)


def test_turned_signs_cancel_out_in_the_control_total(dirty: sa.Connection) -> None:
    row = dirty.execute(
        sa.text(
            "select source_value, target_value from migration_control_totals"
            " where batch_id = :batch and validation_name = 'sum__amount'"
        ),
        {"batch": defect("sign_flips").place.batch},
    ).one()
    assert row.source_value == row.target_value


@pytest.mark.parametrize("key", ["birth_date_swap", "mojibake_first_name"])
def test_the_pipeline_reports_what_it_can_see(dirty: sa.Connection, key: str) -> None:
    place = defect(key).place
    reported = dirty.scalar(
        sa.text(
            "select count(*) from migration_exceptions where status = 'open'"
            " and batch_id = :batch and field = :field"
        ),
        {"batch": place.batch, "field": place.field},
    )
    assert reported == defect(key).records


@pytest.mark.parametrize(
    "key",
    [
        "surname_truncated",
        "default_hire_date",
        "tax_reference_lost",
        "orphaned_contributions",
        "sign_flips",
        "interest_rounded",
    ],
)
def test_the_pipeline_overlooks_what_its_comparison_cannot_see(
    dirty: sa.Connection, key: str
) -> None:
    place = defect(key).place
    check = dirty.execute(
        sa.text(
            "select compared, mismatched from migration_field_checks"
            " where batch_id = :batch and field = :field"
        ),
        {"batch": place.batch, "field": place.field},
    ).first()
    assert check is not None
    assert check.compared > 0
    assert check.mismatched == 0


def test_clean_batches_close_and_control_totals_agree_to_the_cent(clean: sa.Connection) -> None:
    assert number(clean, "select count(*) from migration_batches") == 48
    for condition in (
        "migration_batches where extracted <> loaded + rejected + filtered",
        "migration_batches where status <> 'completed' or attempt > 1",
        "migration_control_totals where source_value is distinct from target_value",
        "migration_control_totals where validation_status <> 'success'",
        "migration_exceptions where status = 'open'",
        "migration_field_checks where batch_id like 'live%' and mismatched > 0",
    ):
        assert number(clean, f"select count(*) from {condition}") == 0, condition


def test_control_totals_are_those_of_the_target(clean: sa.Connection) -> None:
    reported = number(
        clean,
        "select array_agg(total order by name) from (select validation_name as name,"
        " sum(target_value) as total from migration_control_totals"
        " where batch_id like 'live-1-members%' and validation_name !~ 'birth'"
        " group by validation_name) as t",
    )
    assert reported == list(rows(clean, MEMBER_TOTALS)[0])


def test_rejects_carry_reasons_and_exceptions(clean: sa.Connection) -> None:
    rejects = rows(clean, "select batch_id, key, reason from rise.rejects")
    assert rejects
    noted = {
        (row.batch_id, row.key, row.details)
        for row in rows(
            clean,
            "select batch_id, key, details from migration_exceptions"
            " where failure_type = 'REJECTED' and batch_id like 'live%'",
        )
    }
    assert noted == {tuple(row) for row in rejects}


def test_each_mock_has_fewer_exceptions_than_the_one_before(clean: sa.Connection) -> None:
    found = rows(
        clean,
        "select left(batch_id, 6) as run, count(*) as exceptions from migration_exceptions"
        " group by 1 order by 1",
    )
    by_run = {row.run: row.exceptions for row in found}
    assert by_run["mock-1"] > by_run["mock-2"] > by_run["mock-3"] > by_run["live-1"] > 0


def test_field_checks_count_the_exceptions(dirty: sa.Connection) -> None:
    differing = rows(
        dirty,
        "select c.batch_id, c.field, c.mismatched, count(x.*) as exceptions"
        " from migration_field_checks c left join migration_exceptions x"
        "   on x.batch_id = c.batch_id and x.field = c.field"
        " group by c.check_id, c.batch_id, c.field, c.mismatched"
        " having c.mismatched <> count(x.*)"
        "     or c.compared > c.population or c.mismatched > c.compared",
    )
    assert differing == []
    by_cause = number(
        dirty,
        "select count(*) from migration_field_checks where mismatched <> coalesce("
        "(select sum(value::bigint) from jsonb_each_text(mismatched_by_cause)), 0)",
    )
    assert by_cause == 0


def test_an_exception_remembers_when_it_was_first_seen(clean: sa.Connection) -> None:
    """The whitespace of mock 2 had been there in mock 1."""
    again = rows(
        clean,
        "select x.first_seen_at, x.last_seen_at, b.started_at from migration_exceptions x"
        " join migration_batches b using (batch_id)"
        " where b.run_id = 'mock-2' and x.field = 'family_name'",
    )
    assert again
    assert all(row.first_seen_at < row.started_at < row.last_seen_at for row in again)


def test_a_repeated_attempt_reports_no_exception_twice(dirty: sa.Connection) -> None:
    twice = rows(
        dirty,
        "select batch_id, key, field from migration_exceptions"
        " group by batch_id, key, field having count(*) > 1",
    )
    assert twice == []


def test_causes_are_named(dirty: sa.Connection) -> None:
    causes = {
        (row.field, row.cause)
        for row in rows(
            dirty,
            "select distinct field, cause from migration_exceptions where status = 'open'",
        )
    }
    assert ("date_of_birth", "date_part_swap") in causes
    assert ("given_name", "encoding") in causes
    assert causes <= {
        ("date_of_birth", "date_part_swap"),
        ("given_name", "encoding"),
        ("posted_at", "time_zone_shift"),
    }


FINGERPRINT = sa.text("""
    select md5(string_agg(part, '|' order by part)) from (
        select r::text as part from rise.members r
        union all select c::text from rise.contributions c
        union all select b::text from migration_batches b
        union all select t::text from migration_control_totals t
        union all select f::text from migration_field_checks f
        union all select x::text from migration_exceptions x) as parts
""")


def test_the_seed_decides_every_row(server_url: str, contract_template: str) -> None:
    small = Recipe(tickets_per_year=500, until=UNTIL)
    other = Recipe(tickets_per_year=500, until=UNTIL, seed=8)
    prints = []
    for recipe in (small, small, other):
        with migrated(server_url, contract_template, recipe) as connection:
            prints.append(connection.scalar(FINGERPRINT))
    assert prints[0] == prints[1]
    assert prints[0] != prints[2]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_smallest_programme_can_carry_every_defect(
    server_url: str, contract_template: str, seed: int
) -> None:
    recipe = Recipe(tickets_per_year=12_000, until=UNTIL, seed=seed)
    with migrated(server_url, contract_template, recipe) as connection:
        swapped = planted(recipe, "birth_date_swap")
        assert swapped is not None
        assert len(rows(connection, WRONG_FIELD["birth_date_swap"])) == swapped.records
