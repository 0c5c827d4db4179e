"""Turns the bytes of a PNG or JPEG file into the pixels that a network takes.

Serving and validation use the whole image, resized to the network's input, with pixels from 0 to 255.

Example::

    >>> file = io.BytesIO()
    >>> Image.new("RGB", (64, 48), (255, 0, 0)).save(file, "PNG")
    >>> found = pixels(decode(file.getvalue()), (3, 28, 28))
    >>> found.shape, found.dtype, found[:, 0, 0].tolist()
    ((3, 28, 28), dtype('uint8'), [255, 0, 0])

Files are read as by OpenCV's ``imdecode``, which MXNet uses:

==================  ================================================================================================
transparency        ignored: every pixel has its stored colour
16 bits a sample    the high byte
palette, 1 bit      the palette's colours
CMYK, YCCK          read as inverted, as Adobe stores them; converted to RGB without colour profiles
rotation            turned upright, by EXIF's orientation
wrong checksums     of pixels and header: refused; of a PNG's other chunks: the chunk is left out
grey and colour     converted to the network's channels: grey repeated three times, or colour's luma (ITU-R 601)
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
    """Decodes a PNG or JPEG file and turns it upright.

    Args:
        data: The file's bytes. Bytes after the image's end are ignored.
        channels: 3 for RGB, 1 for grey.

    Raises:
        ImageError: If the file is neither a PNG nor a JPEG, is damaged, is cut short, or is too large.
        ValueError: If ``channels`` is neither 3 nor 1.
    """
    if channels not in MODES:
        raise ValueError(f"an image is decoded to 3 channels (RGB) or 1 (grey), not to {channels}")
    sound = imagefile.check(data)
    try:
        image: Image.Image = Image.open(io.BytesIO(sound), formats=("PNG", "JPEG"))
        image.load()
        orientation = _orientation(image)
        if image.mode.startswith("I"):  # 16-bit grey: keep the high byte
            image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        # With the transparency of a palette, Pillow would warn.
        image.info.pop("transparency", None)
        if image.mode != MODES[channels]:
            image = image.convert(MODES[channels])
    except Image.UnidentifiedImageError:
        raise ImageError(f"these {len(data)} bytes are not a readable PNG or JPEG image") from None
    except Exception as error:  # noqa: BLE001 - Pillow's decoders raise nearly anything on damaged files
        raise ImageError(f"the image cannot be decoded: {error}") from None
    return image.transpose(UPRIGHT[orientation]) if orientation in UPRIGHT else image


def _orientation(image: Image.Image) -> int:
    """EXIF's orientation. 1 (upright) if the image has none, or if it cannot be read."""
    if "exif" not in image.info:
        return 1
    try:
        orientation: int = image.getexif().get(ORIENTATION, 1)
        return orientation
    except Exception:  # noqa: BLE001 - an image with damaged EXIF can still be used
        return 1


def pixels(image: Image.Image, image_shape: tuple[int, int, int]) -> np.ndarray:
    """Resizes a whole image to a network's input.

    Args:
        image: RGB if ``image_shape`` has 3 channels, grey (L) if it has 1.
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
    """Resizes an image to this length of its shorter side, in pixels. Keeps the proportions.

    Raises:
        ImageError: If the image is so narrow that the result would be too large.

    Example::

        >>> shrink(Image.new("RGB", (640, 480)), 256).size
        (341, 256)
    """
    scale = shorter_side / min(image.size)
    width, height = (max(round(side * scale), shorter_side) for side in image.size)
    if width * height > imagefile.MOST_PIXELS:
        raise ImageError(
            f"the image is too narrow, {image.width} x {image.height}: resized to a shorter side of {shorter_side} it "
            f"would have {width} x {height}, more than {imagefile.MOST_PIXELS} pixels"
        )
    return image if (width, height) == image.size else image.resize((width, height), Image.Resampling.BILINEAR)
