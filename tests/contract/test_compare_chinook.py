"""Two real exports of one database, SQLite against PostgreSQL: eight values differ, no other."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from components.exceptions.cause_kinds import CauseKind
from components.exceptions.defects import CountedGroup, systematic
from dashboard.progress import SilentProgress
from dashboard.reconcile.basis import Options
from dashboard.reconcile.resolve import Place
from dashboard.reconcile.run import Outcome, run_table
from dashboard.reconcile.spec import parse
from queries.compare_results import groups_of, page_of
from tests.conftest import connected, new_database

SHARED = Path(
    os.environ.get("PLUMBLINE_SHARED_DATA") or Path(__file__).parents[3] / "shared" / "data"
)
KEYS = {
    "Album": ("album_id",),
    "Artist": ("artist_id",),
    "Customer": ("customer_id",),
    "Employee": ("employee_id",),
    "Genre": ("genre_id",),
    "Invoice": ("invoice_id",),
    "InvoiceLine": ("invoice_line_id",),
    "MediaType": ("media_type_id",),
    "Playlist": ("playlist_id",),
    "PlaylistTrack": ("playlist_id", "track_id"),
    "Track": ("track_id",),
}
pytestmark = pytest.mark.skipif(
    not (SHARED / "chinook.sqlite").is_file(),
    reason="the Chinook exports are not there; PLUMBLINE_SHARED_DATA names their folder",
)


def snake(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


def specification(target: str) -> str:
    parts = [
        f'name = "chinook"\n[source]\nurl = "sqlite:///{SHARED / "chinook.sqlite"}"\n'
        f'[target]\nurl = "{target}"\n'
    ]
    for name, keys in KEYS.items():
        listed = ", ".join(f'"{key}"' for key in keys)
        parts.append(
            f'[[table]]\nname = "{snake(name)}"\nsource = "{name}"\n'
            f'target = "{snake(name)}"\nkey = [{listed}]\n'
        )
    return "\n".join(parts)


@pytest.fixture(scope="module")
def chinook(server_url: str) -> Iterator[str]:
    """The PostgreSQL export, loaded; the same database holds our own schema."""
    script = (SHARED / "chinook_postgresql.sql").read_text(encoding="utf-8")
    script = re.sub(r"(?m)^(DROP DATABASE|CREATE DATABASE|\\c ).*$", "", script)
    with new_database(server_url) as url:
        with connected(url, autocommit=True) as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.execute(script)
        yield url


def reconcile(url: str, *names: str, fresh: bool = True) -> list[Outcome]:
    held, lines = parse(specification(url), "chinook.toml")
    own = sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"))
    try:
        return [
            run_table(
                held,
                table,
                Place("chinook.toml", lines, ("table", position)),
                own,
                Options(fresh=fresh),
                SilentProgress(),
            )
            for position, table in enumerate(held.table)
            if not names or table.name in names
        ]
    finally:
        own.dispose()


def test_the_eight_real_differences_are_one_defect_and_nothing_else(chinook: str) -> None:
    outcomes = reconcile(chinook)
    assert sum(outcome.source_rows for outcome in outcomes) == 15_607
    assert sum(outcome.target_rows for outcome in outcomes) == 15_607
    assert {each.pair: each.exceptions for each in outcomes if each.exceptions} == {
        "customer": 1,
        "invoice": 7,
    }
    with connected(chinook) as connection:
        groups = groups_of(connection, [outcome.run_id for outcome in outcomes]).rows
    defects = systematic(
        [
            CountedGroup(
                row.pair,
                row.field,
                CauseKind(row.cause),
                row.signature,
                row.batch,
                row.source_system,
                row.exceptions,
            )
            for row in groups
        ]
    )
    assert [defect.sentence for defect in defects] == [
        "8 of 8 differences are one rule: invoice.billing_city, customer.city, "
        "trailing white space removed (100%)."
    ]


MUTATIONS = [
    ("album", "title = title || ' '", "album_id = 1", "title"),
    ("album", "title = lower(title)", "album_id = 2", "title"),
    ("album", "artist_id = 2", "album_id = 1", "artist_id"),
    ("artist", "name = NULL", "artist_id = 3", "name"),
    ("artist", "name = ''", "artist_id = 3", "name"),
    ("artist", "name = replace(name, 'A', 'a')", "artist_id = 2", "name"),
    ("artist", "name = 'NULL'", "artist_id = 9", "name"),
    ("customer", "company = 'None'", "customer_id = 2", "company"),
    ("customer", "company = ''", "customer_id = 3", "company"),
    ("customer", "phone = translate(phone, '+', '')", "customer_id = 1", "phone"),
    ("customer", "address = overlay(address placing 'x' from 1)", "customer_id = 6", "address"),
    ("customer", "support_rep_id = 4", "customer_id = 1", "support_rep_id"),
    ("employee", "birth_date = birth_date + interval '1 microsecond'", "employee_id = 1",
     "birth_date"),
    ("employee", "hire_date = hire_date + interval '1 hour'", "employee_id = 2", "hire_date"),
    ("employee", "birth_date = NULL", "employee_id = 3", "birth_date"),
    ("employee", "reports_to = 1", "employee_id = 1", "reports_to"),
    ("genre", "name = reverse(name)", "genre_id = 1", "name"),
    ("invoice", "total = total + 0.01", "invoice_id = 7", "total"),
    ("invoice", "total = -total", "invoice_id = 8", "total"),
    ("invoice", "total = 0", "invoice_id = 412", "total"),
    ("invoice", "invoice_date = invoice_date - interval '1 day'", "invoice_id = 9",
     "invoice_date"),
    ("invoice", "billing_state = NULL", "invoice_id = 5", "billing_state"),
    ("invoice_line", "quantity = 2", "invoice_line_id = 2240", "quantity"),
    ("invoice_line", "unit_price = unit_price * 100", "invoice_line_id = 1", "unit_price"),
    ("media_type", "name = name || chr(160)", "media_type_id = 1", "name"),
    ("playlist", "name = upper(name)", "playlist_id = 1", "name"),
    ("track", "composer = convert_from(convert_to('ä', 'UTF8'), 'LATIN1')", "track_id = 1",
     "composer"),
    ("track", "milliseconds = milliseconds + 1", "track_id = 3503", "milliseconds"),
    ("track", "bytes = NULL", "track_id = 2", "bytes"),
    ("track", "unit_price = 1.98", "track_id = 100", "unit_price"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "change", "where", "field"), MUTATIONS)
def test_a_single_changed_value_is_found(
    chinook: str, table: str, change: str, where: str, field: str
) -> None:
    before = {"customer": 1, "invoice": 7}.get(table, 0)
    with connected(chinook, autocommit=True) as connection:
        connection.execute(sa.text(f"CREATE TABLE held AS SELECT * FROM {table} WHERE {where}"))
        connection.execute(sa.text(f"UPDATE {table} SET {change} WHERE {where}"))
        try:
            (outcome,) = reconcile(chinook, table)
            found = page_of(connection, outcome.run_id).rows
        finally:
            restored = f"UPDATE {table} SET {field} = held.{field} FROM held WHERE {table}.{where}"
            connection.execute(sa.text(restored))
            connection.execute(sa.text("DROP TABLE held"))
    assert outcome.exceptions == before + 1
    key = where.rpartition(" ")[2]
    assert [row.field for row in found if row.key == [key]] == [field]
