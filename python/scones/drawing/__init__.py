"""Colours for pictures, and PNG output.

Example::

    >>> from matplotlib.figure import Figure
    >>> figure = Figure(figsize=(9, 6), dpi=DOTS_PER_INCH, facecolor=LIGHT.background)
    >>> png(figure)[1:4]
    b'PNG'

The project makes figures through matplotlib's objects. pyplot would keep state for the whole process.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DOTS_PER_INCH = 160


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
