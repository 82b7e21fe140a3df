"""Results outside the vault, by block: one SQLite file that all runs of a user share.

Losing it costs time, never truth: it is rebuilt when it is corrupt or of another version.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .database import Database, live_bytes
from .records import dataclass
from .result import Figure, Output, Result, decode, encode

if TYPE_CHECKING:
    import sqlite3

_VERSION = 2
_LIMIT = 512 * 2**20  # bytes
_FRESH = 24 * 3600  # seconds in which a use is not noted again

_SCHEMA = """
CREATE TABLE results (
    id INTEGER PRIMARY KEY,
    vault TEXT NOT NULL, note TEXT NOT NULL, block TEXT NOT NULL, devices TEXT NOT NULL,
    digest TEXT NOT NULL, body TEXT NOT NULL, used INTEGER NOT NULL,
    UNIQUE (vault, note, block, devices)
);
CREATE TABLE figures (sha TEXT PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE uses (
    result INTEGER NOT NULL REFERENCES results (id) ON DELETE CASCADE,
    sha TEXT NOT NULL REFERENCES figures (sha),
    PRIMARY KEY (result, sha)
) WITHOUT ROWID;
CREATE INDEX uses_of_figure ON uses (sha);
CREATE TABLE files (
    vault TEXT NOT NULL, sha TEXT NOT NULL, PRIMARY KEY (vault, sha)
) WITHOUT ROWID;
"""
_OLDEST_TENTH = (
    "SELECT id FROM results ORDER BY used, id LIMIT max(1, (SELECT count(*) / 10 FROM results))"
)
_NO_LONGER_USED = "DELETE FROM figures WHERE sha NOT IN (SELECT sha FROM uses)"


@dataclass(frozen=True, slots=True)
class Key:
    """Whose result: note path relative to the vault, block id, devices (``cpu,cuda``)."""

    note: str
    block: str
    devices: str


@dataclass(frozen=True, slots=True)
class Stored:
    """A result, the digest of the text it was found for, and the fingerprints it was made of.

    ``when`` is the time it was found, in seconds since the epoch.
    """

    digest: str
    result: Result
    parts: Mapping[str, str] = dataclasses.field(default_factory=dict)
    when: float = 0.0


class Results:
    """The stored results of one vault, in a file that holds those of all, up to ``limit`` bytes.

    Every method raises ``CacheError`` where the file can be neither used nor rebuilt. Several
    processes may use it at once; an object belongs to one thread.
    """

    def __init__(self, vault: Path, folder: Path | None = None, limit: int = _LIMIT) -> None:
        self._vault = Path(os.path.realpath(vault)).as_posix()
        self._database = Database("results", _SCHEMA, _VERSION, folder)
        self._limit = limit
        self._touched: set[int] = set()

    def get(self, key: Key) -> Stored | None:
        where = "vault = ? AND note = ? AND block = ? AND devices = ?"
        return self._select(where, self._vault, key.note, key.block, key.devices).get(key)

    def get_note(self, note: str) -> dict[Key, Stored]:
        return self._select("vault = ? AND note = ?", self._vault, note)

    def put_many(self, results: Iterable[tuple[Key, Stored]]) -> None:
        """Store all of them or none, in place of what the keys held."""
        rows = list(results)

        def put(connection: sqlite3.Connection) -> None:
            for key, stored in rows:
                self._put(connection, key, stored)
            self._note_uses(connection)
            connection.execute(_NO_LONGER_USED)
            self._shrink(connection)

        self._database.do(put)

    def known_file(self, data: bytes) -> bool:
        """Whether we wrote a file of these bytes into this vault."""
        query = "SELECT 1 FROM files WHERE vault = ? AND sha = ?"
        row = (self._vault, _sha(data))
        found = self._database.do(lambda connection: connection.execute(query, row).fetchone())
        return found is not None

    def remember_files(self, files: Iterable[bytes]) -> None:
        """Note that we write these bytes into this vault; call it before writing them."""
        query = "INSERT OR IGNORE INTO files VALUES (?, ?)"
        rows = [(self._vault, _sha(data)) for data in files]
        self._database.do(lambda connection: connection.executemany(query, rows))

    def close(self) -> None:
        if self._touched:
            self._database.do(self._note_uses)
        self._database.close()

    def __enter__(self) -> Results:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- rows --------------------------------------------------------------------------------

    def _select(self, where: str, *values: str) -> dict[Key, Stored]:
        columns = "id, note, block, devices, digest, body, used"
        query = f"SELECT {columns} FROM results WHERE {where}"

        def select(connection: sqlite3.Connection) -> tuple[list[Any], dict[str, bytes]]:
            rows = connection.execute(query, values).fetchall()
            return rows, self._figures(connection, where, values)

        rows, figures = self._database.do(select)
        oldest = time.time() - _FRESH
        found = {}
        for id, note, block, devices, digest, body, used in rows:
            stored = _decoded(digest, body, figures)
            if stored is not None:
                found[Key(note, block, devices)] = stored
            if used < oldest:
                self._touched.add(id)
        return found

    def _figures(
        self, connection: sqlite3.Connection, where: str, values: tuple[str, ...]
    ) -> dict[str, bytes]:
        wanted = f"SELECT sha FROM uses JOIN results ON result = id WHERE {where}"
        query = f"SELECT sha, data FROM figures WHERE sha IN ({wanted})"
        return dict(connection.execute(query, values).fetchall())

    def _put(self, connection: sqlite3.Connection, key: Key, stored: Stored) -> None:
        columns = "vault, note, block, devices, digest, body, used"
        body, figures = _encoded(stored)
        # A replaced row has a new id; its uses go with the old one.
        cursor = connection.execute(
            f"INSERT OR REPLACE INTO results ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (self._vault, key.note, key.block, key.devices, stored.digest, body, int(time.time())),
        )
        pairs = figures.items()
        connection.executemany("INSERT OR IGNORE INTO figures VALUES (?, ?)", pairs)
        uses = [(cursor.lastrowid, sha) for sha in figures]
        connection.executemany("INSERT INTO uses VALUES (?, ?)", uses)

    def _note_uses(self, connection: sqlite3.Connection) -> None:
        now = int(time.time())
        rows = [(now, id) for id in self._touched]
        connection.executemany("UPDATE results SET used = ? WHERE id = ?", rows)
        self._touched.clear()

    def _shrink(self, connection: sqlite3.Connection) -> None:
        """Forget the results that were not used for longest until the rest fits."""
        while live_bytes(connection) > self._limit:
            if not connection.execute(
                f"DELETE FROM results WHERE id IN ({_OLDEST_TENTH})"
            ).rowcount:
                return
            connection.execute(_NO_LONGER_USED)


# --- results as rows: figures are stored once, by their bytes --------------------------------


def _encoded(stored: Stored) -> tuple[str, dict[str, bytes]]:
    result = stored.result
    figures = {_sha(o.data): o.data for o in result.outputs if isinstance(o, Figure)}
    outputs = tuple(_with_data(o, lambda data: _sha(data).encode()) for o in result.outputs)
    body: Any = {
        "result": encode(dataclasses.replace(result, outputs=outputs)),
        "parts": dict(stored.parts),
        "when": stored.when,
    }
    return json.dumps(body, ensure_ascii=True, separators=(",", ":")), figures


def _decoded(digest: str, body: str, figures: dict[str, bytes]) -> Stored | None:
    """The stored result, ``None`` where the row is of another form or lacks a figure."""
    try:
        fields = json.loads(body)
        result = decode(Result, fields["result"])
        outputs = tuple(_with_data(o, lambda sha: figures[sha.decode()]) for o in result.outputs)
    except (ValueError, KeyError, TypeError):
        return None
    result = dataclasses.replace(result, outputs=outputs)
    return Stored(digest, result, fields["parts"], fields["when"])


def _with_data(output: Output, change: Callable[[bytes], bytes]) -> Output:
    if not isinstance(output, Figure):
        return output
    return dataclasses.replace(output, data=change(output.data))


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
