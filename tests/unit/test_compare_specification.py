"""A specification is refused before anything is read, with the line and the remedy."""

from __future__ import annotations

from decimal import Decimal

import pytest

from dashboard.reconcile.spec import SpecificationError, parse

GOOD = """\
name = "members"

[source]
url_env = "LEGACY_URL"

[target]
url_env = "RISE_URL"

[[table]]
name = "members"
source = "legacy.members"
target = "rise.members"
key = ["member_no"]

[[table.field]]
name = "salary"
source_sql = "salary_cents / 100.0"
target = "annual_salary"
critical = true
tolerance_absolute = 0.01
"""


def test_a_good_one_is_read_exactly() -> None:
    specification, lines = parse(GOOD, "members.toml")
    field = specification.table[0].field[0]
    assert field.tolerance_absolute == Decimal("0.01")
    assert field.critical
    assert lines.of(("table", 0, "field", 0, "target")) == 18


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("critical = true", 'critical = "yes, please"', 19, "true or false"),
        ("critical = true", "criticl = true", 19, "no setting"),
        ("tolerance_absolute = 0.01", "tolerance_absolute = -1", 20, "negative"),
        ("tolerance_absolute = 0.01", "tolerance_absolute = inf", 20, "finite"),
        ("tolerance_absolute = 0.01", "tolerance_relative = 2", 20, "less than 1"),
        ("tolerance_absolute = 0.01", 'type = "money"', 20, "'integer', 'numeric'"),
        ('target = "annual_salary"', 'source = "x"', 15, "not both"),
        ('url_env = "LEGACY_URL"', "", 3, "url_env"),
        ('target = "rise.members"', "", 9, "target is missing"),
        ('source = "legacy.members"', 'source = "a; drop table b"', 9, "no relation"),
        ('key = ["member_no"]', 'key = "member_no"', 13, "list"),
        ('key = ["member_no"]', "", 9, "without a key"),
    ],
)
def test_every_error_names_its_line_and_a_remedy(old: str, new: str, line: int, words: str) -> None:
    with pytest.raises(SpecificationError) as refusal:
        parse(GOOD.replace(old, new), "members.toml")
    assert f"members.toml, line {line}: " in str(refusal.value)
    assert words.lower() in str(refusal.value).lower()


def test_all_errors_are_told_at_once() -> None:
    broken = GOOD.replace("critical = true", "criticl = true").replace('name = "members"\n\n', "")
    with pytest.raises(SpecificationError) as refusal:
        parse(broken, "members.toml")
    assert len(str(refusal.value).splitlines()) == 2


def test_what_is_no_toml_is_told_with_its_place() -> None:
    with pytest.raises(SpecificationError, match="line 1"):
        parse("name = \n\n[source]", "members.toml")


def test_a_missing_variable_is_named_and_no_url_is_told() -> None:
    specification, _ = parse(GOOD.replace("LEGACY_URL", "PLUMBLINE_NO_SUCH"), "members.toml")
    with pytest.raises(SpecificationError, match="PLUMBLINE_NO_SUCH"):
        specification.source.resolved()


def test_settings_inside_long_texts_are_not_taken_for_lines() -> None:
    text = GOOD.replace(
        'source_sql = "salary_cents / 100.0"', 'source_sql = """\ncritical = 1\n"""'
    ).replace("critical = true", 'critical = "x"')
    with pytest.raises(SpecificationError, match="line 21"):
        parse(text, "members.toml")
