"""The engine against PostgreSQL's own EXCEPT ALL on random tables: nothing missed or invented."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import hypothesis.strategies as st
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings

from queries.compare_bucket import ByHash, ByRange
from queries.compare_judge import Finding, FindingKind
from queries.compare_open import Side, engine_for, look, open_comparison
from queries.compare_plan import Column, Field, Plan, Relation, Value
from tests.conftest import new_database

COLUMNS = {
    "k1": "bigint",
    "k2": "text",
    "a": "text",
    "b": "text",
    "n": "numeric",
    "t": "timestamptz",
    "f": "double precision",
}
NUMBERS = [
    None,
    "0",
    "0.00",
    "1",
    "1.00",
    "-1",
    "1e40",
    "1e-25",
    "NaN",
    "Infinity",
    "209715212.01",
    "209715215.02",
]
TIMES = [
    None,
    "2024-03-10 01:59:59.999999+00",
    "2024-03-10 02:00:00+00",
    "2024-03-09 21:00:00-05",
    "2024-03-10 02:00:00.000001+00",
    "infinity",
    "0044-03-15 00:00:00+00 BC",
]
TEXTS = [None, "", " ", "a", "ab", "bc", "c", "A", "é", "e\u0301", "NULL", "\\N", ";", ":", "2:ab"]
TEXTS += ["a\tb", "a\nb", "a,b", '"', "%s", "%%", "😀", "a ", "x" * 300]
FLOATS = [None, "0", "-0", "0.1", "0.30000000000000004", "1e300", "NaN", "-Infinity"]
BIGS = [None, "0", "1", "2", "3", str(2**63 - 1), str(-(2**63))]

rows = st.lists(
    st.tuples(
        st.sampled_from(BIGS),
        st.sampled_from(["", "a", "ab", None]),
        st.sampled_from(TEXTS),
        st.sampled_from(TEXTS),
        st.sampled_from(NUMBERS),
        st.sampled_from(TIMES),
        st.sampled_from(FLOATS),
    ),
    max_size=12,
)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[list[tuple[str | None, ...]], list[tuple[str | None, ...]]]:
    """Two tables that share most records: copies lost, added and changed in one value."""
    source = draw(rows)
    target = []
    for row in source:
        fate = draw(st.sampled_from(["keep", "keep", "keep", "drop", "twice", "change"]))
        changed = list(row)
        if fate == "change":
            place = draw(st.integers(0, len(row) - 1))
            options = [BIGS, ["", "a"], TEXTS, TEXTS, NUMBERS, TIMES, FLOATS][place]
            changed[place] = draw(st.sampled_from(options))
        target += [tuple(changed)] * {"drop": 0, "twice": 2}.get(fate, 1)
    return source, draw(st.permutations(target + draw(rows)[:2]))


@dataclass(frozen=True)
class Ground:
    """Two tables of the same shape in one database, and the same target on a second engine."""

    source: Side
    target: Side
    connection: sa.Connection


@pytest.fixture(scope="module")
def ground(server_url: str) -> Iterator[Ground]:
    with new_database(server_url) as url:
        engine = sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"))
        shape = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for name in ("s", "t"):
                connection.execute(sa.text(f"CREATE TABLE {name} ({shape})"))
            reading = [engine_for(url), engine_for(url)]
            sides = [
                look(each, Relation(name, "public"))
                for each, name in zip(reading, "st", strict=True)
            ]
            yield Ground(*sides, connection)
        for each in (engine, *reading):
            each.dispose()


def plan_of(ground: Ground, keys: tuple[str, ...]) -> Plan:
    def column(name: str) -> Column:
        values = []
        for side in (ground.source, ground.target):
            info = side.info.columns[name]
            values.append(Value(name, True, info.native, info.nullable, info.plain_collation))
        return Column(name, ground.source.info.columns[name].kind, *values)

    fields = tuple(Field(column(name)) for name in COLUMNS if name not in keys)
    return Plan(
        "p", ground.source.relation, ground.target.relation, tuple(map(column, keys)), fields
    )


def fill(ground: Ground, source: list[tuple[str | None, ...]], target: list[tuple]) -> None:
    for name, held in (("s", source), ("t", target)):
        ground.connection.execute(sa.text(f"TRUNCATE {name}"))
        marks = ", ".join(f"CAST(:c{i} AS {kind})" for i, kind in enumerate(COLUMNS.values()))
        values = [{f"c{i}": value for i, value in enumerate(row)} for row in held]
        if values:
            ground.connection.execute(sa.text(f"INSERT INTO {name} VALUES ({marks})"), values)


def find(ground: Ground, plan: Plan, together: bool, bucketing: object) -> list[Finding]:
    with open_comparison(
        ground.source, ground.target, plan, bucketing, together=together
    ) as comparison:
        states = comparison.survey(hashed=True, whole=True)
        chosen = comparison.suspects(states, set(states))
        return list(comparison.compare(None if together else chosen))


def find_again(ground: Ground, plan: Plan, bucketing: object) -> list[Finding]:
    """As ``--open`` does: only buckets that are named, here all there are."""
    with open_comparison(
        ground.source, ground.target, plan, bucketing, together=True
    ) as comparison:
        named = comparison.survey(hashed=False, whole=False)
    with open_comparison(
        ground.source, ground.target, plan, bucketing, together=True
    ) as comparison:
        states = comparison.survey(hashed=False, whole=False, buckets=set(named))
        assert states == named
        return list(comparison.compare(sorted(states)))


def surplus(ground: Ground, first: str, second: str) -> Counter[tuple[str | None, ...]]:
    """PostgreSQL's own multiset difference, in canonical text."""
    texts = [
        "k1::text",
        "k2",
        "a",
        "b",
        "trim_scale(n)::text",
        "(t AT TIME ZONE 'UTC')::text",
        "trim_scale(f::text::numeric)::text",
    ]
    asked = sa.text(
        f"SELECT {', '.join(texts)} FROM (TABLE {first} EXCEPT ALL TABLE {second}) AS d"
    )
    return Counter(tuple(row) for row in ground.connection.execute(asked))


