"""Values and figures as outputs: the last value of a block, ``display()``, matplotlib.

Nothing is imported for it: a value of a library that is not loaded cannot exist.
"""

# ruff: noqa: ARG002, ARG001, ARG005  some signatures are those of a protocol
from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from types import ModuleType

from . import dataframes
from .capture import Recorder
from .frames import is_own_code, without_addresses
from .portable import OUR_FOLDER
from .representations import plain, represented
from .result import Figure, Output, Text
from .seeds import on_arrival

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_DPI = 100
_MIMES = {"png": "image/png", "svg": "image/svg+xml"}
_HASH_SALT = "runner"


class Display:
    """Turns values into outputs of ``recorder``; ``figures`` is the format of figures.

    ``portable`` says a text as any other machine would. ``silent`` is set while a block is
    replayed: then nothing is shown and figures are dropped, but what classes of the user's own do
    when they are shown is done.
    """

    def __init__(
        self, recorder: Recorder, figures: str = "png", portable: Callable[[str], str] = str
    ) -> None:
        self.recorder = recorder
        self.figures = figures
        self._portable = portable
        self.silent = False
        self._made: list[Any] = []
        self._shown: list[Any] = []
        self._ids = 0

    def install(self) -> None:
        """Make ``display`` a builtin and answer for IPython's and pyplot's functions."""
        import builtins

        builtins.display = self.display  # type: ignore[attr-defined]  # as notebooks have it
        for name in ("IPython.core.display_functions", "IPython.display"):  # the second copies
            on_arrival(name, self._hook_ipython)
        on_arrival("matplotlib.pyplot", self._hook_pyplot)

    # --- values ------------------------------------------------------------------------------

    def show_value(self, value: object) -> None:
        """Show the value of a block's last expression; ``None`` and matplotlib artists are not."""
        if value is None:
            return
        if self.silent:
            self._act_out(value)
        elif _is_figure(value):
            self._show_figure(value)
        elif not _is_artist(value):
            self.recorder.show(self.present(value))

    def display(
        self, *values: object, display_id: str | bool | None = None, **options: Any
    ) -> object:
        """Show ``values`` where the block stands; the signature is that of IPython's function."""
        if display_id is True:
            self._ids += 1
            display_id = f"display-{self._ids}"
        name = display_id or None
        for value in values:
            if self.silent:
                self._act_out(value)
            elif _is_figure(value):
                self._show_figure(value)
            elif options.get("update") and name:
                self.recorder.update(self.present(value), name)
            else:
                self.recorder.show(self.present(value), name)
        return _Handle(self, name) if name else None

    def _act_out(self, value: object) -> None:
        """Do what showing ``value`` does besides, where its class is the user's own."""
        if runs_own_code(value):
            self.present(value)

    def present(self, value: object) -> tuple[Output, ...]:
        """``value`` as outputs. A representation that raises shows its traceback as text."""
        try:
            if (table := dataframes.table_of(value)) is not None:
                return (table,)
            return (represented(value, self._portable),)
        except Exception:
            fault = Text(_traceback_of_repr(), "stderr")
        return fault, plain(
            value, self._portable
        )  # not above: if it raises, too, that is no consequence

    # --- figures -----------------------------------------------------------------------------

    def finish_figures(self) -> None:
        """Show the open figures in the order they were made, then close them."""
        pyplot: Any = sys.modules.get("matplotlib.pyplot")
        if pyplot is None:
            return
        try:
            self._show_open(pyplot)
        finally:
            pyplot.close("all")
            self._made.clear()
            self._shown.clear()

    def _show_open(self, pyplot: Any) -> None:
        for figure in self._open_figures(pyplot):
            self._show_figure(figure)

    def _open_figures(self, pyplot: Any) -> list[Any]:
        numbered = [pyplot.figure(number) for number in pyplot.get_fignums()]
        order = {id(figure): place for place, figure in enumerate(self._made)}
        return sorted(numbered, key=lambda figure: order.get(id(figure), len(order)))

    def _show_figure(self, figure: Any) -> None:
        """Once per block: a figure is not doubled where it is shown and also the last value."""
        if self.silent or any(figure is shown for shown in self._shown):
            return
        self.recorder.show((self._picture(figure),))
        self._shown.append(figure)

    def _picture(self, figure: Any) -> Figure:
        """Deterministic bytes: no software version, no date, ids from a fixed salt."""
        buffer = io.BytesIO()
        if self.figures == "svg":
            matplotlib: Any = sys.modules["matplotlib"]
            with matplotlib.rc_context({"svg.hashsalt": _HASH_SALT}):
                figure.savefig(
                    buffer,
                    format="svg",
                    bbox_inches="tight",
                    metadata={"Date": None, "Creator": None},
                )
        else:
            figure.savefig(
                buffer, format="png", dpi=_DPI, bbox_inches="tight", metadata={"Software": None}
            )
        return Figure(_MIMES[self.figures], buffer.getvalue())

    # --- libraries ---------------------------------------------------------------------------

    def _hook_pyplot(self, module: ModuleType) -> None:
        pyplot: Any = module
        make = pyplot.figure

        def figure(*args: Any, **kwargs: Any) -> Any:
            made = make(*args, **kwargs)
            if not any(made is known for known in self._made):
                self._made.append(made)
            return made

        def show(*args: Any, **kwargs: Any) -> None:
            """Take the open figures, in the order they were made, and close them."""
            self._show_open(pyplot)
            pyplot.close("all")

        figure.__wrapped__ = make  # type: ignore[attr-defined]  # its signature and source
        figure.__doc__, figure.__name__ = make.__doc__, make.__name__
        pyplot.figure, pyplot.show = figure, show
        sys.modules["matplotlib.figure"].Figure.show = lambda figure, *args, **kwargs: (
            self._show_figure(figure)
        )

    def _hook_ipython(self, module: ModuleType) -> None:
        functions: Any = module
        functions.display = self.display
        functions.clear_output = lambda wait=False: self.recorder.clear()
        functions.update_display = self._update_display

    def _update_display(self, value: object, *, display_id: str, **options: Any) -> None:
        self.display(value, display_id=display_id, update=True)


