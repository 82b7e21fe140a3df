"""Results outside the vault, by block: one SQLite file that all runs of a user share.

Losing it costs time, never truth: it is rebuilt when it is corrupt or of another version.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from .database import Database, Scheme, live_bytes
from .records import dataclass, field, replace
from .result import Figure, Output, Result, decode, encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from typing import Any

_VERSION = 3
_LIMIT = 512 * 2**20  # bytes
_RECENT = 4  # results kept of a block: an edit that is undone, a branch that is left, cost nothing
_FRESH = 24 * 3600  # seconds in which a use is not noted again

_SCHEMA = """
CREATE TABLE results (
    id INTEGER PRIMARY KEY,
    vault TEXT NOT NULL, note TEXT NOT NULL, block TEXT NOT NULL, devices TEXT NOT NULL,
    digest TEXT NOT NULL, body TEXT NOT NULL, used INTEGER NOT NULL,
    UNIQUE (vault, note, block, devices, digest)
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
_SCHEME = Scheme("results", _SCHEMA, _VERSION, "blocks run once more")
_OF_BLOCK = "vault = ? AND note = ? AND block = ? AND devices = ?"
_NOT_RECENT = (
    f"DELETE FROM results WHERE {_OF_BLOCK} AND id NOT IN (SELECT id FROM results "
    f"WHERE {_OF_BLOCK} ORDER BY id DESC LIMIT {_RECENT})"
)
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

    ``when`` is the time it was found, in seconds since the epoch; ``newest``: since when nothing
    was found for the block.
    """

    digest: str
    result: Result
    parts: Mapping[str, str] = field(default_factory=dict)
    when: float = 0.0
    newest: bool = True


class Results:
    """The stored results of one vault, in a file that holds those of all, up to ``limit`` bytes.

    Several processes may use it at once; an object belongs to one thread. Where the file cannot
    be used, the results are this object's alone.
    """

    def __init__(self, vault: Path, folder: Path | None = None, limit: int = _LIMIT) -> None:
        self._vault = Path(os.path.realpath(vault)).as_posix()
        self._database = Database(_SCHEME, folder)
        self._limit = limit
        self._touched: set[int] = set()

    def get(self, key: Key) -> Stored | None:
        return self._select(_OF_BLOCK, self._vault, key.note, key.block, key.devices).get(key)

    def get_note(self, note: str, digests: Mapping[str, str] | None = None) -> dict[Key, Stored]:
        """Of each block the result for its digest, by id; else the one that was found last."""
        return self._select("vault = ? AND note = ?", self._vault, note, digests=digests)

    def put_many(self, results: Iterable[tuple[Key, Stored]]) -> None:
        """Store all of them or none; of each block the last few are kept, one for a digest."""
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

    def _select(
        self, where: str, *values: str, digests: Mapping[str, str] | None = None
    ) -> dict[Key, Stored]:
        columns = "id, note, block, devices, digest, body, used"
        query = f"SELECT {columns} FROM results WHERE {where} ORDER BY id"

        def select(
            connection: sqlite3.Connection,
        ) -> tuple[dict[Key, tuple[_Row, bool]], dict[str, bytes]]:
            rows: dict[Key, dict[str, _Row]] = {}
            for id, note, block, devices, *row in connection.execute(query, values):
                rows.setdefault(Key(note, block, devices), {})[row[0]] = (id, *row)
            wanted = digests or {}
            chosen = {key: _chosen(found, wanted.get(key.block)) for key, found in rows.items()}
            return chosen, _figures(connection, [row[0] for row, _ in chosen.values()])

        chosen, figures = self._database.do(select)
        oldest = time.time() - _FRESH
        found = {}
        for key, ((id, digest, body, used), newest) in chosen.items():
            stored = _decoded(digest, body, figures, newest)
            if stored is not None:
                found[key] = stored
            if used < oldest:
                self._touched.add(id)
        return found

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
        block = (self._vault, key.note, key.block, key.devices)
        connection.execute(_NOT_RECENT, (*block, *block))

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

_Row = tuple[int, str, str, int]  # id, digest, body, used


def _chosen(rows: dict[str, _Row], digest: str | None) -> tuple[_Row, bool]:
    """Of a block's rows, by digest in the order of their ids, one, and whether it is the newest."""
    newest = rows[next(reversed(rows))]
    chosen = newest if digest is None else rows.get(digest, newest)
    return chosen, chosen is newest


def _figures(connection: sqlite3.Connection, results: Iterable[int]) -> dict[str, bytes]:
    query = "SELECT sha, data FROM figures JOIN uses USING (sha) WHERE result = ?"
    return {sha: data for id in results for sha, data in connection.execute(query, (id,))}


def _encoded(stored: Stored) -> tuple[str, dict[str, bytes]]:
    result = stored.result
    figures = {_sha(o.data): o.data for o in result.outputs if isinstance(o, Figure)}
    outputs = tuple(_with_data(o, lambda data: _sha(data).encode()) for o in result.outputs)
    body: Any = {
        "result": encode(replace(result, outputs=outputs)),
        "parts": dict(stored.parts),
        "when": stored.when,
    }
    return json.dumps(body, ensure_ascii=True, separators=(",", ":")), figures


def _decoded(digest: str, body: str, figures: dict[str, bytes], newest: bool) -> Stored | None:
    """The stored result, ``None`` where the row is of another form or lacks a figure."""
    try:
        fields = json.loads(body)
        result = decode(Result, fields["result"])
        outputs = tuple(_with_data(o, lambda sha: figures[sha.decode()]) for o in result.outputs)
    except (ValueError, KeyError, TypeError):
        return None
    result = replace(result, outputs=outputs)
    return Stored(digest, result, fields["parts"], fields["when"], newest)


def _with_data(output: Output, change: Callable[[bytes], bytes]) -> Output:
    if not isinstance(output, Figure):
        return output
    return replace(output, data=change(output.data))


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
