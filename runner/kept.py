"""What was found once and can be found again: texts by key, in a file that all runs share.

Losing it costs time, never truth: it is made anew where it is corrupt or of another version.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from .errors import UserError, system_words
from .userdirs import cache_folder

if TYPE_CHECKING:
    import sqlite3

T = TypeVar("T")

_VERSION = 1
_LIMIT = 256 * 2**20  # bytes
_BUSY = 10.0  # seconds to wait for another process
_FRESH = 24 * 3600  # seconds in which a use is not noted again
_AT_ONCE = 500  # keys in one query; SQLite takes 999 at least

_TABLE = """
CREATE TABLE IF NOT EXISTS kept (
    key TEXT PRIMARY KEY, body TEXT NOT NULL, until INTEGER, used INTEGER NOT NULL
)
"""
_OLDEST_TENTH = (
    "SELECT key FROM kept ORDER BY used, key LIMIT max(1, (SELECT count(*) / 10 FROM kept))"
)


class KeptError(UserError):
    """The file cannot be used: place, fault and remedy. Corruption is not reported but mended."""


class Kept:
    """Texts by key, up to ``limit`` bytes: those that were not used for longest go first.

    Every method raises ``KeptError`` where the file can be neither used nor made anew. Several
    processes may use it at once; an object belongs to one thread.
    """

    def __init__(self, name: str, folder: Path | None = None, limit: int = _LIMIT) -> None:
        self._path = (folder or cache_folder()) / f"{name}.sqlite3"
        self._limit = limit
        self._connection: sqlite3.Connection | None = None
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
            for key, body, used in self._do(_all(query, [*some, now])):
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
            while _live_bytes(connection) > self._limit:
                if not connection.execute(
                    f"DELETE FROM kept WHERE key IN ({_OLDEST_TENTH})"
                ).rowcount:
                    return

        if rows:
            self._do(put)

    def close(self) -> None:
        if self._touched:
            self._do(self._note_uses)
        self._drop_connection()

    def _note_uses(self, connection: sqlite3.Connection) -> None:
        rows = [(int(time.time()), key) for key in self._touched]
        connection.executemany("UPDATE kept SET used = ? WHERE key = ?", rows)
        self._touched.clear()

    # --- the file ----------------------------------------------------------------------------

    def _do(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """What ``action`` returns, in one transaction; done again once on a new file."""
        import sqlite3

        for is_last in (False, True):
            try:
                if self._connection is None:
                    self._connection = self._connect()
                with self._connection as connection:
                    return action(connection)
            except sqlite3.DatabaseError as error:
                if is_last or not _is_corrupt(error):
                    raise KeptError(
                        f"{self._path} cannot be used ({error}): give yourself the right to write "
                        "there, free some space, or name another folder in RUNNER_CACHE"
                    ) from error
                self._remove()
        raise AssertionError("unreachable")

    def _connect(self) -> sqlite3.Connection:
        import sqlite3

        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            fault = f"{self._path.parent} cannot be made ({system_words(error)})"
            raise KeptError(f"{fault}: name another folder in RUNNER_CACHE") from error
        connection = sqlite3.connect(self._path, timeout=_BUSY)
        try:
            if _version(connection) != _VERSION:
                _build(connection)
            connection.execute("PRAGMA synchronous = NORMAL")
        except sqlite3.DatabaseError:
            connection.close()
            raise
        return connection

    def _remove(self) -> None:
        self._drop_connection()
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                self._path.with_name(self._path.name + suffix).unlink()

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


def _all(
    query: str, values: list[object]
) -> Callable[[sqlite3.Connection], list[tuple[str, str, int]]]:
    return lambda connection: connection.execute(query, values).fetchall()


def _portions(keys: list[str]) -> Iterator[list[str]]:
    yield from (keys[start : start + _AT_ONCE] for start in range(0, len(keys), _AT_ONCE))


def _build(connection: sqlite3.Connection) -> None:
    """An empty table of this version, in place of one of another."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        # Another process may have built it while this one waited.
        if _version(connection) == _VERSION:
            return
        connection.execute("DROP TABLE IF EXISTS kept")
        connection.execute(_TABLE)
        connection.execute("CREATE INDEX kept_by_use ON kept (used)")
        connection.execute(f"PRAGMA user_version = {_VERSION}")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _live_bytes(connection: sqlite3.Connection) -> int:
    """Bytes in use; pages that deleting left free will be filled again."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    return int((pages - free) * size)


def _is_corrupt(error: sqlite3.DatabaseError) -> bool:
    import sqlite3

    # A plain SQLITE_ERROR is a table or column that is not there: another schema.
    codes = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in codes