class Stage:
    """What one call prints and shows inside a block, for whoever wants to show it again.

    ``polish`` is applied to its text.
    """

    def __init__(self, display: Display, polish: Callable[[str], str]) -> None:
        self._display = display
        self._polish = polish

    @contextmanager
    def recording(self) -> Iterator[Callable[[], tuple[Output, ...]]]:
        """Gives a function that tells what came so far; nothing is silent meanwhile."""
        recorder, silent = self._display.recorder, self._display.silent
        start = recorder.position()
        self._display.silent = False
        try:
            yield lambda: recorder.since(start, self._polish)
        finally:
            self._display.silent = silent

    def show(self, outputs: tuple[Output, ...]) -> None:
        if not self._display.silent:
            self._display.recorder.show(outputs)

    def open_figures(self) -> list[int]:
        pyplot: Any = sys.modules.get("matplotlib.pyplot")
        return [] if pyplot is None else list(pyplot.get_fignums())


class _Handle:
    """What ``display(..., display_id=True)`` gives back, to show another value in its place."""

    def __init__(self, display: Display, id: str) -> None:
        self._display = display
        self.display_id = id

    def display(self, value: object, **options: Any) -> None:
        self._display.display(value, display_id=self.display_id)

    def update(self, value: object, **options: Any) -> None:
        self._display.display(value, display_id=self.display_id, update=True)


# --- what a value is ---------------------------------------------------------------------------


def _traceback_of_repr() -> str:
    """The traceback of the running exception without our own frames."""
    import traceback

    kind, error, tb = sys.exc_info()
    while tb is not None and tb.tb_frame.f_code.co_filename.startswith(OUR_FOLDER):
        tb = tb.tb_next
    return without_addresses("".join(traceback.format_exception(kind, error, tb)))


def runs_own_code(value: object, depth: int = 3) -> bool:
    """Whether code of the user's runs where ``value``, or what a container holds, is shown."""
    if isinstance(value, dict):
        value = (*value.keys(), *value.values())
    if isinstance(value, list | tuple | set | frozenset):
        return depth > 0 and any(runs_own_code(part, depth - 1) for part in islice(value, 100))
    return any(_shows_itself(kind) for kind in type(value).__mro__)


def _shows_itself(kind: type) -> bool:
    if not any(name in ("__repr__", "__str__") or name.startswith("_repr_") for name in vars(kind)):
        return False
    file = getattr(sys.modules.get(kind.__module__), "__file__", None) or ""
    return kind.__module__.startswith("vault.") or is_own_code(file)


def _is_figure(value: object) -> bool:
    module: Any = sys.modules.get("matplotlib.figure")
    return module is not None and isinstance(value, module.Figure)


def _is_artist(value: object) -> bool:
    """Whether a value is what drawing calls return: artists, or a collection that holds one."""
    artist: Any = sys.modules.get("matplotlib.artist")
    if artist is None:
        return False
    if isinstance(value, artist.Artist):
        return True
    if isinstance(value, dict):
        return any(_is_artist(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(_is_artist(item) for item in value)
    array: Any = sys.modules.get("numpy")
    if array is None or not isinstance(value, array.ndarray) or value.dtype.kind != "O":
        return False
    return any(_is_artist(item) for item in value.flat)
