"""Is the data complete and fresh? Answered from a real database, one reason at a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from components.sources.assess import Sources, sources, summary
from components.sources.panel import finding_frame, relation_frame
from queries import contract
from queries.contract_check import compare
from queries.contract_findings import Finding, Report, Severity
from queries.database import own_engine, read, source_engine
from queries.errors import InvalidInputError, MissingRelationError
from queries.freshness import COUNTED_EXACTLY, Newest, newest, relation_notes
from queries.scope import Scope
from tests.contract.contract_rows import NOW, YESTERDAY, insert, insert_all

SCOPE = Scope(NOW - timedelta(days=28), NOW, NOW)


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


def newest_of(reader: sa.Engine, relation: str, scope: Scope = SCOPE) -> Newest:
    return read(reader, lambda connection: newest(connection, scope, relation)).rows[0]


def judged(reader: sa.Engine, scope: Scope = SCOPE) -> Sources:
    (report,) = read(reader, lambda connection: compare(connection, scope)).rows
    found = [newest_of(reader, name, scope) for name in report.present]
    return sources(relation_notes(), report, found, scope.as_of)


@pytest.mark.parametrize("relation", contract.metadata.tables)
def test_every_relation_says_its_newest_item_and_its_rows(owner, reader, relation):
    assert newest_of(reader, relation) == Newest(relation, YESTERDAY, 1, exact=True)


@pytest.mark.parametrize("relation", contract.metadata.tables)
def test_nothing_later_than_the_as_of_is_the_newest(owner, reader, relation):
    early = NOW - timedelta(days=3)
    scope = Scope(early - timedelta(days=1), early, early)
    assert newest_of(reader, relation, scope).newest_at is None


@pytest.mark.parametrize("days", [1, 30, 400])
def test_the_newest_item_is_found_however_old_it_is(owner, reader, days):
    moment = NOW - timedelta(days=days)
    run(owner, "DELETE FROM prediction_audit")
    with owner.begin() as connection:
        insert(connection, "prediction_audit", scored_at=moment)
        insert(connection, "prediction_audit", scored_at=moment - timedelta(days=5))
    assert newest_of(reader, "prediction_audit").newest_at == moment


def test_many_rows_are_estimated(owner, reader):
    run(
        owner,
        "INSERT INTO system_audit (event_id, occurred_at, actor, action, outcome) "
        f"SELECT n, now(), 'a', 'b', 'success' FROM generate_series(2, {COUNTED_EXACTLY + 50}) n",
        "ANALYZE system_audit",
    )
    found = newest_of(reader, "system_audit")
    assert not found.exact
    assert found.rows == pytest.approx(COUNTED_EXACTLY + 50, rel=0.1)


def test_an_unknown_or_missing_relation_is_said(owner, reader):
    with pytest.raises(InvalidInputError):
        newest_of(reader, "elsewhere")
    run(owner, "DROP TABLE findings")
    with pytest.raises(MissingRelationError):
        newest_of(reader, "findings")


def test_all_there_and_fresh_is_said_so(owner, reader):
    found = judged(reader)
    assert found.sentence.startswith("The data is complete and fresh: all 15 tables are there, up")
    assert {source.state for source in found.sources} == {"Fresh", "Present"}


@pytest.mark.parametrize(
    ("change", "sentence", "state"),
    [
        (
            "DROP TABLE findings",
            "The data is not complete: 1 of 15 tables has no data (findings).",
            "Missing",
        ),
        (
            "DELETE FROM findings",
            "The data is not complete: 1 of 15 tables has no data (findings).",
            "Empty",
        ),
        (
            "UPDATE prediction_audit SET scored_at = scored_at - interval '9 days'",
            "The data is complete but not fresh: prediction_audit ends 10 d ago.",
            "Not fresh",
        ),
        (
            "ALTER TABLE findings DROP COLUMN title",
            "The data is complete and fresh, but not all in order: 1 of 15 tables differs from "
            "the contract (findings).",
            "Differs from the contract",
        ),
    ],
)
def test_each_reason_has_its_sentence(owner, reader, change, sentence, state):
    run(owner, change)
    found = judged(reader)
    assert found.sentence == sentence
    assert state in {source.state for source in found.sources}


def test_what_cannot_be_read_is_not_called_present(owner, reader):
    (report,) = read(reader, lambda connection: compare(connection, SCOPE)).rows
    found = sources(relation_notes(), report, [], NOW)
    assert {source.state for source in found.sources} == {"Cannot be read"}


def test_a_superuser_is_a_reservation(owner):
    assert "the database or the role needs attention" in judged(owner).sentence


def test_the_tables_hold_what_was_found(owner, reader):
    run(owner, "ALTER TABLE findings DROP COLUMN title", "DROP TABLE ml_feedback")
    found = judged(reader)
    frame = relation_frame(found.sources, NOW)
    assert len(frame) == 15
    assert frame.loc[frame["Table"] == "ml_feedback", "Rows"].to_list() == ["–"]
    differing = [finding for source in found.sources for finding in source.findings]
    assert set(finding_frame(differing)["Where"]) == {"findings.title", "ml_feedback"}


def _report(*severities: Severity) -> Report:
    found = tuple(Finding(severity, "findings", None, "m", "r") for severity in severities)
    return Report("1", "15", "public", "reader", found, (), ())


@pytest.mark.parametrize(
    ("severities", "words", "code"),
    [
        ((), "The database meets the contract.", 0),
        ((Severity.INFORMATION,), "The database meets the contract; 1 note.", 0),
        ((Severity.WARNING,) * 2, "2 warnings: what is there can be relied on", 1),
        (tuple(Severity), "1 problem, 1 warning and 1 note: until", 1),
    ],
)
def test_the_summary_counts(severities, words, code):
    report = _report(*severities)
    assert summary(report).startswith(words)
    assert report.exit_code == code
