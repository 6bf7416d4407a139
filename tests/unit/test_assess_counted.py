"""As of when exceptions were counted: said, and never a number from before the last batch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from components.gates.evidence import Evidence
from components.reconciliation.assess_counted import as_counted
from queries.rolled_rows import CountedAt

NEWEST = datetime(2026, 11, 10, tzinfo=UTC)
COUNTED = datetime(2026, 11, 12, 3, 30, tzinfo=UTC)
EVIDENCE = Evidence("exceptions.critical_open", 0, 100, "count", NEWEST, sentence="None is open")


def test_a_count_made_now_needs_no_word() -> None:
    assert as_counted(EVIDENCE, None) is EVIDENCE
    assert as_counted(EVIDENCE, CountedAt(0, 2, None)) is EVIDENCE


def test_the_time_of_the_count_is_said_with_its_zone() -> None:
    found = as_counted(EVIDENCE, CountedAt(2, 0, COUNTED))
    assert found.sentence == "None is open; counted on 12 Nov 2026, 03:30 UTC"
    assert (found.value, found.measured_at) == (0, NEWEST)


def test_evidence_is_as_old_as_its_count() -> None:
    earlier = NEWEST - timedelta(days=60)
    assert as_counted(EVIDENCE, CountedAt(2, 0, earlier)).measured_at == earlier


def test_a_count_from_before_a_batch_ended_is_no_number() -> None:
    found = as_counted(EVIDENCE, CountedAt(2, 0, COUNTED, outrun=1))
    assert found.value is None
    assert "1 batch ended since" in found.sentence
    assert "plumbline refresh" in found.sentence
