"""Google DVT's results, judged again: what it passes and is no pass, and the reverse."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.imports.dvt import COLUMNS, Judgement, Total, judge
from dashboard.imports.reading import from_file
from queries.errors import InvalidInputError


def judged(folder: Path, **values: str) -> Total:
    return judge(from_file("dvt", written(folder, [values]), COLUMNS))[0]


def written(folder: Path, rows: list[dict[str, str]]) -> Path:
    usual = {
        "validation_name": "sum__amount",
        "source_agg_value": "1",
        "target_agg_value": "1",
        "difference": "0.0",
        "pct_threshold": "0.0",
        "validation_status": "success",
    }
    path = folder / "results.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        sheet = csv.DictWriter(file, COLUMNS)
        sheet.writeheader()
        sheet.writerows({**usual, **row} for row in rows)
    return path


def test_sums_that_single_precision_cannot_tell_apart(tmp_path: Path) -> None:
    found = judged(tmp_path, source_agg_value="209715212.01", target_agg_value="209715215.02")
    assert found.difference == Decimal("3.01")
    assert found.judgement is Judgement.DIFFERS
    assert found.false_pass


def test_a_difference_that_the_tool_hides_is_a_false_pass_within_its_threshold(
    tmp_path: Path,
) -> None:
    found = judged(
        tmp_path,
        source_agg_value="209715212.01",
        target_agg_value="209715215.02",
        pct_threshold="0.01",
    )
    assert (found.judgement, found.false_pass) == (Judgement.TOLERATED, True)


def test_a_difference_within_the_threshold_that_the_tool_shows_is_a_pass(tmp_path: Path) -> None:
    found = judged(
        tmp_path,
        source_agg_value="1000",
        target_agg_value="1001",
        difference="1.0",
        pct_threshold="0.1",
    )
    assert (found.judgement, found.false_pass) == (Judgement.TOLERATED, False)


def test_beyond_the_threshold_by_the_last_digit(tmp_path: Path) -> None:
    found = judged(
        tmp_path,
        source_agg_value="1000",
        target_agg_value="1001.0000000000000000000000000001",
        difference="1.0",
        pct_threshold="0.1",
    )
    assert (found.judgement, found.false_pass) == (Judgement.DIFFERS, True)


def test_from_zero_every_difference_is_one(tmp_path: Path) -> None:
    found = judged(tmp_path, source_agg_value="0", target_agg_value="0.01", pct_threshold="100")
    assert found.judgement is Judgement.DIFFERS


def test_equal_numbers_in_two_spellings_that_the_tool_failed(tmp_path: Path) -> None:
    found = judged(
        tmp_path,
        source_agg_value="1.50",
        target_agg_value="1.5",
        validation_status="fail",
    )
    assert (found.judgement, found.false_alarm) == (Judgement.EQUAL, True)


@pytest.mark.parametrize(
    ("source", "target", "judgement"),
    [
        ("2024-01-01", "2024-01-01", Judgement.EQUAL),
        ("2024-01-01", "2024-01-02", Judgement.DIFFERS),
        ("5", "nan", Judgement.DIFFERS),
        ("nan", "", Judgement.UNKNOWN),
        ("inf", "1", Judgement.DIFFERS),
    ],
)
def test_values_that_are_no_numbers(
    tmp_path: Path, source: str, target: str, judgement: Judgement
) -> None:
    found = judged(tmp_path, source_agg_value=source, target_agg_value=target)
    assert found.judgement is judgement
    assert found.difference is None


@given(
    st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**20)),
    st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**20)),
)
def test_without_a_threshold_only_equal_numbers_are_equal(
    tmp_path_factory: pytest.TempPathFactory, source: Decimal, target: Decimal
) -> None:
    found = judged(
        tmp_path_factory.mktemp("dvt"),
        source_agg_value=str(source),
        target_agg_value=str(target),
    )
    assert (found.judgement is Judgement.EQUAL) == (source == target)
    assert found.false_pass == (source != target)


@pytest.mark.parametrize(
    ("column", "value", "named"),
    [
        ("validation_status", "maybe", "validation_status"),
        ("pct_threshold", "-1", "pct_threshold"),
        ("pct_threshold", "lots", "pct_threshold"),
    ],
)
def test_what_nobody_can_judge_is_refused_by_row(
    tmp_path: Path, column: str, value: str, named: str
) -> None:
    path = written(tmp_path, [{}, {column: value}])
    with pytest.raises(InvalidInputError, match=f"row 2: .*{named}"):
        judge(from_file("dvt", path, COLUMNS))


def test_a_file_without_its_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(InvalidInputError, match="no column validation_name"):
        from_file("dvt", path, COLUMNS)


def test_a_row_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.csv"
    path.write_text(",".join(COLUMNS) + "\na,b\n", encoding="utf-8")
    with pytest.raises(InvalidInputError, match="row 1: 2 cells under 20 columns"):
        from_file("dvt", path, COLUMNS)


def test_the_index_that_a_data_frame_writes_is_no_column(tmp_path: Path) -> None:
    path = tmp_path / "frame.csv"
    values = {"validation_status": "success", "source_agg_value": "1", "target_agg_value": "1"}
    cells = ["0", *(values.get(name, "") for name in COLUMNS)]
    path.write_text(f",{','.join(COLUMNS)}\n{','.join(cells)}\n", encoding="utf-8")
    assert judge(from_file("dvt", path, COLUMNS))[0].judgement is Judgement.EQUAL
