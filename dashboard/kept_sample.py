"""The sample programme that the demo keeps between starts, whole or not at all.

A build goes into a scratch database and a folder of its own. Only when everything stands is
the database renamed and the record written beside it; whatever an interrupted build left is
removed by the next.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ValidationError

import dashboard
import queries
from dashboard.embedded import EmbeddedServer, databases
from dashboard.sample.recipe import Recipe

DATABASE = "plumbline_sample"
SCRATCH = "plumbline_sample_building"
MODELS_PREFIX = "models-"
RECORD = "sample.json"
_CODE = (
    (Path(dashboard.__file__).parent / "sample", "**/*.py"),
    (Path(queries.__file__).parent, "contract*.py"),
    (Path(queries.__file__).parent, "own_schema.py"),
)


class Ingredients(BaseModel, frozen=True):
    """What a sample was made from: the options, the contents of files, the code that makes it."""

    tickets_per_year: int
    years: float
    seed: int
    clean: bool
    tickets_sha256: str | None
    mapping_sha256: str | None
    code_sha256: str
    cluster: str


class Record(BaseModel, frozen=True):
    """The sample that exists: its ingredients, its last moment, its folder of models."""

    ingredients: Ingredients
    until: AwareDatetime
    as_of: AwareDatetime
    models: str


class KeptSample:
    """The sample of one data folder."""

    def __init__(self, server: EmbeddedServer) -> None:
        self._server = server
        self._folder = server.folder
        self._file = server.folder / RECORD

    def suits(self, recipe: Recipe, until: datetime | None) -> Record | None:
        """The record, if the sample was made by this recipe; a new day alone spoils nothing."""
        record = self._read()
        if record is None or record.ingredients != self._ingredients(recipe):
            return None
        if until is not None and record.until != until:
            return None
        with databases.administering(self._server.url()) as connection:
            exists = DATABASE in databases.names(connection)
        return record if exists and (self._folder / record.models).is_dir() else None

    def replace(self, recipe: Recipe, make: Callable[[str, Path], datetime]) -> Record:
        """Build anew; ``make`` fills a database and a folder, and returns the as-of."""
        self._sweep()
        models = self._folder / f"{MODELS_PREFIX}{secrets.token_hex(4)}"
        models.mkdir(mode=0o700)
        with databases.administering(self._server.url()) as connection:
            databases.create(connection, SCRATCH)
            as_of = make(SCRATCH, models)
            record = Record(
                ingredients=self._ingredients(recipe),
                until=recipe.until,
                as_of=as_of,
                models=models.name,
            )
            self._file.unlink(missing_ok=True)
            databases.drop(connection, DATABASE)
            databases.rename(connection, SCRATCH, DATABASE)
        self._write(record)
        self._sweep()
        return record

    def _sweep(self) -> None:
        """Remove what belongs to no finished sample."""
        record = self._read()
        for folder in self._folder.glob(f"{MODELS_PREFIX}*"):
            if record is None or folder.name != record.models:
                shutil.rmtree(folder, ignore_errors=True)
        with databases.administering(self._server.url()) as connection:
            databases.drop(connection, SCRATCH)

    def _ingredients(self, recipe: Recipe) -> Ingredients:
        return Ingredients(
            tickets_per_year=recipe.tickets_per_year,
            years=recipe.years,
            seed=recipe.seed,
            clean=recipe.clean,
            tickets_sha256=_digest(recipe.tickets_csv),
            mapping_sha256=_digest(recipe.mapping),
            code_sha256=code_digest(),
            cluster=self._server.data.name,
        )

    def _read(self) -> Record | None:
        """The record; one that is missing or damaged counts as none, and the sample is rebuilt."""
        try:
            return Record.model_validate_json(self._file.read_bytes())
        except (OSError, ValidationError):
            return None

    def _write(self, record: Record) -> None:
        scratch = self._file.with_suffix(".partial")
        scratch.write_text(record.model_dump_json(indent=2), encoding="utf-8")
        scratch.replace(self._file)


def code_digest() -> str:
    """A digest of the code that makes the sample: a newer version builds it anew."""
    digest = sha256()
    for folder, pattern in _CODE:
        for path in sorted(folder.glob(pattern)):
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _digest(path: Path | None) -> str | None:
    return None if path is None else sha256(path.read_bytes()).hexdigest()
