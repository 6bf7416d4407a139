"""A real PostgreSQL for every test that needs one, and databases that cost almost nothing.

``PLUMBLINE_TEST_SERVER_URL`` names a superuser's URL on a running server that trusts local
roles without a password. Without it the product's own embedded server is started, on the
binaries that ``PLUMBLINE_POSTGRES_BIN`` names.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest
import sqlalchemy as sa

from dashboard.embedded import EmbeddedServer
from dashboard.embedded.roles import READER, WRITER, grant_roles
from dashboard.progress import SilentProgress
from dashboard.sample.programme import build
from dashboard.sample.recipe import Recipe
from queries.contract_ddl import create_relations

CONTRACT_YEARS = range(2024, 2028)
SAMPLE_UNTIL = datetime(2026, 11, 1, tzinfo=UTC)
SAMPLE_TICKETS_PER_YEAR = 24_000

hypothesis.settings.register_profile("plumbline", deadline=None)
hypothesis.settings.load_profile("plumbline")

_numbers = itertools.count(1)
_models: dict[str, Path] = {}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "database: asks a PostgreSQL server; added by fixture")
    # Started in the background, we would hand on to every demo that it cannot be interrupted.
    for number, usual in (
        (signal.SIGINT, signal.default_int_handler),
        (signal.SIGHUP, signal.SIG_DFL),
    ):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, usual)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that depend on the version of PostgreSQL, so that CI can repeat them.

    Tests of one file share their fixtures, and all browser tests one server: where several
    processes test, each of these groups stays in one.
    """
    for item in items:
        group = "browser" if "chromium" in getattr(item, "fixturenames", ()) else item.path.name
        item.add_marker(pytest.mark.xdist_group(group))
        if {"server_url", "server_folder"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("database")


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """A superuser's URL of a running server."""
    given = os.environ.get("PLUMBLINE_TEST_SERVER_URL")
    if given:
        yield given
        return
    with open_folder() as folder, EmbeddedServer(folder) as server:
        yield server.url()


@pytest.fixture
def empty_database(server_url: str) -> Iterator[str]:
    """The superuser's URL of a new, empty database."""
    with new_database(server_url) as url:
        yield url


@pytest.fixture
def contract_database(server_url: str, contract_template: str) -> Iterator[str]:
    """The superuser's URL of a new database with every table of the contract, all empty."""
    with new_database(server_url, template=contract_template) as url:
        grant(url)
        yield url


@pytest.fixture(scope="session")
def sample_database(server_url: str) -> Iterator[str]:
    """The owner's URL of the small sample programme with its planted defects; do not write."""
    with sample_programme(server_url, clean=False) as url:
        yield url


@pytest.fixture(scope="session")
def clean_database(server_url: str) -> Iterator[str]:
    """The owner's URL of the small sample programme without defects; do not write."""
    with sample_programme(server_url, clean=True) as url:
        yield url


@pytest.fixture(scope="session")
def models_of() -> Callable[[str], Path]:
    """Turns a sample's URL into the folder of its model files; do not write."""
    return _models.__getitem__


@pytest.fixture(scope="session")
def reader_url() -> Callable[[str], str]:
    """Turns a database's URL into that of ``plumbline_reader``, who may SELECT alone."""
    return lambda url: as_role(url, READER)


@pytest.fixture(scope="session")
def writer_url() -> Callable[[str], str]:
    """Turns a database's URL into that of ``plumbline_writer``, who owns schema ``plumbline``."""
    return lambda url: as_role(url, WRITER)


@pytest.fixture(scope="session")
def contract_template(server_url: str) -> Iterator[str]:
    """The name of a database to copy: making tables once is faster than a hundred times."""
    with new_database(server_url) as url:
        with connected(url) as connection, connection.begin():
            create_relations(connection, CONTRACT_YEARS)
        grant(url)
        yield str(sa.make_url(url).database)


@contextmanager
def sample_programme(server_url: str, *, clean: bool) -> Iterator[str]:
    """A database with the small sample programme, and its model files while it lives."""
    recipe = Recipe(tickets_per_year=SAMPLE_TICKETS_PER_YEAR, until=SAMPLE_UNTIL, clean=clean)
    with open_folder() as models, new_database(server_url) as url:
        build(url, recipe, models, SilentProgress())
        grant(url)
        _models[url] = models
        yield url


@contextmanager
def new_database(server_url: str, *, template: str = "template0") -> Iterator[str]:
    """A database that is dropped at the end, whoever is still connected."""
    name = f"plumbline_test_{os.getpid()}_{next(_numbers)}"
    with connected(server_url, autocommit=True) as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    try:
        yield with_parts(server_url, database=name)
    finally:
        with connected(server_url, autocommit=True) as connection:
            connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))


@contextmanager
def connected(url: str, *, autocommit: bool = False) -> Iterator[sa.Connection]:
    """One connection, closed for good at the end, so that a database can be copied or dropped."""
    driver = sa.make_url(url).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(driver, poolclass=sa.NullPool)
    level = "AUTOCOMMIT" if autocommit else "READ COMMITTED"
    with engine.connect().execution_options(isolation_level=level) as connection:
        yield connection
    engine.dispose()


@contextmanager
def open_folder() -> Iterator[Path]:
    """A new folder that the server's user can enter, even where we are root."""
    folder = Path(tempfile.mkdtemp(prefix="plumbline-tests-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def grant(url: str) -> None:
    """Make the product's roles and grant them the database."""
    with connected(url) as connection, connection.begin():
        grant_roles(connection)


def as_role(url: str, role: str) -> str:
    return sa.make_url(url).set(username=role, password=None).render_as_string(hide_password=False)


def with_parts(url: str, *, database: str) -> str:
    return sa.make_url(url).set(database=database).render_as_string(hide_password=False)
