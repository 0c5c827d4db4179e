"""The colours of every picture, and a picture as PNG bytes.

Example::

    figure = Figure(figsize=(9, 6), dpi=DOTS_PER_INCH, facecolor=LIGHT.background)
    files.write(Path("build/picture.png"), png(figure))

Figures are made through matplotlib's objects and not pyplot, which keeps state for the whole process.
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
    """Colours for one of the two ways a page is shown.

    Attributes:
        classes: One a class, told apart by colour-blind readers too; used again from the start after the last.
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
    """A figure as it is written to a file."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    picture = io.BytesIO()
    with warnings.catch_warnings():
        # A class name in a script that the font lacks is drawn as boxes; the page itself has it right.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        FigureCanvasAgg(figure).print_png(picture, metadata={"Software": None})
    return picture.getvalue()
