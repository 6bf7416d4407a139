"""``plumbline demo``: a sample programme on an embedded PostgreSQL, in the browser."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from dashboard.demo import Demo, default_folder, run
from dashboard.progress import TerminalProgress
from dashboard.sample.recipe import Recipe, today
from dashboard.serving import stopping_on_signals

_DEFAULTS = Recipe()
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(name="demo")
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True)
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder that keeps the sample; your data folder by default.",
)
@click.option("--tickets-per-year", type=int, default=_DEFAULTS.tickets_per_year, show_default=True)
@click.option("--years", type=float, default=_DEFAULTS.years, show_default=True)
@click.option("--seed", type=int, default=_DEFAULTS.seed, show_default=True)
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    help="First day after the sample, in UTC; today, or that of the sample kept.",
)
@click.option("--clean", is_flag=True, help="Plant no defects.")
@click.option("--tickets", type=_FILE, help="Score the tickets of this CSV file instead.")
@click.option("--mapping", type=_FILE, help="TOML file that says what its columns mean.")
@click.option("--browser/--no-browser", default=True, help="Open the browser.")
@click.option("--rebuild", is_flag=True, help="Build the sample again.")
def command(
    port: int,
    data_dir: Path | None,
    tickets_per_year: int,
    years: float,
    seed: int,
    until: datetime | None,
    clean: bool,
    tickets: Path | None,
    mapping: Path | None,
    browser: bool,
    rebuild: bool,
) -> None:
    """Look around in a sample programme; it brings its own PostgreSQL."""
    last = None if until is None else until.replace(tzinfo=UTC)
    recipe = Recipe(
        tickets_per_year=tickets_per_year,
        years=years,
        seed=seed,
        until=last or today(),
        clean=clean,
        tickets_csv=tickets,
        mapping=mapping,
    )
    folder = data_dir or default_folder()
    try:
        with stopping_on_signals():
            run(Demo(recipe, last, folder, port, browser, rebuild), TerminalProgress())
    except KeyboardInterrupt:
        click.echo("Stopped.")
