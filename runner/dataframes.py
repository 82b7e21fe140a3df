"""Data frames and series of pandas as tables, each cell as pandas itself would print it."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from .frames import without_addresses
from .result import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAX_ROWS, MAX_COLUMNS = 60, 20


def table_of(value: object) -> Table | None:
    """None if ``value`` is no data frame or series. Raises what its values' ``str`` raise.

    A column for each level of the index, under the level's name. The names of the columns' levels
    stand in the same cell as that of the index's last one, which ``\\`` parts from them.
    """
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
    labels = zip(*_levels(shown.columns), strict=True)
    header = (*_corner(shown), *(" / ".join(label) for label in labels))
    cells = zip(*_levels(shown.index), *map(_cells, _columns(shown)), strict=True)
    return Table(header, tuple(cells), _cut(rows, columns))


def _corner(frame: Any) -> Iterator[str]:
    """The cells above the index."""
    *above, last = ("" if name is None else str(name) for name in frame.index.names)
    yield from above
    across = " / ".join(str(name) for name in frame.columns.names if name is not None)
    yield f"{last} \\ {across}" if last and across else last or across


def _levels(index: Any) -> list[list[str]]:
    """The labels of an index, level by level."""
    levels = (index.get_level_values(number) for number in range(index.nlevels))
    return [_cells(level.to_frame(index=False, name=0)) for level in levels]


def _columns(frame: Any) -> Iterator[Any]:
    return (frame.iloc[:, [number]] for number in range(frame.shape[1]))


def _cells(column: Any) -> list[str]:
    """The cells of a frame of one column, by pandas' options for precision and the like."""
    rows = len(column)
    lines = column.to_string(index=False, header=False).split("\n") if rows else []
    if len(lines) != rows:  # a value that prints newlines
        lines = [str(value) for value in column.iloc[:, 0]]
    return [without_addresses(line.strip()) for line in lines]


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
