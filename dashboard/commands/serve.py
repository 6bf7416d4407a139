"""``plumbline serve``: the app on the configured database."""

from __future__ import annotations

import click

from dashboard.serving import LOCAL, address_of, require_free_port, serve, stopping_on_signals
from dashboard.settings import settings
from queries.errors import InvalidInputError


@click.command(name="serve")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=8501, show_default=True, help="Port."
)
@click.option(
    "--address",
    default=LOCAL,
    show_default=True,
    help="Address to listen on; 0.0.0.0 for every network of this machine.",
)
def command(port: int, address: str) -> None:
    """Serve the app on the configured database."""
    if settings().source_url is None:
        raise InvalidInputError(
            "No database is configured. Set PLUMBLINE_SOURCE_URL, or source_url under "
            "[plumbline] in .streamlit/secrets.toml; `plumbline demo` needs neither."
        )
    require_free_port(address, port)
    here = address_of(address, port)
    try:
        with stopping_on_signals():
            serve(
                {},
                host=address,
                port=port,
                when_ready=lambda: click.echo(f"Plumbline is at {here} (Ctrl-C stops it)"),
            )
    except KeyboardInterrupt:
        click.echo("Stopped.")
