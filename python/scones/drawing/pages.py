"""HTML pages that need no other file, so that they can be mailed.

Example::

    >>> page = render("<style>{{ style }}</style><b>{{ share | percent }}</b> of {{ name }}", share=0.5, name="<all>")
    >>> page.rpartition("</style>")[2]
    '<b>50.0%</b> of &lt;all&gt;'

What a page shows can be hostile. The templates escape all text, and pictures are decoded and written as new PNGs. Each
template's Content-Security-Policy allows no script and no request.
"""

from __future__ import annotations

import base64
import io
import math
from importlib import resources
from typing import Any

from imageclassification.imagefile import MOST_PIXELS

THUMBNAIL = 112  # pixels, of the longer side


def render(template: str, **values: Any) -> str:
    """A page. ``style`` is the style sheet of all pages.

    Args:
        template: The template's text, in Jinja.
        values: What it shows. A missing one is an error.
    """
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"percent": percent, "rounded": rounded, "between": between, "sentence": sentence}
    environment.filters["threshold"] = threshold_text
    style = resources.files(__package__).joinpath("style.css").read_text("utf-8")
    return environment.from_string(template).render(style=Markup(style), **values)


def data_uri(png: bytes) -> str:
    """A PNG as the address of an ``<img>``."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def thumbnail(image: bytes, size: int = THUMBNAIL) -> bytes | None:
    """Make a small PNG from an image's pixels alone. None if the image cannot be decoded.

    Args:
        image: PNG or JPEG. Pillow's other formats are not tried.
        size: The longer side, in pixels. A smaller image keeps its size.
    """
    from PIL import Image

    try:
        with Image.open(io.BytesIO(image), formats=("PNG", "JPEG")) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                return None
            opened.draft("RGB", (2 * size, 2 * size))
            small = opened.convert("RGB")
    # A hostile image can make a decoder raise almost anything: OSError, SyntaxError, ValueError, struct.error, zlib's
    # errors, a decompression bomb's warning. Each of them means an image that cannot be shown.
    except Exception:  # noqa: BLE001
        return None
    small.thumbnail((size, size))
    picture = io.BytesIO()
    small.save(picture, "PNG")
    return picture.getvalue()


def percent(share: float) -> str:
    """Format a share as a percentage. A share below 1 never rounds to 100%, and one above 0 never to 0%.

    Example::

        >>> percent(0.99997), percent(0.00003), percent(0.5)
        ('99.99%', '<0.1%', '50.0%')
    """
    if 0 < share < 0.0005:
        return "<0.1%"
    return f"{math.floor(share * 10_000) / 100:.2f}%" if 0.999 < share < 1 else f"{share:.1%}".replace("100.0%", "100%")


def rounded(share: float) -> str:
    """Format a share as a title does: in whole percent, but more exactly near 0 and 1.

    Example::

        >>> rounded(0.634), rounded(0.049), rounded(0.004), rounded(0.998), rounded(0.9999), rounded(1.0)
        ('63 %', '5 %', '0.4 %', '99.8 %', '99.99 %', '100 %')
    """
    far = min(share, 1 - share)
    if 0 < far < 0.00005:
        return "over 99.99 %" if share > 0.5 else "under 0.01 %"
    digits = 0 if far == 0 or far >= 0.01 else 1 if far >= 0.001 else 2
    return f"{share * 100:.{digits}f} %"


def threshold_text(threshold: float) -> str:
    """A threshold with at least two decimals.

    Example::

        >>> threshold_text(0.8), threshold_text(0.805)
        ('0.80', '0.805')
    """
    return max(f"{threshold:.2f}", f"{threshold:g}", key=len)


def between(interval: tuple[float, float]) -> str:
    """Format an interval of shares.

    Example::

        >>> between((0.868, 0.9461))
        '86.8 to 94.6 %'
    """
    return f"{interval[0] * 100:.1f} to {interval[1] * 100:.1f} %"


def answered(passed: int, wrong: int, images: int) -> str:
    """What a threshold lets pass, as a title ends.

    Args:
        passed: The number of images that are answered; at least one.
        wrong: The number of wrong answers among those.
        images: The number of all images.

    Example::

        >>> answered(126, 6, 200), answered(1, 0, 2)
        ('63 % of images; 5 % of these are wrong', '50 % of images; none of these are wrong')
    """
    return f"{rounded(passed / images)} of images; {rounded(wrong / passed) if wrong else 'none'} of these are wrong"


def sentence(text: str) -> str:
    """A text with a capital at its beginning.

    Example::

        >>> sentence("version 2 is right")
        'Version 2 is right'
    """
    return text[:1].upper() + text[1:]