def by_key(
    left_over: Counter[tuple[str | None, ...]], width: int
) -> dict[tuple[str | None, ...], list[tuple[str | None, ...]]]:
    found: dict[tuple[str | None, ...], list[tuple[str | None, ...]]] = {}
    for row in left_over.elements():
        found.setdefault(row[:width], []).append(row[width:])
    return found


WITHOUT_PARTNER = {FindingKind.MISSING: 0, FindingKind.LOST_COPY: 0}
WITHOUT_PARTNER |= {FindingKind.EXTRA: 1, FindingKind.SURPLUS_COPY: 1}


def check_keyed(ground: Ground, findings: list[Finding], width: int) -> None:
    """Per key: as many records alone as must be, and the rest turn into the target's exactly."""
    ours, theirs = surplus(ground, "s", "t"), surplus(ground, "t", "s")
    sources, targets = by_key(ours, width), by_key(theirs, width)
    assert {finding.key for finding in findings} == {*sources, *targets}
    for key in {*sources, *targets}:
        source, target = sources.get(key, []), targets.get(key, [])
        here = [finding for finding in findings if finding.key == key]
        alone = [0, 0]
        for finding in here:
            if finding.kind is not FindingKind.DIFFERS:
                alone[WITHOUT_PARTNER[finding.kind]] += finding.copies
        assert alone == [max(len(source) - len(target), 0), max(len(target) - len(source), 0)]
        differences = [finding for finding in here if finding.kind is FindingKind.DIFFERS]
        assert len(differences) >= min(len(source), len(target))
        if len(source) != len(target):
            continue
        for place in range(len(COLUMNS) - width):
            moved = [finding for finding in differences if finding.field == place]
            turned = Counter(row[place] for row in source)
            turned.subtract(finding.source_value for finding in moved)
            turned.update(finding.target_value for finding in moved)
            assert +turned == Counter(row[place] for row in target)


