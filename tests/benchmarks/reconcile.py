"""The reconciliation engine beside a bare full join and other tools, on the same tables.

``python -m tests.benchmarks reconcile [--rows 1000000] [--without-peers]`` on the server that
``PLUMBLINE_TEST_SERVER_URL`` names, else on one of its own, and on a second one for what lies
across servers: of another version where there is one. Everything is measured in one run, because
only ratios compare between machines.

The bare join is the faster of two: with PostgreSQL's own ``work_mem`` of 4 MB and with 128 MB.
JIT is off for it as for ours, since it only costs here; all else is as the server has it.
"Re-validation" is ``--open``: buckets that held exceptions are compared again, and no others.
``--changed`` has to find out first what changed, and reads both tables once for it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter

import sqlalchemy as sa

from dashboard.embedded import EmbeddedServer
from tests.benchmarks import peers
from tests.second_server import second_server, version

SHAPE = """(id bigint, first_name text, last_name text, email text, birth date,
  hired timestamptz, salary numeric(12, 2), credit numeric(10, 4), status char(2), active boolean,
  region int, note text)"""
FILL = """INSERT INTO source SELECT n, 'First' || n * 7919 % 10007, 'Last' || n * 104729 % 100003,
  'user' || n || '@example.org', date '1950-01-01' + (n % 20000)::int,
  timestamptz '2000-01-01' + n * interval '37 seconds', n * 31 % 9000000 / 100.0,
  n * 17 % 400000 / 10000.0, (array['A1', 'B2', 'C3'])[n % 3 + 1], n % 2 = 0, (n % 50)::int,
  CASE WHEN n % 5 > 0 THEN 'note ' || n % 1000 END
