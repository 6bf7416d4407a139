"""``plumbline``: one command line over everything; each command is a file in ``commands``."""

from __future__ import annotations

import pkgutil
import sys
from importlib import import_module

import click

from dashboard import commands
from queries.errors import PlumblineError

CANNOT = 2
"""Exit code when a command could not do its work."""
_FILES = {"import": "import_results", "verify-artifacts": "verify_artifacts"}
"""Commands whose name cannot be a module's."""


class LazyGroup(click.Group):
    """Finds ``dashboard/commands/NAME.py`` by name, so that no command pays for another's imports.

    Each of these modules has ``command: click.Command``.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        named = {file: name for name, file in _FILES.items()}
        files = (module.name for module in pkgutil.iter_modules(commands.__path__))
        return sorted(named.get(file, file) for file in files)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        file = _FILES.get(cmd_name, cmd_name)
        found = import_module(f"{commands.__name__}.{file}").command
        return found if isinstance(found, click.Command) else None


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="plumbline", message="plumbline %(version)s")
def plumbline() -> None:
    """Independent oversight of a scoring platform and a data migration."""


def main() -> None:
    """Run the command line; what went wrong is one sentence, not a traceback."""
    try:
        plumbline(prog_name="plumbline")
    except PlumblineError as error:
        click.echo(f"plumbline: {error}", err=True)
        sys.exit(CANNOT)


if __name__ == "__main__":
    main()
