"""Other tools on the tables of the benchmark, each in an environment of its own.

An environment is made in a temporary folder and filled by pip; a tool that cannot be had is named,
and the benchmark goes on.
"""

from __future__ import annotations

import os
import subprocess
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep
from urllib.parse import quote

import sqlalchemy as sa

# Both tables have to fit into the memory of this process, and every text is an object.
_DATACOMPY = """
import sys
from time import perf_counter
import datacompy, pandas, sqlalchemy
begun = perf_counter()
engine = sqlalchemy.create_engine(sys.argv[1])
source, target = (pandas.read_sql(f"SELECT * FROM {name}", engine) for name in ("source", "target"))
found = datacompy.PandasCompare(source, target, join_columns="id")
alone = len(found.df1_unq_rows) + len(found.df2_unq_rows)
unequal = len(found.intersect_rows) - int(found.count_matching_rows())
print(perf_counter() - begun, alone + unequal)
"""


@dataclass(frozen=True, slots=True)
class Peer:
    """A tool: what to install, and the program of its environment that runs it."""

    name: str
    packages: tuple[str, ...]
    program: str


RELADIFF = Peer("reladiff", ("reladiff[postgresql]==0.6.0",), "reladiff")
DATACOMPY = Peer("datacompy", ("datacompy==1.1.0", "sqlalchemy", "psycopg[binary]"), "python")


@dataclass(frozen=True, slots=True)
class Measured:
    """One run: seconds, peak memory of the process in MB, and what it found."""

    seconds: float
    megabytes: int
    found: str


class PeerError(Exception):
    """The tool cannot be had, or does not do it; the message tells why."""


def install(peer: Peer, folder: Path) -> Path:
    """The program of the tool in a new environment.

    Raises:
        PeerError: it cannot be installed here.
    """
    home = folder / peer.name
    venv.create(home, with_pip=True)
    command = [home / "bin" / "python", "-m", "pip", "install", "--quiet", *peer.packages]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PeerError(f"{peer.name} cannot be installed here: {_last(done.stderr)}")
    return home / "bin" / peer.program


def reladiff(
    program: Path, source: str, target: str, columns: Sequence[str], folder: Path
) -> Measured:
    """Its full join where both tables are in one database, else its bisection of hashes.

    Its start alone is taken off. Without ``--assume-unique-key`` it refuses repeated keys in one
    database; across databases it supports them.
    """
    begun = perf_counter()
    subprocess.run([program, "--version"], capture_output=True, check=True)
    start = perf_counter() - begun
    wanted = [each for name in columns for each in ("-c", name)]
    together = source == target
    ends = [_address(source), "source", *([] if together else [_address(target)]), "target"]
    unique = ["--assume-unique-key"] if together else []
    command = [str(program), *ends, "-k", "id", *wanted, *unique, "--json"]
    seconds, megabytes, output = _watched(command, source, folder)
    lines = sum(line.startswith(("[", "{")) for line in output.splitlines())
    return Measured(seconds - start, megabytes, f"{lines:,} lines")


def datacompy(program: Path, url: str, folder: Path) -> Measured:
    """Both tables into pandas, and compared there, imports not counted."""
    address = _plain(url).replace("postgresql:", "postgresql+psycopg:")
    _, megabytes, output = _watched([str(program), "-c", _DATACOMPY, address], url, folder)
    seconds, found = output.split()[-2:]
    return Measured(float(seconds), megabytes, f"{int(found):,} records")


def _plain(url: str) -> str:
    """The database alone: where its server is, libpq reads from the environment."""
    return f"postgresql:///{sa.make_url(url).database}"


def _address(url: str) -> str:
    """Server and database without the password, which libpq reads from the environment."""
    parsed, given = sa.make_url(url), _environment(url)
    host, port = quote(given.get("PGHOST", ""), safe=""), given.get("PGPORT", "5432")
    return f"postgresql://{parsed.username}@{host}:{port}/{parsed.database}"


def _environment(url: str) -> dict[str, str]:
    parsed = sa.make_url(url)
    given = {
        "PGHOST": parsed.host or parsed.query.get("host"),
        "PGPORT": parsed.port or parsed.query.get("port"),
        "PGUSER": parsed.username,
        "PGPASSWORD": parsed.password,
    }
    return os.environ | {name: str(value) for name, value in given.items() if value}


def _watched(command: list[str], url: str, folder: Path) -> tuple[float, int, str]:
    """Run to the end: seconds, peak memory in MB, and what it printed."""
    held, complaints, peak = folder / "output", folder / "complaints", 0
    begun = perf_counter()
    with held.open("w") as output, complaints.open("w") as errors:
        process = subprocess.Popen(command, env=_environment(url), stdout=output, stderr=errors)
        while process.poll() is None:
            peak = max(peak, _high_water(process.pid))
            sleep(0.02)
    seconds = perf_counter() - begun
    if process.returncode:
        raise PeerError(f"failed after {seconds:.0f} s: {_last(complaints.read_text())}")
    return seconds, peak, held.read_text()


def _high_water(process: int) -> int:
    """Peak resident memory in MB so far; 0 once the process is gone."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return 0
    found = status.partition("VmHWM:")[2].split()
    return int(found[0]) // 1024 if found else 0


def _last(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it says nothing"
