"""The demo: a server, a sample programme in it, and the app on top; all gone at the end."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import click
import sqlalchemy as sa

from dashboard.embedded import EmbeddedServer, databases
from dashboard.embedded.roles import READER, WRITER, grant_roles
from dashboard.kept_sample import DATABASE, KeptSample, Record
from dashboard.progress import Progress
from dashboard.sample.recipe import Recipe
from dashboard.serving import LOCAL, address_of, open_browser, require_free_port, serve
from dashboard.settings import Sample

HISTORY_WEEKS = 6
_WORKERS = 2
_LONGEST_S = 600
FOR_ROOT = Path("/var/lib/plumbline")
_LAST_SCORED = sa.text("SELECT max(scored_at) AT TIME ZONE 'UTC' FROM prediction_audit")


@dataclass(frozen=True, slots=True)
class Demo:
    """What was asked for. ``until`` is empty where any last day will do."""

    recipe: Recipe
    until: datetime | None
    folder: Path
    port: int
    browser: bool
    rebuild: bool


def default_folder() -> Path:
    """Where the demo keeps its data: root's in /var/lib, a user's by the XDG rules."""
    if os.geteuid() == 0:
        return FOR_ROOT
    base = os.environ.get("XDG_DATA_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".local/share") / "plumbline"


def run(demo: Demo, progress: Progress) -> None:
    """Run the demo until it is stopped.

    Raises:
        AlreadyRunningError: another demo runs on the same folder.
        PlumblineError: the port, the server, the sample or the app cannot be had; says which.
    """
    here = address_of(LOCAL, demo.port)

    def when_ready() -> None:
        click.echo(f"Plumbline is at {here} (Ctrl-C stops it)")
        if demo.browser:
            open_browser(here)

    with ExitStack() as stack:
        with progress.stage("Starting PostgreSQL"):
            server = stack.enter_context(EmbeddedServer(demo.folder))
        require_free_port(LOCAL, demo.port)
        server.announce(here)
        environment = app_environment(server, demo.recipe, prepare(server, demo, progress))
        click.echo("  Starting the app …")
        serve(environment, host=LOCAL, port=demo.port, when_ready=when_ready)


def prepare(server: EmbeddedServer, demo: Demo, progress: Progress) -> Record:
    """The sample of an earlier start where it suits, otherwise a new one."""
    kept = KeptSample(server)
    record = None if demo.rebuild else kept.suits(demo.recipe, demo.until)
    if record is not None:
        _roll_up(server, DATABASE, server.folder / record.models, record.as_of, progress)
        return record
    return kept.replace(
        demo.recipe, lambda database, models: _make(server, database, models, demo, progress)
    )


def app_environment(server: EmbeddedServer, recipe: Recipe, record: Record) -> Mapping[str, str]:
    """The app's options; they hold its database's URLs, so they are not to be shown."""
    return {
        "PLUMBLINE_SOURCE_URL": server.url(DATABASE, READER),
        "PLUMBLINE_OWN_URL": server.url(DATABASE, WRITER),
        "PLUMBLINE_AS_OF": record.as_of.isoformat(),
        "PLUMBLINE_MODELS_DIR": str(server.folder / record.models),
        "PLUMBLINE_KEYS_DIR": str(server.folder / record.models / "keys"),
        "PLUMBLINE_SAMPLE": Sample.GIVEN if recipe.tickets_csv else Sample.INVENTED,
    }


def _make(
    server: EmbeddedServer, database: str, models: Path, demo: Demo, progress: Progress
) -> datetime:
    """Fill a database with the programme and the gates' history; returns its last moment."""
    from components.gates.policy import load_policy
    from dashboard.commands.alert import look
    from dashboard.commands.evaluate import record_history
    from dashboard.sample.programme import build
    from dashboard.sample.recount import recount

    build(server.url(database), demo.recipe, models, progress)
    with databases.administering(server.url(database)) as connection:
        grant_roles(connection)
        as_of = _as_of(connection, demo.recipe)
    own, source = server.url(database, WRITER), server.url(database, READER)
    recount(source, own, progress)
    _roll_up(server, database, models, as_of, progress)
    with progress.stage("Recording the gates of the last weeks") as stage:
        for done in range(HISTORY_WEEKS):
            week = as_of - timedelta(weeks=HISTORY_WEEKS - 1 - done)
            record_history(own, source, until=week, weeks=1)
            stage.advance(done + 1, HISTORY_WEEKS)
        look(source, own, load_policy(None), as_of)
    return as_of


def _roll_up(
    server: EmbeddedServer, database: str, models: Path, as_of: datetime, progress: Progress
) -> None:
    """Build the roll-ups and attest the explanations; where they are kept this only looks."""
    from components.gates.policy import load_policy
    from dashboard import shadow_kept
    from dashboard.artifacts import trusted
    from dashboard.explanations.run import run as attest
    from dashboard.refresh.plan import Options
    from dashboard.refresh.run import environments, refresh
    from queries.database import own_engine, source_engine

    source = source_engine(server.url(database, READER), statement_timeout_s=_LONGEST_S)
    own = own_engine(server.url(database, WRITER), statement_timeout_s=_LONGEST_S)
    try:
        options = Options(environments(source, own), as_of.date(), workers=_WORKERS)
        policy = load_policy(None)
        refresh(source, own, policy.drift, options, progress)
        shadow_kept.keep(source, own, policy, progress)
        trust_of = partial(trusted.trust_in, models, models / "keys")
        attest(source, own, as_of.date(), progress, trust_of=trust_of)
    finally:
        source.dispose()
        own.dispose()


def _as_of(connection: sa.Connection, recipe: Recipe) -> datetime:
    """The sample's end: the recipe's, or the midnight after the last ticket of a file."""
    if recipe.tickets_csv is None:
        return recipe.until
    last = connection.execute(_LAST_SCORED).scalar_one()
    midnight = datetime(last.year, last.month, last.day, tzinfo=recipe.until.tzinfo)
    return midnight + timedelta(days=1)
