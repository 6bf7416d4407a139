"""``plumbline contract``: what the product reads, as a list, as tables or as view templates."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import click

from queries import contract, contract_ddl
from queries.errors import InvalidInputError


def _year_range(_: click.Context, __: click.Parameter, value: str | None) -> range | None:
    """``2026`` or ``2024-2027`` as a range, both ends included."""
    if value is None:
        return None
    match = re.fullmatch(r"(\d{4})(?:-(\d{4}))?", value.strip())
    if match is None:
        raise click.BadParameter("Give one year or a range of years, such as 2024-2027.")
    first, last = int(match[1]), int(match[2] or match[1])
    if first > last:
        raise click.BadParameter(f"The range begins after it ends: {first}-{last}.")
    return range(first, last + 1)


def _customary_years() -> range:
    """Three years back and one ahead."""
    year = datetime.now(UTC).year
    return range(year - 3, year + 2)


@click.command()
@click.option("--sql", is_flag=True, help="Print SQL: the tables with keys, indexes, comments.")
@click.option("--views", is_flag=True, help="With --sql: view templates instead of tables.")
@click.option(
    "--years",
    metavar="YEARS",
    callback=_year_range,
    help="Years to make partitions for, such as 2024-2027; by default three back, one ahead.",
)
def command(*, sql: bool, views: bool, years: range | None) -> None:
    """Say which tables Plumbline reads.

    Tables that are named otherwise are reached through views: `--sql --views` prints one
    template for each relation, to be filled in. `plumbline check` verifies the result.
    """
    if (views or years is not None) and not sql:
        raise click.UsageError("--views and --years belong to --sql.")
    if views and years is not None:
        raise click.UsageError("Views have no partitions: --years belongs to tables alone.")
    if not sql:
        click.echo(_overview())
    elif views:
        click.echo(contract_ddl.view_templates_sql())
    else:
        try:
            click.echo(contract_ddl.ddl_sql(years or _customary_years()))
        except InvalidInputError as error:
            raise click.UsageError(str(error)) from error


def _overview() -> str:
    """Every relation with its meaning and the pages that need it."""
    lines = [f"Plumbline contract {contract.CONTRACT_VERSION}: {len(contract.relations)} relations"]
    for table in contract.relations:
        pages = ", ".join(page.replace("_", " ") for page in table.info["pages"])
        lines += ["", table.name, f"    {table.comment}", f"    needed by: {pages}"]
    return "\n".join(lines)
