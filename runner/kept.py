"""What was found once and can be found again: texts by key, in a file that all runs share.

Losing it costs time, never truth: it is made anew where it is corrupt or of another version.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

from .database import Database, Scheme, live_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

_VERSION = 1
_LIMIT = 256 * 2**20  # bytes
_FRESH = 24 * 3600  # seconds in which a use is not noted again
_AT_ONCE = 500  # keys in one query; SQLite takes 999 at least

_SCHEMA = """
CREATE TABLE kept (
    key TEXT PRIMARY KEY, body TEXT NOT NULL, until INTEGER, used INTEGER NOT NULL
);
CREATE INDEX kept_by_use ON kept (used)
"""
_COST = "what was read of notes and PDFs is read once more"
_OLDEST_TENTH = (
    "SELECT key FROM kept ORDER BY used, key LIMIT max(1, (SELECT count(*) / 10 FROM kept))"
)


class Kept:
    """Texts by key, up to ``limit`` bytes: those that were not used for longest go first.

    Several processes may use it at once; an object belongs to one thread. Where the file cannot
    be used, the texts are this object's alone.
    """

    def __init__(self, name: str, folder: Path | None = None, limit: int = _LIMIT) -> None:
        self._database = Database(Scheme(name, _SCHEMA, _VERSION, _COST), folder)
        self._limit = limit
        self._touched: set[str] = set()

    def get_many(self, keys: Collection[str]) -> dict[str, str]:
        """The texts of those ``keys`` that have one."""
        now = int(time.time())
        found: dict[str, str] = {}
        for some in _portions(list(keys)):
            marks = ",".join("?" * len(some))
            query = (
                f"SELECT key, body, used FROM kept WHERE key IN ({marks}) "
                "AND (until IS NULL OR until > ?)"
            )
            for key, body, used in self._database.do(_all(query, [*some, now])):
                found[key] = body
                if used < now - _FRESH:
                    self._touched.add(key)
        return found

    def put_many(self, texts: Mapping[str, str], seconds: int | None = None) -> None:
        """Keep all of them or none, for ``seconds`` or for good."""
        now = int(time.time())
        until = None if seconds is None else now + seconds
        rows = [(key, body, until, now) for key, body in texts.items()]

        def put(connection: sqlite3.Connection) -> None:
            connection.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?, ?, ?)", rows)
            self._note_uses(connection)
            while live_bytes(connection) > self._limit:
                if not connection.execute(
                    f"DELETE FROM kept WHERE key IN ({_OLDEST_TENTH})"
                ).rowcount:
                    return

        if rows:
            self._database.do(put)

    def close(self) -> None:
        if self._touched:
            self._database.do(self._note_uses)
        self._database.close()

    def _note_uses(self, connection: sqlite3.Connection) -> None:
        rows = [(int(time.time()), key) for key in self._touched]
        connection.executemany("UPDATE kept SET used = ? WHERE key = ?", rows)
        self._touched.clear()


def _all(
    query: str, values: list[object]
) -> Callable[[sqlite3.Connection], list[tuple[str, str, int]]]:
    return lambda connection: connection.execute(query, values).fetchall()


def _portions(keys: list[str]) -> Iterator[list[str]]:
    yield from (keys[start : start + _AT_ONCE] for start in range(0, len(keys), _AT_ONCE))
