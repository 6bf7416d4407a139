"""The Exceptions page: what it says, what it opens, what it hides, and how it fails."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from queries.contract_ddl import create_relations
from tests.conftest import connected
from tests.contract.contract_rows import insert
from tests.pages.exceptions_planted import NOW, recounted, reported
from tests.pages.reading import sound, words


@pytest.fixture
def programme(contract_database) -> str:
    """A live load of which three exceptions are reported."""
    reported(contract_database)
    return contract_database


def test_it_says_what_is_open(open_page, programme):
    test = open_page("exceptions", programme, AS_OF=NOW)
    sound(test)
    said = words(test)
    assert "2 of 3 exceptions of live-1 are open, 2 of them critical" in said
    assert "members: encoding" in said.replace(".family_name", "")


def test_a_link_names_a_run_by_its_title_as_on_the_other_migration_pages(open_page, programme):
    test = open_page("exceptions", programme, {"run": "Live load live-1"}, AS_OF=NOW)
    sound(test)
    assert test.selectbox(key="run").value == "live-1"


def test_without_roll_ups_the_page_says_that_it_counts_now(open_page, programme):
    test = open_page("exceptions", programme, AS_OF=NOW)
    assert "Exceptions are counted in the source now" in words(test)


def test_the_list_turns_its_pages(open_page, programme):
    with connected(programme) as connection, connection.begin():
        for number in range(4, 56):
            insert(
                connection,
                "migration_exceptions",
                batch_id="live-1-a",
                exception_id=number,
                table_name="members",
                status="open",
                cause="encoding",
                key=str(number),
            )
    test = open_page("exceptions", programme, AS_OF=NOW)
    assert "1 to 50 of 55" in words(test)
    assert test.button(key="list_previous").disabled
    for forth, back in (("list_next", "list_previous"), ("list_last", "list_first")):
        top = test.dataframe[-1].value.to_string()
        test.button(key=forth).click().run()
        sound(test)
        assert "51 to 55 of 55" in words(test)
        assert len(test.dataframe[-1].value) == 5
        assert test.button(key="list_next").disabled
        assert test.button(key="list_last").disabled
        test.button(key=back).click().run()
        assert "1 to 50 of 55" in words(test)
        assert test.dataframe[-1].value.to_string() == top


def test_a_record_is_found_by_its_key_whatever_the_filters(open_page, programme):
    recounted(programme)
    query = {"status": "Open"}
    test = open_page("exceptions", programme, query, AS_OF=NOW, OWN_URL=programme)
    assert len(test.dataframe[-1].value) == 2
    test.text_input(key="record_key").set_value(" 3 ").run()
    sound(test)
    assert list(test.dataframe[-1].value["Status"]) == ["Fixed"]
    assert "record_key" not in test.query_params
    test.text_input(key="record_key").set_value("'; drop table migration_exceptions; --\0").run()
    sound(test)
    assert "No exception has this key" in words(test)
    query = {"origin": "Our recount"}
    test = open_page("exceptions", programme, query, AS_OF=NOW, OWN_URL=programme)
    test.text_input(key="record_key").set_value("00004711").run()
    sound(test)
    assert list(test.dataframe[-1].value["Field"]) == ["tax_reference"]


def test_a_record_opens_from_the_link_with_its_values_masked(open_page, programme):
    test = open_page("exceptions", programme, {"record": "1"}, AS_OF=NOW)
    sound(test)
    said = words(test)
    assert "In the source" in said
    assert "same letters, read or written in another encoding" in said
    for secret in ("Quigley", "00004711", "rsi"):
        assert secret not in said
    assert re.search(r"Xxxxxxx-\s?Ẍ\s?xxx", said)


@pytest.mark.parametrize("role", ["leadership", "ers_reviewer"])
def test_roles_without_the_right_have_no_way_to_unmask(open_page, programme, role):
    test = open_page("exceptions", programme, {"record": "1"}, AS_OF=NOW, DEFAULT_ROLE=role)
    sound(test)
    assert not test.toggle
    assert "Quigley" not in words(test)
    assert "Quigley" not in test.dataframe[-1].value.to_string()


def test_the_right_alone_does_not_unmask_but_asking_does(open_page, programme):
    test = open_page("exceptions", programme, AS_OF=NOW, DEFAULT_ROLE="qa")
    assert "Quigley" not in test.dataframe[-1].value.to_string()
    test.toggle(key="revealed").set_value(True).run()
    sound(test)
    assert "Quigley" in test.dataframe[-1].value.to_string()


def test_a_look_at_personal_data_is_recorded_once(open_page, programme, writer_url):
    own = writer_url(programme)
    test = open_page("exceptions", programme, AS_OF=NOW, DEFAULT_ROLE="qa", OWN_URL=own)
    test.toggle(key="revealed").set_value(True).run()
    test.run()
    sound(test)
    assert "Quigley" in test.dataframe[-1].value.to_string()
    with connected(programme) as connection:
        rows = connection.execute(sa.text("SELECT action, role FROM plumbline.access_log")).all()
    assert [tuple(row) for row in rows] == [("personal data shown", "qa")]


def test_without_an_entry_in_the_access_log_nothing_is_shown(open_page, programme, reader_url):
    own = reader_url(programme)
    test = open_page("exceptions", programme, AS_OF=NOW, DEFAULT_ROLE="qa", OWN_URL=own)
    test.toggle(key="revealed").set_value(True).run()
    sound(test)
    assert "Quigley" not in test.dataframe[-1].value.to_string()
    assert test.warning


def test_hostile_text_is_shown_as_text(open_page, programme):
    test = open_page("exceptions", programme, {"record": "2"}, AS_OF=NOW, DEFAULT_ROLE="qa")
    sound(test)
    for element in test.get("html"):
        assert "<script>" not in element.value
        assert "<b>bold" not in element.value


@pytest.mark.parametrize(
    "query",
    [
        {"record": "'; drop table migration_exceptions; --"},
        {"record": "99"},
        {"record": "\0"},
        {"cause": "nonsense", "status": "nonsense", "batch": "%", "field": "''"},
        {"origin": "nobody", "run": "none", "table": "none"},
        {"record": "5-5-5", "origin": "Our recount"},
    ],
)
def test_links_that_make_no_sense_leave_a_page(open_page, programme, query):
    test = open_page("exceptions", programme, query, AS_OF=NOW)
    sound(test)
    assert "2 of 3 exceptions of live-1" in words(test) or "Nobody has recounted" in words(test)


def test_filters_stand_in_the_link(open_page, programme):
    test = open_page("exceptions", programme, {"status": "Fixed"}, AS_OF=NOW)
    sound(test)
    assert "The one exception of live-1 (filtered) is dealt with" in words(test)
    assert len(test.dataframe[-1].value) == 1


def test_what_only_our_recount_knows_comes_before_the_defects(open_page, programme):
    recounted(programme)
    test = open_page("exceptions", programme, AS_OF=NOW, OWN_URL=programme)
    sound(test)
    headers = [header.value for header in test.header]
    assert headers.index("What only one of the two knows") < headers.index("Systematic defects")
    assert "17 differences that the pipeline does not report" in words(test)


def test_a_record_of_our_recount_opens(open_page, programme):
    recounted(programme)
    query = {"origin": "Our recount", "record": "1-5"}
    test = open_page("exceptions", programme, query, AS_OF=NOW, OWN_URL=programme)
    sound(test)
    said = words(test)
    assert "The source has a value; the target has none." in said
    assert "no value" in said
    assert "AB123" not in said


def test_without_a_recount_it_says_what_to_run(open_page, programme):
    test = open_page("exceptions", programme, {"origin": "Our recount"}, AS_OF=NOW)
    sound(test)
    assert "plumbline reconcile" in words(test)


def test_an_empty_database_has_no_exceptions(open_page, contract_database):
    test = open_page("exceptions", contract_database, AS_OF=NOW)
    sound(test)
    assert "No batch had begun by this day." in words(test)


def test_a_missing_table_is_named(open_page, empty_database):
    with connected(empty_database) as connection, connection.begin():
        create_relations(connection, range(2026, 2027))
        connection.execute(sa.text("DROP TABLE migration_exceptions"))
    with connected(empty_database) as connection, connection.begin():
        insert(connection, "migration_batches", run_kind="live", status="completed")
    test = open_page("exceptions", empty_database, AS_OF=NOW)
    sound(test)
    assert "migration_exceptions" in words(test)


def test_a_database_that_is_down_has_its_state(open_page):
    test = open_page("exceptions", "postgresql://nobody@127.0.0.1:1/nothing", AS_OF=NOW)
    sound(test)
    assert "does not answer" in words(test)
