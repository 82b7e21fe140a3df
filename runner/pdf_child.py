"""The process that reads one PDF for its parent: ``python -m runner.pdf_child``.

A PDF comes from anywhere, and reading it runs a large interpreter: it may loop, eat memory or
crash. So it is read where that costs one process. Standard input holds the request, one line of
JSON, and then the PDF; standard output gets lines of JSON, the last one ``{"end": true}``.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .errors import UserError

_LOOKS_EVERY = 0.05  # seconds
TOO_MUCH_MEMORY = 77  # exit code


def main() -> None:
    with os.fdopen(os.dup(1), "wb") as out:
        os.dup2(2, 1)  # what a library prints is no answer
        request = json.loads(sys.stdin.buffer.readline())
        _limit(request["memory"], request["seconds"])
        for answer in _caught(request):
            out.write(json.dumps(answer).encode("ascii") + b"\n")
            out.flush()


def _caught(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The answers and what ended them; nothing that a PDF brings about is left to chance."""
    try:
        yield from _answers(request, sys.stdin.buffer.read())
        yield {"end": True}
    except UserError as error:
        yield {"fault": str(error)}
    except MemoryError:
        os._exit(TOO_MUCH_MEMORY)
    except Exception as error:  # reported with its place: a fault of the PDF, or of ours
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        yield {"bug": f"{type(error).__name__} at {place}"}


def _answers(request: dict[str, Any], pdf: bytes) -> Iterator[dict[str, Any]]:
    if request["do"] == "picture":
        from .shots import crop

        png = crop(pdf, request["page"], request["words"], request["around"])
        yield {"png": base64.b64encode(png).decode("ascii")}
        return
    from .segments import count_pages, page_texts
    from .verdict import Profile

    count = count_pages(pdf)
    yield {"count": count}
    wanted = [number for number in request["pages"] if 1 <= number <= count]
    for page in page_texts(pdf, Profile(request["profile"]), wanted):
        yield {
            "page": page.number,
            "items": [item.text for item in page.items],
            "ends": [index for index, item in enumerate(page.items) if item.ends_line],
        }


def _limit(memory: int, seconds: int) -> None:
    """Bound this process: bytes of memory, seconds of processor time.

    Linux refuses memory beyond the bound. macOS does not, so there the process ends itself when
    it has used more; of that branch only the counting was tested, on Linux. Windows has the
    parent's clock alone.
    """
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    else:
        threading.Thread(target=_end_when_fat, args=(memory,), daemon=True).start()


def _end_when_fat(memory: int) -> None:
    if sys.platform == "win32":
        return
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    while resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit < memory:
        time.sleep(_LOOKS_EVERY)
    os._exit(TOO_MUCH_MEMORY)


if __name__ == "__main__":
    main()