FROM generate_series(1, CAST(:rows AS bigint)) AS n"""
WHOLE, DAMAGED = "'Last' || id * 104729 % 100003", "left(last_name, 5)"
DAMAGE = (
    f"UPDATE target SET last_name = {DAMAGED} WHERE id % (:rows / 50) = 7",
    "DELETE FROM target WHERE id % (:rows / 20) = 11",
    "INSERT INTO target SELECT id + 2 * :rows, first_name FROM target WHERE id <= 10",
    "INSERT INTO target SELECT * FROM target WHERE id IN (100, 200, 300, 400, 500)",
)
EXPECTED = 50 + 20 + 10 + 5
COLUMNS = (
    *("first_name", "last_name", "email", "birth", "hired", "salary", "credit", "status"),
    *("active", "region", "note"),
)
UNEQUAL = " OR ".join(f"s.{name} IS DISTINCT FROM t.{name}" for name in COLUMNS)
BARE = (
    "SELECT count(*) FROM source s FULL JOIN target t ON s.id = t.id "
    f"WHERE s.id IS NULL OR t.id IS NULL OR {UNEQUAL}"
)
SPEC = """name = "bench"
[source]
url_env = "BENCH_SOURCE"
[target]
url_env = "BENCH_TARGET"
[[table]]
name = "members"
source = "source"
target = "target"
key = ["id"]
"""
BARE_JOINS = {
    "bare full join, work_mem 4 MB": "4MB",
    "bare full join, work_mem 128 MB": "128MB",
}


@contextmanager
def connected(url: str, *, autocommit: bool = False) -> Iterator[sa.Connection]:
    engine = sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"))
    level = "AUTOCOMMIT" if autocommit else "READ COMMITTED"
    with engine.connect().execution_options(isolation_level=level) as connection:
        yield connection
    engine.dispose()


@contextmanager
def new_database(server: str, name: str) -> Iterator[str]:
    with connected(server, autocommit=True) as connection:
        connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name}"))
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE template0"))
    yield sa.make_url(server).set(database=name).render_as_string(hide_password=False)
    with connected(server, autocommit=True) as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))


def build(url: str, rows: int) -> None:
    with connected(url) as connection, connection.begin():
        for name in ("source", "target"):
            connection.execute(sa.text(f"CREATE TABLE {name} {SHAPE}"))
        connection.execute(sa.text(FILL), {"rows": rows})
        connection.execute(sa.text("INSERT INTO target TABLE source"))
        for statement in DAMAGE:
            connection.execute(sa.text(statement), {"rows": rows})
        connection.execute(sa.text("ALTER TABLE source ADD PRIMARY KEY (id)"))
        connection.execute(sa.text("CREATE INDEX ON target (id)"))
    with connected(url, autocommit=True) as connection:
        connection.execute(sa.text("VACUUM ANALYZE"))


def bare(url: str, memory: str) -> float:
    """A full join that compares every column and counts, null-safe but blind to duplicates."""
    with connected(url) as connection:
        connection.execute(sa.text(f"SET work_mem = '{memory}'"))
        connection.execute(sa.text("SET jit = off"))
        begun = perf_counter()
        connection.execute(sa.text(BARE))
        return perf_counter() - begun


def ours(source: str, target: str, own: str, spec: Path, *options: str) -> tuple[float, int]:
    """Seconds inside the process, from the open specification to the complete ledger, and MB."""
    environment = os.environ | {
        "BENCH_SOURCE": source,
        "BENCH_TARGET": target,
        "PLUMBLINE_OWN_URL": own,
    }
    command = [sys.executable, "-m", __spec__.name, "--child", str(spec), *options]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    seconds, exceptions, megabytes = done.stdout.split()[-3:]
    if int(exceptions) not in {EXPECTED, EXPECTED - 50}:
        raise SystemExit(f"{exceptions} exceptions instead of {EXPECTED}")
    return float(seconds), int(megabytes)


def child(spec: str, *, changed: bool, suspects: bool) -> None:
    from dashboard.progress import SilentProgress
    from dashboard.reconcile.basis import Options
    from dashboard.reconcile.resolve import Place
    from dashboard.reconcile.run import run_table
    from dashboard.reconcile.spec import load
    from queries.database import own_engine

    held, lines = load(Path(spec))
    own = own_engine(os.environ["PLUMBLINE_OWN_URL"])
    begun = perf_counter()
    place = Place("bench.toml", lines, ("table", 0))
    options = Options(changed, fresh=not (changed or suspects), suspects=suspects)
    outcome = run_table(held, held.table[0], place, own, options, SilentProgress())
    seconds = perf_counter() - begun
    # Not getrusage: its maximum is inherited from the parent that started this process.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    used = int(status.partition("VmHWM:")[2].split()[0]) // 1024
    print(f"{seconds:.3f} {outcome.exceptions} {used}")


def main(rows: int, rounds: int, *, with_peers: bool) -> None:
    with ExitStack() as stack:
        near = stack.enter_context(running_server())
        far = stack.enter_context(second_server(near))
        here, there = (
            stack.enter_context(new_database(server, f"plumbline_bench_{name}"))
            for server, name in ((near, "here"), (far, "there"))
        )
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        spec = folder / "bench.toml"
        spec.write_text(SPEC, encoding="utf-8")
        build(here, rows)
        build(there, rows)
        print(f"{rows:,} records × 12 columns; median of {rounds} rounds, each beside its own join")
        print(f"PostgreSQL {version(near)}; the second server {version(far)}")
        memory: list[int] = []

        def run(source: str, *options: str) -> float:
            seconds, used = ours(source, here, here, spec, *options)
            memory.append(used)
            return seconds

        measured = [one_round(here, there, rows, run) for _ in range(rounds)]
        for title in measured[0]:
            times = [each[title] for each in measured]
            ratios = [each[title] / faster(each) for each in measured]
            line(title, median(times), median(ratios))
        print(f"memory of our process: {max(memory)} MB")
        if with_peers:
            beside(here, there, folder)


def one_round(here: str, there: str, rows: int, run: Callable[..., float]) -> dict[str, float]:
    """Seconds of everything, one after the other, so that a busy machine is busy for all."""
    found = {title: bare(here, memory) for title, memory in BARE_JOINS.items()}
    for title, source in (("one database", here), ("across two servers", there)):
        rename(here, rows, DAMAGED)
        found[f"ours, {title}"] = run(source)
        rename(here, rows, WHOLE)
        found[f"--open, 50 buckets fixed, {title}"] = run(source, "--open")
        rename(here, rows, DAMAGED)
        found[f"--changed, 50 buckets, {title}"] = run(source, "--changed")
    return found


def faster(found: dict[str, float]) -> float:
    """Seconds of the faster bare join."""
    return min(found[title] for title in BARE_JOINS)


@contextmanager
def running_server() -> Iterator[str]:
    """The URL of the server that is given, or of one that is gone at the end."""
    given = os.environ.get("PLUMBLINE_TEST_SERVER_URL")
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="plumbline-bench-") as name:
        Path(name).chmod(0o755)  # the server may run as another user
        with EmbeddedServer(Path(name) / "server") as server:
            yield server.url()


def beside(here: str, there: str, folder: Path) -> None:
    """Other tools, once each beside a join: they take long."""
    asked: dict[peers.Peer, dict[str, Callable[[Path], peers.Measured]]] = {
        peers.RELADIFF: {
            "reladiff, one database": lambda program: peers.reladiff(
                program, here, here, COLUMNS, folder
            ),
            "reladiff, across two servers": lambda program: peers.reladiff(
                program, there, here, COLUMNS, folder
            ),
        },
        peers.DATACOMPY: {
            "datacompy": lambda program: peers.datacompy(program, here, folder),
        },
    }
    for peer, measures in asked.items():
        try:
            program = peers.install(peer, folder)
        except peers.PeerError as error:
            print(error)
            continue
        for title, measure in measures.items():
            try:
                base = min(bare(here, memory) for memory in BARE_JOINS.values())
                found = measure(program)
            except peers.PeerError as error:
                print(f"{title}: {error}")
                continue
            line(
                title, found.seconds, found.seconds / base, f"{found.megabytes:,} MB, {found.found}"
            )


def rename(target: str, rows: int, value: str) -> None:
    """Fifty records, each in another bucket, get this last name."""
    with connected(target) as connection, connection.begin():
        statement = f"UPDATE target SET last_name = {value} WHERE id % (:rows / 50) = 7"
        connection.execute(sa.text(statement), {"rows": rows})


def line(what: str, seconds: float, ratio: float, more: str = "") -> None:
    print(f"{what:45} {seconds:7.2f} s  {ratio:6.2f} ×  {more}".rstrip(), flush=True)


def run_from(words: list[str] | None = None) -> None:
    """The command line."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--without-peers", action="store_true")
    arguments.add_argument("--child", help=argparse.SUPPRESS)
    arguments.add_argument("--changed", action="store_true", help=argparse.SUPPRESS)
    arguments.add_argument("--open", action="store_true", help=argparse.SUPPRESS)
    given = arguments.parse_args(words)
    if given.child:
        child(given.child, changed=given.changed, suspects=given.open)
    else:
        main(given.rows, given.rounds, with_peers=not given.without_peers)


if __name__ == "__main__":
    run_from()