same_ground = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
SHIFTED = (
    [("1", "a", "ab", "c", None, None, None)],
    [("1", "a", "a", "bc", None, None, None)],
)
TRADED_COPIES = (
    [("1", "a", *["a"] * 2, None, None, None)] * 2 + [("2", "a", *["a"] * 2, None, None, None)],
    [("1", "a", *["a"] * 2, None, None, None)] + [("2", "a", *["a"] * 2, None, None, None)] * 2,
)
TRADED_VALUES = (
    [("2", "a", "a", "b", "1", None, "1"), ("3", "a", "c", "b", "1", None, "2")],
    [("2", "a", "c", "b", "1", None, "1"), ("3", "a", "a", "b", "1", None, "2")],
)
NULL_FOR_ZERO = (
    [("2", "a", "a", "b", "0", None, "0"), ("3", "", "", "b", None, None, None)],
    [("2", "a", "a", "b", None, None, None), ("3", "", None, "b", "0", None, "0")],
)
SIGN_TURNED = (
    [("2", "a", "a", "b", "1", None, "1"), ("3", "", "", "b", "NaN", None, None)],
    [("2", "a", "a", "b", "-1", None, "1"), ("3", "", "", "b", "Infinity", None, None)],
)
THREE_FOR_ONE = ([SHIFTED[0][0]], SHIFTED[0] * 3)


@pytest.mark.parametrize("together", [True, False], ids=["one database", "across"])
@pytest.mark.parametrize(
    ("keys", "bucketing"),
    [(("k1",), ByRange(1)), (("k1", "k2"), ByHash(16)), (("k1",), ByRange(40))],
    ids=["one key, narrow ranges", "two keys, hashes", "one key, one range"],
)
def test_keyed_differences_are_those_of_except_all(
    ground: Ground, keys: tuple[str, ...], bucketing: object, together: bool
) -> None:
    plan = plan_of(ground, keys)

    @same_ground
    @given(pairs())
    @example(SHIFTED)
    @example(TRADED_COPIES)
    @example(TRADED_VALUES)
    @example(NULL_FOR_ZERO)
    @example(SIGN_TURNED)
    @example(THREE_FOR_ONE)
    def check(tables: tuple[list[tuple], list[tuple]]) -> None:
        fill(ground, *tables)
        check_keyed(ground, find(ground, plan, together, bucketing), len(keys))

    check()


def test_named_buckets_alone_differ_as_all_do(ground: Ground) -> None:
    plan, bucketing = plan_of(ground, ("k1",)), ByRange(1)

    @same_ground
    @given(pairs())
    @example(THREE_FOR_ONE)
    def check(tables: tuple[list[tuple], list[tuple]]) -> None:
        fill(ground, *tables)
        check_keyed(ground, find_again(ground, plan, bucketing), 1)

    check()


@pytest.mark.parametrize("together", [True, False], ids=["one database", "across"])
def test_keyless_differences_are_those_of_except_all(ground: Ground, together: bool) -> None:
    plan = plan_of(ground, ())

    @same_ground
    @given(pairs())
    @example(SHIFTED)
    @example(TRADED_COPIES)
    @example(TRADED_VALUES)
    @example(NULL_FOR_ZERO)
    @example(SIGN_TURNED)
    @example(THREE_FOR_ONE)
    def check(tables: tuple[list[tuple], list[tuple]]) -> None:
        fill(ground, *tables)
        found: tuple[Counter, Counter] = (Counter(), Counter())
        for finding in find(ground, plan, together, ByHash(16)):
            found[WITHOUT_PARTNER[finding.kind]][finding.key] += finding.copies
        assert found == (surplus(ground, "s", "t"), surplus(ground, "t", "s"))

    check()
