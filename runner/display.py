"""Values and figures as outputs: the last value of a block, ``display()``, matplotlib.

Nothing is imported for it: a value of a library that is not loaded cannot exist.
"""

# ruff: noqa: ARG002, ARG001, ARG005  some signatures are those of a protocol
from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from .capture import KEPT, Recorder
from .frames import without_addresses
from .result import Figure, Markup, Output, Table, Text
from .seeds import on_arrival

MAX_ROWS, MAX_COLUMNS = 60, 20
_WIDTH = 88
_PRETTY_ITEMS = 10_000
_DPI = 100
_MIMES = {"png": "image/png", "svg": "image/svg+xml"}
_HASH_SALT = "runner"


class Display:
    """Turns values into outputs of ``recorder``; ``figures`` is the format of figures.

    ``silent`` is set while a block is replayed: then nothing is shown and figures are dropped.
    """

    def __init__(self, recorder: Recorder, figures: str = "png") -> None:
        self.recorder = recorder
        self.figures = figures
        self.silent = False
        self._made: list[Any] = []
        self._shown: list[Any] = []
        self._ids = 0

    def install(self) -> None:
        """Make ``display`` a builtin and answer for IPython's and pyplot's functions."""
        import builtins

        builtins.display = self.display  # type: ignore[attr-defined]  # as notebooks have it
        on_arrival("IPython.core.display_functions", self._hook_ipython)
        on_arrival("matplotlib.pyplot", self._hook_pyplot)

    # --- values ------------------------------------------------------------------------------

    def show_value(self, value: object) -> None:
        """Show the value of a block's last expression; ``None`` and matplotlib artists are not."""
        if value is None or self.silent:
            return
        if _is_figure(value):
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
                continue
            if _is_figure(value):
                self._show_figure(value)
            elif options.get("update") and name:
                self.recorder.update(self.present(value), name)
            else:
                self.recorder.show(self.present(value), name)
        return _Handle(self, name) if name else None

    def present(self, value: object) -> tuple[Output, ...]:
        """``value`` as outputs. A representation that raises shows its traceback as text."""
        if (table := _table(value)) is not None:
            return (table,)
        try:
            rich = self._rich(value)
        except Exception:
            fault = Text(_traceback_of_repr(), "stderr")
            return fault, Text(plain(value), "value")
        return rich or (Text(plain(value), "value"),)

    def _rich(self, value: object) -> tuple[Output, ...]:
        bundle = _bundle(value)
        if "image/png" in bundle:
            return (Figure("image/png", _bytes(bundle["image/png"])),)
        if "image/svg+xml" in bundle:
            return (Figure("image/svg+xml", bundle["image/svg+xml"].encode("utf-8")),)
        for mime in ("text/markdown", "text/latex"):
            if mime in bundle:
                return (Markup(bundle[mime], plain(value)),)
        return ()

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


# --- forms of a value --------------------------------------------------------------------------


def plain(value: object) -> str:
    """``value`` as text of bounded length, containers laid out, no addresses.

    Raises what ``repr`` raises.
    """
    text = repr(value)
    large = isinstance(value, dict | list | tuple | set) and len(value) <= _PRETTY_ITEMS
    if large and len(text) > _WIDTH:
        import pprint

        text = pprint.pformat(value, width=_WIDTH, compact=True, sort_dicts=False)
    if len(text) > 2 * KEPT:
        text = f"{text[:KEPT]}\n… {len(text) - 2 * KEPT:,} characters left out …\n{text[-KEPT:]}"
    return without_addresses(text)


def _bundle(value: object) -> dict[str, Any]:
    """MIME type → representation, by the protocol of IPython. Raises what they raise."""
    if isinstance(value, type):
        return {}
    if callable(method := getattr(value, "_repr_mimebundle_", None)):
        found = method(include=None, exclude=None)
        return dict(found[0] if isinstance(found, tuple) else found or {})
    bundle = {}
    for name, mime in _METHODS.items():
        represent: Callable[[], Any] | None = getattr(value, name, None)
        if callable(represent) and (found := represent()) is not None:
            bundle[mime] = found[0] if isinstance(found, tuple) else found
    return bundle


_METHODS = {
    "_repr_png_": "image/png",
    "_repr_svg_": "image/svg+xml",
    "_repr_markdown_": "text/markdown",
    "_repr_latex_": "text/latex",
}


def _bytes(picture: bytes | str) -> bytes:
    """PNG data; bundles may hold it as base64 text."""
    if isinstance(picture, bytes):
        return picture
    import base64

    return base64.b64decode(picture)


def _traceback_of_repr() -> str:
    """The traceback of the running exception without the frames of this file."""
    import traceback

    kind, error, tb = sys.exc_info()
    while tb is not None and tb.tb_frame.f_code.co_filename == __file__:
        tb = tb.tb_next
    return without_addresses("".join(traceback.format_exception(kind, error, tb)))


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


def _table(value: object) -> Table | None:
    pandas: Any = sys.modules.get("pandas")
    if pandas is None or not hasattr(pandas, "DataFrame"):
        return None
    if isinstance(value, pandas.Series):
        value = value.to_frame(name="" if value.name is None else value.name)
    if not isinstance(value, pandas.DataFrame):
        return None
    frame: Any = value
    rows, columns = frame.shape
    shown = frame.iloc[_ends(rows, MAX_ROWS), _ends(columns, MAX_COLUMNS)]
    header = ("", *(_label(name) for name in shown.columns))
    lines = shown.itertuples(index=True, name=None)
    cells = tuple((_label(index), *map(_cell, row)) for index, *row in lines)
    return Table(header, cells, _cut(rows, columns))


def _ends(size: int, limit: int) -> list[int]:
    """Positions to show: all, or as many from the start as from the end."""
    if size <= limit:
        return list(range(size))
    return [*range(limit // 2), *range(size - limit // 2, size)]


def _cut(rows: int, columns: int) -> str:
    parts = []
    if rows > MAX_ROWS:
        parts.append(f"{rows - MAX_ROWS} of {rows} rows")
    if columns > MAX_COLUMNS:
        parts.append(f"{columns - MAX_COLUMNS} of {columns} columns")
    return f"{' and '.join(parts)} left out" if parts else ""


def _label(name: object) -> str:
    return " / ".join(map(str, name)) if isinstance(name, tuple) else str(name)


def _cell(value: object) -> str:
    return without_addresses(f"{value:.6g}" if isinstance(value, float) else str(value))
