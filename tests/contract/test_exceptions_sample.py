"""The exceptions of the sample programme: what was planted is what is found."""

from __future__ import annotations

import sqlalchemy as sa

from components.exceptions.assess import defects, total
from components.exceptions.defects import RULES
from queries import exceptions_report
from queries.database import read, source_engine
from queries.exceptions_rows import Counted
from tests.contract.exceptions_programme import SCOPE


def counted(connection: sa.Connection) -> Counted:
    (row,) = exceptions_report.counts(connection, SCOPE, "live-1", RULES).rows
    return row


def test_the_reader_may_ask_everything(sample_database, reader_url):
    engine = source_engine(reader_url(sample_database))
    assert read(engine, counted).rules
    engine.dispose()


def test_planted_defects_are_the_systematic_ones(sample_database, reader_url):
    engine = source_engine(reader_url(sample_database))
    rows = read(engine, counted)
    engine.dispose()
    found = {
        (each.field, each.defect.cause.value, each.defect.batch)
        for each in defects(rows)
        if each.open
    }
    assert found == {
        ("date_of_birth", "date_part_swap", "live-1-members-pensys-east"),
        ("given_name", "encoding", "live-1-members-teach-west"),
        ("posted_at", "time_zone_shift", "live-1-contributions-muni-west"),
    }


def test_nothing_is_open_where_nothing_is_wrong(clean_database, reader_url):
    engine = source_engine(reader_url(clean_database))
    found = read(engine, counted)
    engine.dispose()
    assert found.rules
    assert total(found).open == 0
