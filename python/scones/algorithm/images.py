"""From the bytes of a PNG or JPEG to the pixels a network takes.

Serving and validation share this: the whole image, resized to the network's input, raw 0 to 255::

    pixels(decode(Path("bicycle.png").read_bytes()), (3, 28, 28))     # uint8 (3, 28, 28)
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from scones.errors import ImageError

MOST_PIXELS = 50_000_000  # a 50-megapixel photograph; more is a mistake or a decompression bomb


def decode(data: bytes) -> Image.Image:
    """Read a PNG or JPEG of any kind as RGB.

    Raises:
        ImageError: it is neither, is damaged or cut short, or is too large.
    """
    try:
        image = Image.open(io.BytesIO(data), formats=("PNG", "JPEG"))
        if image.width * image.height > MOST_PIXELS:
            raise ImageError(f"the image is too large: {image.width} x {image.height}, more than {MOST_PIXELS} pixels")
        if image.mode.startswith("I;16"):  # 16-bit grey, whose high byte is what the eye sees
            image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        return image.convert("RGB")
    except ImageError:
        raise
    except Image.UnidentifiedImageError:
        raise ImageError(f"these {len(data)} bytes are neither a PNG nor a JPEG image") from None
    except Exception as error:  # noqa: BLE001 - Pillow's decoders raise nearly anything on damaged files
        raise ImageError(f"the image cannot be decoded: {error}") from None


def pixels(image: Image.Image, image_shape: tuple[int, int, int]) -> np.ndarray:
    """A whole image, resized to a network's input.

    Args:
        image: RGB.
        image_shape: Channels (3), height, width.

    Returns:
        uint8, ``image_shape``.
    """
    _, height, width = image_shape
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    return np.ascontiguousarray(np.asarray(image).transpose(2, 0, 1))


def shrink(image: Image.Image, shorter_side: int) -> Image.Image:
    """An image whose shorter side has this many pixels, its proportions kept."""
    scale = shorter_side / min(image.size)
    size = tuple(max(round(side * scale), shorter_side) for side in image.size)
    return image if size == image.size else image.resize(size, Image.Resampling.BILINEAR)
