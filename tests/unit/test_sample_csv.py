"""Ticket files and mappings: what is derived, and what is refused in which words."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from dashboard.sample import tickets_csv
from dashboard.sample.csv_mapping import read_mapping
from dashboard.sample.tickets_csv import CsvTickets
from queries.errors import InvalidInputError

SHIPPED = Path(tickets_csv.__file__).with_name("la311.toml")

MAPPING = """
[columns]
ticket_id = "id"
created_at = "created"
work_type = "kind"
region = "area"

[time]
format = "%Y-%m-%d %H:%M:%S"
zone = "America/Los_Angeles"

[label]
any = [{ column = "closed", within_hours = 24 }]

[escalated]
any = [{ column = "kind", values = ["water"] }]

[[feature]]
name = "hour"
derive = "hour"

[[feature]]
name = "kind"
derive = "category"
column = "kind"
most = 2

[[feature]]
name = "size"
derive = "number"
column = "size"
decimals = 1

[[feature]]
name = "nearby"
derive = "earlier"
group = ["area"]
hours = 2

[rules]
base = 20

[[rules.rule]]
name = "Water"
points = 50
when = [{ feature = "kind", equals = "water" }]
"""
HEADER = "id,created,kind,area,size,closed"
FIRST = datetime(2025, 7, 1, 8)  # noqa: DTZ001


def _lines(n: int = 6) -> list[str]:
    """Tickets an hour apart; every third is water and is closed five hours later."""
    lines = []
    for number in range(n):
        at = FIRST + timedelta(hours=number)
        closed = at + timedelta(hours=5) if number % 3 == 0 else ""
        kind = ("water", "tree", "tree", "light")[number % 3 if number < n - 1 else 3]
        size = "" if number == 1 else f"{number}.25"
        lines.append(f"t{number},{at:%Y-%m-%d %H:%M:%S},{kind},north,{size},{closed}")
    return lines


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Opens a file and a mapping that are given as text."""
    monkeypatch.setattr(tickets_csv, "SMALLEST", 3)

    def read(lines: list[str], mapping: str = MAPPING) -> CsvTickets:
        (tmp_path / "tickets.csv").write_text("\n".join([HEADER, *lines]) + "\n")
        (tmp_path / "mapping.toml").write_text(mapping)
        return CsvTickets(tmp_path / "tickets.csv", tmp_path / "mapping.toml")

    return read


def test_columns_become_tickets(opened):
    source = opened(list(reversed(_lines())))
    tickets = source.tickets(0, 6)
    assert tickets.ids.to_pylist() == ["t0", "t1", "t2", "t3", "t4", "t5"]
    assert source.until == datetime(2025, 7, 2, tzinfo=UTC)
    # Los Angeles is seven hours behind UTC in July.
    assert tickets.scored_at[0] == datetime(2025, 7, 1, 15, tzinfo=UTC).timestamp() * 1e6
    assert tickets.need.tolist() == [True, False, False, True, False, False]
    assert tickets.escalated.tolist() == [True, False, False, True, False, False]
    assert source.work_types == ("tree", "water", "light")
    features = tickets.features
    assert features["hour"].tolist() == [8, 9, 10, 11, 12, 13]
    assert features["nearby"].tolist() == [0, 1, 1, 1, 1, 1]
    assert np.isnan(features["size"][1])
    assert features["size"][2] == 2.2
    assert features.schema["kind"].categories == ("tree", "water", "other")
    assert features["kind"].tolist() == [1, 0, 0, 1, 0, 2]
    assert source.rules[0].score(features).tolist() == [0.7, 0.2, 0.2, 0.7, 0.2, 0.2]


def test_a_time_that_cannot_be_read_is_named_with_its_line(opened):
    lines = _lines()
    lines[3] = lines[3].replace("2025-07-01 11", "01/07/2025 11")
    with pytest.raises(InvalidInputError, match=r"line 5, column created.*01/07/2025"):
        opened(lines)


def test_repeated_and_missing_ids_are_refused(opened):
    with pytest.raises(InvalidInputError, match=r"column id: 1 ids.*“t0”"):
        opened([*_lines(), _lines()[0]])
    with pytest.raises(InvalidInputError, match="1 tickets have no id"):
        opened([*_lines(), _lines()[0].removeprefix("t0")])


def test_text_where_a_number_should_be_names_feature_and_column(opened):
    lines = _lines()
    lines[2] = lines[2].replace("2.25", "large")
    with pytest.raises(InvalidInputError, match=r"Feature size: column size.*large"):
        opened(lines)


def test_a_file_of_few_tickets_is_refused(opened):
    with pytest.raises(InvalidInputError, match="2 tickets"):
        opened(_lines(2))


def test_a_label_that_parts_nothing_is_refused(opened):
    with pytest.raises(InvalidInputError, match="every ticket is the same"):
        opened(_lines(), MAPPING.replace("within_hours = 24", "within_hours = 1"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('created_at = "created"', 'created_at = "opened"', r"no column opened.*id, created"),
        ('column = "size"', 'column = "closed"', "must not see its answer"),
        ("America/Los_Angeles", "Los Angeles", r"time, zone.*no time zone"),
        ('derive = "hour"', 'derive = "minute"', r"feature 1.*minute"),
        ('name = "size"', 'name = "hour"', "given twice: hour"),
        ("within_hours = 24 }", "within_hours = 24, missing = true }", r"label, any 1.*one of"),
        ('equals = "water"', 'equals = "lava"', r"“lava”.*tree, water, other"),
        ("base = 20", "base = 200", r"rules, base.*100"),
        ("[rules]", "[rules", "not valid TOML"),
        ("points = 50", "score = 50", r"rules, rule 1, score"),
    ],
)
def test_a_mapping_that_cannot_be_used_names_the_place(opened, old, new, message):
    assert old in MAPPING
    with pytest.raises(InvalidInputError, match=message):
        opened(_lines(), MAPPING.replace(old, new, 1))


def test_the_shipped_mapping_reads_no_column_that_is_filled_later():
    mapping = read_mapping(SHIPPED)
    read = {column for feature in mapping.feature for column in feature.reads}
    assert not read & {"ClosedDate", "UpdatedDate", "ServiceDate", "Status", "AssignTo"}
    assert len(mapping.feature) >= 12
    assert len(mapping.rules.rule) >= 12


def test_an_absent_mapping_is_an_error_of_input(tmp_path: Path):
    with pytest.raises(InvalidInputError, match=r"nowhere\.toml"):
        read_mapping(tmp_path / "nowhere.toml")
