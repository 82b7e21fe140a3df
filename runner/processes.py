"""Child processes as trees: started apart from our terminal, ended with all that they started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def own_group() -> dict[str, Any]:
    """Start apart from our terminal's group: Ctrl-C is ours to hand on. Tested on Linux."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def kill_tree(pid: int) -> None:
    """Kill a process that was started with ``own_group`` and its descendants.

    Tested on Linux; the Windows branch is untested.
    """
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(pid)], capture_output=True, check=False)
        return
    # macOS answers with the second where only a dead process is left to kill.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
