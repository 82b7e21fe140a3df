"""A process that has imported what workers need, and forks one whenever it is asked. Linux only.

It imports and does nothing else: it has one thread, has run no operation of torch, and so may be
forked. Workers speak for themselves over pipes that come with each request; the template only
says which process it made and how that ended.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

from . import strays

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import Any

_MESSAGE = 65_536  # bytes
STREAMS = 3  # descriptors that come with a request: standard input, output and error


def preload(modules: list[str]) -> None:
    """Import ``modules`` ahead of the job; those that cannot be imported are left to the block.

    Constructing an optimiser imports what torch otherwise imports on first use; it runs no
    operation, so that the process may still fork.
    """
    for name in modules:
        with suppress(Exception):  # the block that imports it reports it
            importlib.import_module(name)
    torch: Any = sys.modules.get("torch")
    if torch is not None:
        torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1)
    gc.collect()
    gc.freeze()


def serve_forks(descriptor: int, serve: Callable[[], None]) -> None:
    """Fork a process that calls ``serve`` for each request on the socket ``descriptor``, until its
    other side is gone.

    Returns at once where an import has started threads: a fork would have their locks, not them.
    """
    import selectors  # not at the top: other workers need neither
    import socket

    if threading.active_count() > 1:
        return
    channel = socket.socket(fileno=descriptor)
    children: dict[int, tuple[int, int]] = {}  # pidfd: (number, pid)
    strays.adopt_orphans()
    others = strays.children()  # of what was imported
    with selectors.DefaultSelector() as waiting:
        waiting.register(channel, selectors.EVENT_READ)
        while True:
            for key, _ in waiting.select():
                if key.fd != channel.fileno():
                    waiting.unregister(key.fd)
                    _report_end(channel, key.fd, *children.pop(key.fd))
                    strays.end_orphans({*others, *(pid for _, pid in children.values())})
                    continue
                request, streams, _, _ = socket.recv_fds(channel, _MESSAGE, STREAMS)
                if not request:
                    return
                number = json.loads(request)["number"]
                pid = _fork(channel, streams, serve)
                handle = os.pidfd_open(pid)
                children[handle] = number, pid
                waiting.register(handle, selectors.EVENT_READ)
                _tell(channel, number=number, pid=pid)


def _fork(channel: socket.socket, streams: list[int], serve: Callable[[], None]) -> int:
    pid = os.fork()
    if pid:
        for stream in streams:
            os.close(stream)
        return pid
    try:
        channel.close()
        os.setsid()
        for place, stream in enumerate(streams):
            os.dup2(stream, place)
            os.close(stream)
        serve()
    finally:
        os._exit(1)


def _report_end(channel: socket.socket, handle: int, number: int, pid: int) -> None:
    os.close(handle)
    _, status = os.waitpid(pid, 0)
    _tell(channel, number=number, exit=os.waitstatus_to_exitcode(status))


def _tell(channel: socket.socket, **message: int) -> None:
    channel.send(json.dumps(message).encode("ascii"))
