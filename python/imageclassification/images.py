"""From the bytes of a PNG or JPEG to the pixels a network takes.

Serving and validation share this: the whole image, resized to the network's input, raw 0 to 255::

    pixels(decode(Path("bicycle.png").read_bytes()), (3, 28, 28))     # uint8 (3, 28, 28)

Files are read as OpenCV's ``imdecode`` reads them, which is what MXNet decodes with:

==================  ================================================================================================
transparency        dropped: the colour stored beneath counts, as if it were opaque
16 bits a sample    the high byte counts
palette, 1 bit      as the colours they stand for
CMYK, YCCK          stored inverted, as Adobe does; turned into RGB without a colour profile, as profiles never count
rotation            EXIF's orientation is applied, as to what a person sees
grey to a network   of three channels: three times the same; colour to one of one channel: ITU-R 601's luma
==================  ================================================================================================
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from imageclassification import imagefile
from imageclassification.errors import ImageError

MODES = {3: "RGB", 1: "L"}
ORIENTATION = 0x0112  # EXIF's tag
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def decode(data: bytes, channels: int = 3) -> Image.Image:
    """Read a PNG or JPEG of any kind, upright.

    Args:
        data: The file's bytes; what follows the image's end does not count.
        channels: 3 for RGB, 1 for grey.

    Raises:
        ImageError: it is neither, is damaged or cut short, or is too large.
        ValueError: ``channels`` is neither 3 nor 1.
    """
    if channels not in MODES:
        raise ValueError(f"an image is decoded to 3 channels (RGB) or 1 (grey), not to {channels}")
    imagefile.check(data)
    try:
        image = Image.open(io.BytesIO(data), formats=("PNG", "JPEG"))
        image.load()
        orientation = _orientation(image)
        if image.mode.startswith("I"):  # 16-bit grey, whose high byte is what the eye sees
            image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        # Pillow warns of a palette with transparency, which does not count here.
        image.info.pop("transparency", None)
        if image.mode != MODES[channels]:
            image = image.convert(MODES[channels])
    except Image.UnidentifiedImageError:
        raise ImageError(f"these {len(data)} bytes are no PNG or JPEG image that can be read") from None
    except Exception as error:  # noqa: BLE001 - Pillow's decoders raise nearly anything on damaged files
        raise ImageError(f"the image cannot be decoded: {error}") from None
    return image.transpose(UPRIGHT[orientation]) if orientation in UPRIGHT else image


def _orientation(image: Image.Image) -> int:
    """EXIF's orientation; 1, upright, where there is none that can be read."""
    if "exif" not in image.info:
        return 1
    try:
        return image.getexif().get(ORIENTATION, 1)
    except Exception:  # noqa: BLE001 - damaged EXIF is no reason to refuse the picture
        return 1


def pixels(image: Image.Image, image_shape: tuple[int, int, int]) -> np.ndarray:
    """A whole image, resized to a network's input.

    Args:
        image: RGB where ``image_shape`` has 3 channels, grey (L) where it has 1.
        image_shape: Channels, height, width.

    Returns:
        uint8, ``image_shape``.
    """
    channels, height, width = image_shape
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    rows = np.asarray(image).reshape(height, width, channels)
    return np.ascontiguousarray(rows.transpose(2, 0, 1))


def shrink(image: Image.Image, shorter_side: int) -> Image.Image:
    """An image whose shorter side has this many pixels, its proportions kept.

    Raises:
        ImageError: it is so narrow that it would become too large.
    """
    scale = shorter_side / min(image.size)
    size = tuple(max(round(side * scale), shorter_side) for side in image.size)
    if size[0] * size[1] > imagefile.MOST_PIXELS:
        raise ImageError(
            f"the image is too narrow, {image.width} x {image.height}: resized to a shorter side of {shorter_side} it "
            f"would have {size[0]} x {size[1]}, more than {imagefile.MOST_PIXELS} pixels"
        )
    return image if size == image.size else image.resize(size, Image.Resampling.BILINEAR)
