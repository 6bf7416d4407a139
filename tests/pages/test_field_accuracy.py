"""The Field accuracy page and the new parts of Reconciliation, in all their states."""

from __future__ import annotations

import sqlalchemy as sa

from queries.database import own_engine
from queries.import_schema import ensure_import_schema, imported_totals, imports
from queries.reconciliation_schema import (
    ensure_reconciliation_schema,
    reconciliation_fields,
    reconciliation_groups,
    reconciliation_orphans,
    reconciliation_references,
    reconciliation_runs,
)
from tests.conftest import SAMPLE_UNTIL, connected
from tests.contract.contract_rows import insert
from tests.pages.reading import sound, words


def recount(url: str, *, lost: int) -> None:
    """A recount of the members of the sample, as the engine would write it."""
    engine = own_engine(url)
    ensure_reconciliation_schema(engine)
    with engine.begin() as connection:
        numbers = {"source_rows": 900, "target_rows": 900, "matched": 900, "exceptions": lost}
        zero = ("source_filtered", "target_filtered", "buckets", "buckets_compared")
        run = connection.execute(
            sa.insert(reconciliation_runs)
            .values(
                name="rise", pair="members", plan_digest="1", bucketing="1", mode="one database",
                status="completed", started_at=SAMPLE_UNTIL, finished_at=SAMPLE_UNTIL,
                source_relation="legacy.members", target_relation="rise.members",
                **numbers, **dict.fromkeys(zero, 0),
            )
            .returning(reconciliation_runs.c.run_id)
        ).scalar_one()  # fmt: skip
        connection.execute(
            sa.insert(reconciliation_fields).values(
                run_id=run, field="tax_reference", critical=True, compared=900, differing=lost
            )
        )
        connection.execute(
            sa.insert(reconciliation_groups).values(
                run_id=run, group_no=1, kind="differs", field="tax_reference", cause="null_out",
                signature="value lost", exceptions=lost,
            )
        )  # fmt: skip
    engine.dispose()


def test_without_a_recount_the_page_says_whose_numbers_these_are(open_page, sample_database):
    page = open_page("field_accuracy", sample_database)
    sound(page)
    text = words(page)
    assert "Live load live-1:" in text
    assert "members.date_of_birth" in text
    assert "nothing has been recounted" in text
    assert "plumbline reconcile" in text


def test_a_recount_contradicts_the_claim(open_page, sample_database, empty_database):
    recount(empty_database, lost=17)
    page = open_page("field_accuracy", sample_database, OWN_URL=empty_database)
    sound(page)
    text = words(page)
    assert "claim about members.tax_reference contradicts what we counted" in text
    assert "full comparison, no sampling error" in text
    claims = next(frame.value for frame in page.dataframe if "We counted" in frame.value)
    assert claims["Field"][0] == "tax_reference"
    assert "contradicts: claims too few" in claims["Result"][0]


def test_a_mock_run_has_no_part_in_a_later_recount(open_page, sample_database, empty_database):
    recount(empty_database, lost=17)
    page = open_page(
        "field_accuracy",
        sample_database,
        query={"run": "Mock conversion mock-1"},
        OWN_URL=empty_database,
    )
    sound(page)
    assert "Mock conversion mock-1:" in words(page)
    assert "nothing has been recounted" in words(page)


def test_the_clean_sample_is_within_its_limits(open_page, clean_database):
    page = open_page("field_accuracy", clean_database)
    sound(page)
    assert "none of 15 fields is over its limit" in words(page)


def test_an_empty_programme(open_page, contract_database):
    page = open_page("field_accuracy", contract_database)
    sound(page)
    assert "There is no field to compare yet" in words(page)


def test_batches_without_any_check(open_page, contract_database):
    with connected(contract_database) as connection, connection.begin():
        insert(connection, "migration_batches", started_at=SAMPLE_UNTIL, finished_at=SAMPLE_UNTIL)
    page = open_page("field_accuracy", contract_database)
    sound(page)
    assert "no field has been compared" in words(page)


def test_a_missing_table_is_named(open_page, contract_database):
    with connected(contract_database) as connection, connection.begin():
        insert(connection, "migration_batches", started_at=SAMPLE_UNTIL, finished_at=SAMPLE_UNTIL)
        connection.execute(sa.text("DROP TABLE migration_field_checks"))
    page = open_page("field_accuracy", contract_database)
    sound(page)
    assert "A table is missing" in words(page)


def test_reconciliation_shows_throughput_and_the_way_from_run_to_run(open_page, sample_database):
    page = open_page("reconciliation", sample_database)
    sound(page)
    text = words(page)
    assert "most of all contributions-teach-east" in text
    assert "Source and target have not been recounted yet" in text
    forecasts = next(frame.value for frame in page.dataframe if "Forecast" in frame.value)
    assert forecasts["Measure"].tolist()[0] == "Records with an exception"
    assert forecasts["Forecast"].str.contains("no forecast").any()


def test_reconciliation_of_the_clean_sample_meets_its_limits(open_page, clean_database):
    page = open_page("reconciliation", clean_database)
    sound(page)
    forecasts = next(frame.value for frame in page.dataframe if "Forecast" in frame.value)
    assert forecasts["Forecast"].tolist()[:3] == ["met in live-1"] * 3
    assert "is slower than its history" in words(page)
    assert "none of 12" in words(page)


def test_the_run_of_a_link_is_the_run_of_the_other_page_too(open_page, sample_database) -> None:
    page = open_page("reconciliation", sample_database, query={"run": "Mock conversion mock-1"})

    sound(page)
    assert page.selectbox(key="run").value == "mock-1"
    assert "Mock conversion mock-1: where the records went" in words(page)


def test_orphans_and_other_tools_results_stand_on_the_reconciliation_page(
    open_page, sample_database, empty_database
):
    recount(empty_database, lost=17)
    engine = own_engine(empty_database)
    ensure_import_schema(engine)
    with engine.begin() as connection:
        run = connection.execute(sa.select(reconciliation_runs.c.run_id)).scalar_one()
        connection.execute(
            sa.insert(reconciliation_references).values(
                run_id=run, reference="member of a payment", columns=["member_key"],
                parent="rise.members", rows=900, empty=0, orphans=150,
            )
        )  # fmt: skip
        orphans = [
            {"run_id": run, "reference": "member of a payment", "orphan_no": number,
             "key": [str(number)], "value": ["M-1"], "batch": None, "source_system": None}
            for number in range(1, 151)
        ]  # fmt: skip
        connection.execute(sa.insert(reconciliation_orphans), orphans)
        made = connection.execute(
            sa.insert(imports)
            .values(tool="dvt", origin="r.csv", sha256="0", imported_at=SAMPLE_UNTIL, rows=1)
            .returning(imports.c.import_id)
        ).scalar_one()
        connection.execute(
            sa.insert(imported_totals).values(
                import_id=made, row_no=1, validation_name="sum__amount", judgement="differs",
                validation_status="success", exact_difference=3, false_pass=True,
                false_alarm=False, source_agg_value="1", target_agg_value="4",
            )
        )  # fmt: skip
    engine.dispose()
    page = open_page("reconciliation", sample_database, OWN_URL=empty_database)
    sound(page)
    text = words(page)
    assert "150 of 900" in text
    assert "1 to 100 of 150" in text
    assert "although a tool passed it" in text
    page.button(key="orphans_down").click().run(timeout=60)
    assert "101 to 150 of 150" in words(page)
