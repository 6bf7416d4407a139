"""Two servers, of two versions where both are installed, that agree in no setting."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from dashboard.reconcile.basis import Options
from tests.conftest import connected, new_database, with_parts
from tests.contract.test_compare_runs import change, ledger, run
from tests.second_server import second_server

ROWS = 5_000
SHAPE = (
    "(id bigint PRIMARY KEY, name text, amount numeric(12, 4), at timestamptz, day date, "
    "weight double precision, raw bytea, document jsonb, state char(4), active boolean)"
)
FILL = (
    "INSERT INTO {} SELECT n, 'Zoë Müller ' || n, n / 7.0, "
    "timestamptz '2024-01-01 00:00+00' + n * interval '1 h 7 us', date '2024-01-01' + n, n / 3.0, "
    "decode(md5(n::text), 'hex'), jsonb_build_object('n', n, 'a', 'é'), 'ß' || n % 10, "
    f"n % 2 = 0 FROM generate_series(1, {ROWS}) AS n"
)
SETTINGS = {
    "timezone": "'Pacific/Auckland'",
    "datestyle": "'German, DMY'",
    "intervalstyle": "sql_standard",
    "bytea_output": "escape",
    "extra_float_digits": "0",
    "default_transaction_isolation": "serializable",
}
DAMAGE = (
    "UPDATE new_members SET name = replace(name, 'ë', 'e') WHERE id = 17",
    "UPDATE new_members SET at = at + interval '1 microsecond' WHERE id = 900",
    "UPDATE new_members SET weight = weight + 1e-12 WHERE id = 5",
    "UPDATE new_members SET raw = raw || '\\x00' WHERE id = 18",
    "UPDATE new_members SET day = day - 1, active = NOT active WHERE id = 4000",
    "DELETE FROM new_members WHERE id IN (100, 4999)",
    "INSERT INTO new_members SELECT id + 100000, name FROM new_members WHERE id = 1",
)
FOUND = {
    ("17", "name"),
    ("900", "at"),
    ("5", "weight"),
    ("18", "raw"),
    ("4000", "day"),
    ("4000", "active"),
    ("100", None),
    ("4999", None),
    ("100001", None),
}


@pytest.fixture(scope="module")
def far_server(server_url: str) -> Iterator[str]:
    with second_server(server_url) as url:
        yield url


@pytest.fixture(params=["UTF8", "LATIN1"])
def target(request: pytest.FixtureRequest, far_server: str) -> Iterator[str]:
    """The target, on the far server: another encoding, and set otherwise in all that counts."""
    name = f"plumbline_far_{request.param.lower()}"
    with connected(far_server, autocommit=True) as connection:
        made = f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{request.param}'"
        connection.execute(sa.text(f"{made} LC_COLLATE 'C' LC_CTYPE 'C'"))
        for setting, value in SETTINGS.items():
            connection.execute(sa.text(f"ALTER DATABASE {name} SET {setting} = {value}"))
    url = with_parts(far_server, database=name)
    fill(url, "new_members")
    yield url
    with connected(far_server, autocommit=True) as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def source(server_url: str) -> Iterator[str]:
    with new_database(server_url) as url:
        fill(url, "old_members")
        yield url


def fill(url: str, table: str) -> None:
    change(url, f"CREATE TABLE {table} {SHAPE}", FILL.format(table))


def test_what_differs_is_found_and_nothing_that_is_only_printed_otherwise(
    source: str, target: str
) -> None:
    assert run(source, target).exceptions == 0
    change(target, *DAMAGE)
    changed = run(source, target, options=Options(changed=True))
    assert 0 < changed.compared < changed.buckets
    found = {(row.key[0], row.field) for row in ledger(target, changed)}
    assert found == FOUND
    change(target, "UPDATE new_members SET name = 'Zoë Müller 17' WHERE id = 17")
    again = run(source, target, options=Options(suspects=True))
    found = {(row.key[0], row.field) for row in ledger(target, again)}
    assert found == FOUND - {("17", "name")}
