"""Messages between a worker and its parent: JSON in frames of four bytes of length (big endian).

A worker greets before its first frame: what stands before that was written by a launcher, or by
the files that a shell reads when it starts.
"""

from __future__ import annotations

import json
import struct
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Any

_LENGTH = struct.Struct(">I")
_GREETING = b"\0runner worker\1"
_as_json = json.JSONEncoder(ensure_ascii=False).encode  # `dumps` would make one a message


class Channel:
    """Frames over two streams. Reading belongs to one thread, sending to any."""

    def __init__(self, incoming: IO[bytes], outgoing: IO[bytes]) -> None:
        self._in = incoming
        self._out = outgoing
        self._lock = threading.Lock()

    def greet(self) -> None:
        with self._lock:
            self._out.write(_GREETING)
            self._out.flush()

    def await_greeting(self) -> bool:
        """Read up to the greeting of the other side; False if that was gone before."""
        seen = self._in.read(len(_GREETING))
        while seen != _GREETING:
            more = self._in.read(1)
            if not more:
                return False
            seen = seen[1:] + more if len(seen) == len(_GREETING) else seen + more
        return True

    def read(self) -> dict[str, Any] | None:
        """The next message; ``None`` when the other side is gone."""
        head = self._in.read(_LENGTH.size)
        if len(head) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack(head)
        body = self._in.read(length)
        return json.loads(body) if len(body) == length else None

    def send(self, **message: Any) -> None:
        """Raises ``OSError`` where the other side is gone."""
        body = _as_json(message).encode("utf-8", "replace")
        with self._lock:
            self._out.write(_LENGTH.pack(len(body)) + body)
            self._out.flush()
