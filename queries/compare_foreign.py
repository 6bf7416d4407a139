"""A side that is no PostgreSQL: read as a stream, made canonical here, spooled to disk.

Nothing but SELECT is ever sent. Memory holds a page of rows and one number per bucket.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from queries.compare_bucket import NULL_BUCKET, Bucketing, ByRange, Selection, Span
from queries.compare_judge import Row, Texts, fold
from queries.compare_plan import Plan, Relation
from queries.compare_sql import relation
from queries.compare_survey import BucketCount
from queries.compare_values import canonical, encode
from queries.database import translated

_PAGE = 2_000


def open_foreign(url: sa.URL) -> sa.Engine:
    """An engine for another database; a SQLite file is opened read-only and must exist."""
    if url.get_backend_name() != "sqlite" or not url.database:
        return sa.create_engine(url)
    path = url.database
    engine = sa.create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(
            f"file:{quote(path)}?mode=ro", uri=True, check_same_thread=False
        ),
    )

    @sa.event.listens_for(engine, "connect")
    def _tolerate(connection: sqlite3.Connection, _: object) -> None:
        # SQLite does not check that text is UTF-8; what is not still has to be compared.
        connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")

    return engine


class ForeignSide:
    """Reads one relation of another engine in canonical text."""

    def __init__(
        self, engine: sa.Engine, plan: Plan, bucketing: Bucketing, *, source: bool
    ) -> None:
        self._engine = engine
        self._plan = plan
        self._bucketing = bucketing
        self._source = source
        self._side: Relation = plan.source if source else plan.target
        self._key_kinds = [column.kind for column in plan.identity]
        self._kinds = [column.kind for column in plan.keys] + [f.column.kind for f in plan.fields]

    def survey(self) -> dict[int, BucketCount]:
        """Rows and sum of row hashes per bucket, in one pass."""
        found: dict[int, list[int]] = {}
        for row in self._stream():
            held = found.setdefault(row.bucket, [0, 0])
            held[0] += 1
            held[1] += self._hash(row)
        counts = {
            bucket: BucketCount(bucket, rows, 0, None, total)
            for bucket, (rows, total) in found.items()
        }
        if self._side.keep:
            # Which bucket a filtered record is in does not matter: only how many there are.
            filtered = self._all_rows() - sum(count.rows for count in counts.values())
            counts.setdefault(NULL_BUCKET, BucketCount(NULL_BUCKET, 0, 0, None, 0))
            held_null = counts[NULL_BUCKET]
            counts[NULL_BUCKET] = BucketCount(
                NULL_BUCKET, held_null.rows, filtered, None, held_null.digest
            )
        return counts

    def records(self, chosen: Selection) -> Iterator[Row]:
        """The records of these buckets in the order of their keys, sorted on disk."""
        # An empty name is a private database on disk that vanishes when it is closed.
        with closing(sqlite3.connect("")) as spool:
            spool.execute("PRAGMA synchronous = OFF")
            spool.execute("PRAGMA journal_mode = OFF")
            names = [f"c{i}" for i in range(len(self._key_kinds) + len(self._plan.judged) + 2)]
            spool.execute(f"CREATE TABLE rows (bucket INTEGER, {', '.join(names)})")
            marks = ", ".join("?" * (len(names) + 1))
            spool.executemany(f"INSERT INTO rows VALUES ({marks})", self._flat(chosen))  # noqa: S608
            width = len(self._key_kinds)
            order = ", ".join(names[:width])
            for found in spool.execute(f"SELECT * FROM rows ORDER BY {order}"):  # noqa: S608
                texts = tuple(_decoded(each) for each in found[1:])
                yield Row(texts[:width], texts[width:-2], texts[-2:], found[0])

    def _flat(self, chosen: Selection) -> Iterator[tuple[Any, ...]]:
        wanted = None if chosen is None or isinstance(chosen, Span) else set(chosen)
        for row in self._stream():
            if isinstance(chosen, Span) and not chosen.first <= row.bucket <= chosen.last:
                continue
            if wanted is not None and row.bucket not in wanted:
                continue
            texts = (*row.key, *row.values, *row.labels)
            yield (row.bucket, *(_encoded(text) for text in texts))

    def _stream(self) -> Iterator[Row]:
        plan = self._plan
        columns = [*plan.keys, *(field.column for field in plan.fields)]
        values = [column.source if self._source else column.target for column in columns]
        labels = [self._side.batch, self._side.system]
        chosen: list[sa.ColumnElement[Any]] = [
            *(
                sa.literal_column(each.sql if each.is_column else f"({each.sql})").label(f"c{i}")
                for i, each in enumerate(values)
            ),
            *(
                sa.literal_column(f"({text})" if text else "NULL").label(f"l{i}")
                for i, text in enumerate(labels)
            ),
        ]
        statement = sa.select(*chosen).select_from(relation(self._side))
        if self._side.keep:
            statement = statement.where(sa.literal_column(f"({self._side.keep})", sa.Boolean()))
        options = {"stream_results": True, "yield_per": _PAGE}
        with translated(), self._engine.connect() as connection:
            for found in connection.execute(statement, execution_options=options):
                yield self._row(tuple(found))

    def _row(self, found: tuple[Any, ...]) -> Row:
        plan, width = self._plan, len(self._plan.keys)
        texts = tuple(
            canonical(value, kind) for value, kind in zip(found[:-2], self._kinds, strict=True)
        )
        fields = texts[width:]
        if self._source:
            fields = tuple(
                text if text is None else field.rules.codes.get(text, text)
                for field, text in zip(plan.fields, fields, strict=True)
            )
        key = texts[:width] if plan.keyed else fields
        labels = tuple(None if each is None else str(each) for each in found[-2:])
        return Row(key, fields if plan.keyed else (), labels, self._bucket(key))

    def _bucket(self, key: Texts) -> int:
        if isinstance(self._bucketing, ByRange):
            try:
                return self._bucketing.of(None if key[0] is None else int(key[0]))
            except ValueError:
                # No integer: it has no partner, and any bucket will do to say so.
                return NULL_BUCKET
        return self._bucketing.of(encode(key, self._key_kinds))

    def _hash(self, row: Row) -> int:
        plan = self._plan
        values = row.values if plan.keyed else row.key
        folded = [
            fold(text, field.rules) if text is not None and field.rules.folds_text else text
            for field, text in zip(plan.fields, values, strict=True)
        ]
        texts = [*(row.key if plan.keyed else ()), *folded]
        digest = hashlib.sha256(encode(texts, self._kinds).encode("utf-8", "surrogatepass"))
        return int.from_bytes(digest.digest()[:8], "big", signed=True)

    def _all_rows(self) -> int:
        statement = sa.select(sa.func.count()).select_from(relation(self._side))
        with translated(), self._engine.connect() as connection:
            return int(connection.execute(statement).scalar_one())


def _encoded(text: str | None) -> str | bytes | None:
    """Text that is no Unicode is kept as bytes, because the spool would refuse it."""
    if text is None or text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def _decoded(held: str | bytes | None) -> str | None:
    return held.decode("utf-8", "surrogatepass") if isinstance(held, bytes) else held
