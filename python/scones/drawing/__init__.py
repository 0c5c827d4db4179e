"""Colours for pictures, PNG output, text that is safe to show, and tables that fit a narrow terminal.

Example::

    >>> from matplotlib.figure import Figure
    >>> figure = Figure(figsize=(9, 6), dpi=DOTS_PER_INCH, facecolor=LIGHT.background)
    >>> png(figure)[1:4]
    b'PNG'

The project makes figures through matplotlib's objects. pyplot would keep state for the whole process.
"""

from __future__ import annotations

import copy
import io
import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.table import Table

DOTS_PER_INCH = 160


def printable(text: str) -> str:
    """Text without control characters and lone surrogates, each replaced by one letter.

    Example::

        >>> printable("a\\x1b[2Jb") == "a\N{REPLACEMENT CHARACTER}[2Jb"
        True
    """
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


@dataclass(frozen=True)
class Theme:
    """Colours of the light or the dark theme.

    Attributes:
        classes: One colour a class, also distinct for colour-blind readers. After the last colour, they repeat.
    """

    background: str
    ink: str
    faint: str
    grid: str
    threshold: str
    classes: tuple[str, ...]


LIGHT = Theme(
    background="#ffffff",
    ink="#1c2430",
    faint="#5b6675",
    grid="#e4e8ee",
    threshold="#c0262d",
    classes=(
        "#1f6fd6",
        "#d97a06",
        "#0c8f78",
        "#9a4fd0",
        "#c2417c",
        "#6b7a12",
        "#0e8fb3",
        "#8a5a34",
        "#4a56c9",
        "#5f6b7a",
    ),
)
DARK = Theme(
    background="#161b22",
    ink="#e6eaf0",
    faint="#9aa5b3",
    grid="#2b333d",
    threshold="#ff7b72",
    classes=(
        "#5aa2ff",
        "#f2a33c",
        "#35c9ab",
        "#c08bf0",
        "#f07fb0",
        "#b5c244",
        "#4cc6e6",
        "#cf9a6b",
        "#919bff",
        "#a3afbd",
    ),
)


def png(figure: Figure) -> bytes:
    """Render a figure as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    picture = io.BytesIO()
    with warnings.catch_warnings():
        # The font may lack the script of a class name. The picture then has boxes, but the page shows the name.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        FigureCanvasAgg(figure).print_png(picture, metadata={"Software": None})
    return picture.getvalue()


class FittedTable:
    """The first of several tables that fits the terminal without a cut word. If none does, the last of them.

    Example::

        >>> from rich.console import Console
        >>> from rich.table import Table
        >>> table = Table("image", "result", "seconds", box=None, pad_edge=False)
        >>> table.add_row("bicycle.png", "passed", "1.25")
        >>> Console(width=22).print(FittedTable(table, without(table, "seconds")))
        image       result
        bicycle.png passed
    """

    def __init__(self, *tables: Table) -> None:
        self.tables = tables

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        fitting = (table for table in self.tables if _needed(table, console, options) <= options.max_width)
        yield next(fitting, self.tables[-1])


def without(table: Table, *headers: str) -> Table:
    """A table with the same rows, but without the columns with these headers."""
    found = copy.copy(table)
    kept = [column for column in table.columns if column.header not in headers]
    found.columns = [replace(column, _index=number) for number, column in enumerate(kept)]  # the last has no padding
    return found


def narrower(table: Table, *headers: str) -> FittedTable:
    """A table that gives up columns, one after another, where it would be cut.

    Args:
        headers: The columns, the least important one first.
    """
    return FittedTable(table, *(without(table, *headers[: count + 1]) for count in range(len(headers))))


def _needed(table: Table, console: Console, options: ConsoleOptions) -> int:
    """The width of a table in which no word is cut. A column that does not wrap needs its longest line."""
    from rich.measure import Measurement

    wide = options.update(max_width=100_000)
    needed = longest = 0
    for column in table.columns:
        cells = [Measurement.get(console, wide, cell) for cell in (column.header, *column.cells, column.footer)]
        most = max(cell.maximum for cell in cells)
        needed += max(column.min_width or 0, most if column.no_wrap else max(cell.minimum for cell in cells))
        longest += most
    return needed + Measurement.get(console, wide, table).maximum - longest
