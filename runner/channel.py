"""Messages between a worker and its parent: JSON in frames of four bytes of length (big endian)."""

from __future__ import annotations

import json
import struct
import threading
from typing import IO, Any

_LENGTH = struct.Struct(">I")
_as_json = json.JSONEncoder(ensure_ascii=False).encode  # `dumps` would make one a message


class Channel:
    """Frames over two streams. Reading belongs to one thread, sending to any."""

    def __init__(self, incoming: IO[bytes], outgoing: IO[bytes]) -> None:
        self._in = incoming
        self._out = outgoing
        self._lock = threading.Lock()

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
