"""A SQLite file that all runs of a user share, made anew where it is damaged or of another version.

Losing it costs time, never truth: what it holds can be found again. So nobody has to care: where
the file cannot be used, this process keeps what it finds in memory. Either is said once.
"""

from __future__ import annotations

import contextlib
import urllib.parse
from collections.abc import Callable
from pathlib import Path

from .errors import system_words
from .notices import Notice, tell
from .records import dataclass
from .userdirs import cache_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from typing import TypeVar

    T = TypeVar("T")

_BUSY = 10.0  # seconds to wait for another process
_COPIED = 64 * 2**20  # bytes that are taken along into memory


@dataclass(frozen=True, slots=True)
class Scheme:
    """The tables of a file ``name``, as statements parted by ``;``. A file of another ``version``
    loses its tables. ``cost``: what has to be done once more where they are lost."""

    name: str
    tables: str
    version: int
    cost: str


class Database:
    """The file of ``scheme`` in ``folder`` (the user's cache if None).

    Several processes may use it at once; an object belongs to one thread.
    """

    def __init__(self, scheme: Scheme, folder: Path | None = None) -> None:
        self._scheme = scheme
        self._path = (folder or cache_folder()) / f"{scheme.name}.sqlite3"
        self._connection: sqlite3.Connection | None = None

    def do(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """What ``action`` returns, in one transaction; done again where the first try shows that
        the file has to be made anew, or cannot be used."""
        import sqlite3

        for recover in (self._recover, self._move_to_memory):
            try:
                return self._try(action)
            except sqlite3.ProgrammingError:
                raise
            except (sqlite3.DatabaseError, OSError) as error:
                recover(error)
        return self._try(action)

    def _try(self, action: Callable[[sqlite3.Connection], T]) -> T:
        if self._connection is None:
            self._connection = self._connect()
        with self._connection as connection:
            return action(connection)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _connect(self) -> sqlite3.Connection:
        import sqlite3

        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path, timeout=_BUSY)
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            if _version(connection) != self._scheme.version:
                self._build(connection)
            connection.execute("PRAGMA synchronous = NORMAL")
        except sqlite3.DatabaseError:
            connection.close()
            raise
        return connection

    def _build(self, connection: sqlite3.Connection) -> None:
        """An empty database of this version, in place of one of another."""
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA foreign_keys = OFF")  # tables may go in any order
        connection.execute("BEGIN IMMEDIATE")
        with connection:
            # Another process may have built it while this one waited.
            version = _version(connection)
            if version != self._scheme.version:
                tables = _tables(connection)
                for name in tables:
                    connection.execute(f'DROP TABLE "{name}"')
                for statement in filter(str.strip, self._scheme.tables.split(";")):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {self._scheme.version}")
                if tables:
                    self._tell_of_loss(f"was written by another version of runner ({version})")
        connection.execute("PRAGMA foreign_keys = ON")

    # --- where it cannot be used as it is

    def _recover(self, error: sqlite3.DatabaseError | OSError) -> None:
        if not _is_damaged(error):
            self._move_to_memory(error)
            return
        self.close()
        try:
            for suffix in ("", "-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        except OSError as refusal:
            self._move_to_memory(refusal)
        else:
            self._tell_of_loss(f"was damaged ({error})")

    def _tell_of_loss(self, why: str) -> None:
        words = f"{self._path} {why} and is made anew: {self._scheme.cost}"
        tell(Notice(words), about=f"{self._path} anew")

    def _move_to_memory(self, error: sqlite3.DatabaseError | OSError) -> None:
        """Go on without the file, with what can be read of it."""
        import sqlite3

        why = system_words(error) if isinstance(error, OSError) else str(error)
        folder = self._path.parent
        words = (
            f"{folder} cannot be used ({why}), so what is found now is forgotten at the end: give "
            "yourself the right to write there, free some space, or name another folder in "
            "RUNNER_CACHE"
        )
        tell(Notice(words, is_fault=True), about=str(folder))
        memory = sqlite3.connect(":memory:")
        with contextlib.suppress(sqlite3.DatabaseError, OSError):
            self._copy_to(memory)
        self.close()
        if _version(memory) != self._scheme.version:
            memory.close()
            memory = sqlite3.connect(":memory:")
            self._build(memory)
        memory.execute("PRAGMA foreign_keys = ON")
        self._connection = memory

    def _copy_to(self, memory: sqlite3.Connection) -> None:
        """What the file holds; where it is not open, without the log beside it, which only those
        can open who may write."""
        import sqlite3

        if self._path.stat().st_size > _COPIED:
            return
        if self._connection is not None:
            self._connection.backup(memory)
            return
        address = f"file:{urllib.parse.quote(str(self._path))}?mode=ro&immutable=1"
        with contextlib.closing(sqlite3.connect(address, uri=True)) as file:
            file.backup(memory)


def live_bytes(connection: sqlite3.Connection) -> int:
    """Bytes in use; pages that deleting left free will be filled again."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    return int((pages - free) * size)


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _tables(connection: sqlite3.Connection) -> list[str]:
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    return [name for (name,) in connection.execute(query).fetchall()]


def _is_damaged(error: sqlite3.DatabaseError | OSError) -> bool:
    import sqlite3

    # A plain SQLITE_ERROR is a table or column that is not there: another schema.
    codes = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in codes
