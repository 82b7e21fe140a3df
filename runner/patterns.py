"""``re.compile``, done when an expression is first used.

A command meets a hundred expressions on its way in and uses a third of them; to compile the rest
takes 5 ms, more than reading a note.
"""

from __future__ import annotations

import re

__all__ = ["regex"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from re import compile as regex
    from typing import Any
else:

    class regex:
        """What ``re.compile`` would return; its methods are there once it was asked for one."""

        def __init__(self, *arguments: Any) -> None:
            self._arguments = arguments

        def __getattr__(self, name: str) -> Any:
            compiled = re.compile(*self._arguments)
            for method in ("match", "fullmatch", "search", "finditer", "findall", "sub", "split"):
                setattr(self, method, getattr(compiled, method))
            return getattr(compiled, name)
