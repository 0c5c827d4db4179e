"""Reads people's pictures: which files are some, their pixels, and the forms that the endpoint takes.

Example::

    >>> stream = io.BytesIO()
    >>> Image.new("RGB", (640, 480), (200, 30, 30)).save(stream, "WEBP")
    >>> form(stream.getvalue()), pixels(stream.getvalue(), 64, "crop").shape
    ('WEBP', (64, 64, 3))
    >>> sendable(stream.getvalue())[:4]
    b'\\x89PNG'

PNG, JPEG, WebP, GIF, TIFF and BMP are read by Pillow, the first frame of moving ones. HEIC needs the extra ``heic``. A
form is known by a file's first bytes, whatever its name is. Pictures are turned upright, as EXIF says. The endpoint
takes PNG and JPEG only.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from imageclassification.imagefile import MOST_PIXELS
from scones.dataset.contents import Problem

FITS = {
    "crop": "cut to the square in the middle",
    "pad": "whole, with grey bars",
    "stretch": "squeezed to a square",
}
GREY = 127

# Without one of these, a file is a picture only by its first bytes.
SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".tif", ".tiff", ".bmp", ".heic", ".heif"}
)
SENDABLE = ("PNG", "JPEG")
NAMES = "PNG, JPEG, WebP, GIF, TIFF, BMP or HEIC"

# The largest body of InvokeEndpoint. A converted picture that is larger is sent as JPEG instead of PNG.
LARGEST = 6 * 1024 * 1024

_SYSTEM = {"thumbs.db", "desktop.ini"}
_HEAD = 16  # bytes
_SIGNATURES = (
    ("PNG", b"\x89PNG\r\n\x1a\n"),
    ("JPEG", b"\xff\xd8\xff"),
    ("GIF", b"GIF8"),
    ("TIFF", b"II*\0"),
    ("TIFF", b"MM\0*"),
    ("BMP", b"BM"),
)
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_HEIC_NEEDS = "is HEIC; to read it: .venv/bin/pip install pillow-heif"


def form(head: bytes) -> str | None:
    """The form of a file with these first bytes, as Pillow names it. None if it is no picture that is read here."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
        return "HEIF"
    return next((name for name, signature in _SIGNATURES if head.startswith(signature)), None)


def pixels(content: bytes, side: int, fit: str) -> np.ndarray:
    """Decode a picture, and scale it to (side, side, 3) uint8 RGB.

    Args:
        fit: One of :data:`FITS`.

    Raises:
        ValueError: the bytes are no complete picture, or have more pixels than the endpoint takes. The message goes on
            after the file's name.
    """
    with _opened(content) as opened:
        if opened.format == "JPEG":
            opened.draft("RGB", (4 * side, 4 * side))  # the decoder skips detail that scaling would drop
        picture = _upright(opened)
        if fit == "pad":
            return np.asarray(
                ImageOps.pad(picture, (side, side), Image.Resampling.LANCZOS, color=(GREY,) * 3, centering=(0.5, 0.5))
            )
        box = (0.0, 0.0, float(picture.width), float(picture.height))
        if fit == "crop":
            short = min(picture.size)
            left, top = (picture.width - short) / 2, (picture.height - short) / 2
            box = (left, top, left + short, top + short)
        return np.asarray(picture.resize((side, side), Image.Resampling.LANCZOS, box=box, reducing_gap=3.0))


def sendable(content: bytes) -> bytes:
    """A picture as the endpoint takes it: PNG and JPEG as they are, others as PNG, or as JPEG if that is too large.

    Bytes that are no picture stay as they are, too: who reads them says so.

    Raises:
        ValueError: the bytes are no complete picture, or have more pixels than the endpoint takes.
    """
    if form(content[:_HEAD]) in (None, *SENDABLE):
        return content
    with _opened(content) as opened:
        picture = _upright(opened)
        stream = io.BytesIO()
        picture.save(stream, "PNG")
        if stream.tell() > LARGEST:
            stream = io.BytesIO()
            picture.save(stream, "JPEG", quality=95)
        return stream.getvalue()


def inside(folder: Path) -> tuple[list[Path], list[Problem]]:
    """All pictures below a folder, and everything else that is there, with the reason why it is none.

    Both are in the same order on every machine. A file whose name is a picture's is one, also if it is damaged.

    Raises:
        OSError: the folder, or one below it, cannot be listed.
    """
    found: list[Path] = []
    passed: list[Problem] = []
    for path, why in walked(folder):
        reason = why or (None if path.suffix.lower() in SUFFIXES else _no_picture(path))
        if reason is None:
            found.append(path)
        else:
            passed.append(Problem(path.relative_to(folder).as_posix(), reason))
    return found, passed


def walked(folder: Path) -> Iterator[tuple[Path, str | None]]:
    """Everything below ``folder`` but folders, in the same order on every machine.

    Yields:
        A path, and the reason why it is passed over. None for a file to read.
    """
    for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()):
        if path.is_symlink() and not path.is_file():
            yield path, "is a link to a folder, which is not followed" if path.is_dir() else "is a broken link"
        elif any(part.startswith(".") for part in path.relative_to(folder).parts):
            if not path.is_dir():
                yield path, "is hidden"
        elif path.name.lower() in _SYSTEM:
            yield path, "is the system's"
        elif path.is_file():
            yield path, None
        elif not path.is_dir():
            yield path, "is no file"


def listing(problems: Sequence[Problem], most: int = 20) -> str:
    """The first ``most`` problems, one a line."""
    lines = [f"  {problem}" for problem in problems[:most]]
    if len(problems) > most:
        lines.append(f"  … and {len(problems) - most:,} more")
    return "\n".join(lines)


def told(problems: Sequence[Problem], where: Path | str, tell: Callable[[str], None]) -> None:
    """Say what was passed over in a folder, by number and name. Nothing is said of nothing."""
    if problems:
        count = f"{len(problems):,} files are" if len(problems) > 1 else "1 file is"
        tell(f"{count} passed over in {where}:\n{listing(problems)}")


def reason(error: Exception) -> str:
    """Why a file cannot be read, to go on after its name."""
    return f"cannot be read: {error.strerror}" if isinstance(error, OSError) and error.strerror else str(error)


def _no_picture(path: Path) -> str | None:
    try:
        with path.open("rb") as handle:
            head = handle.read(_HEAD)
    except OSError as error:
        return reason(error)
    return None if form(head) else f"is no {NAMES}" if head else "is empty"


@contextmanager
def _opened(content: bytes) -> Iterator[Image.Image]:
    """Open a picture whose size is allowed. Turns what Pillow raises into ValueError."""
    kind = form(content[:_HEAD])
    if kind is None:
        raise ValueError(f"is no {NAMES}" if content else "is empty")
    if kind == "HEIF":
        _register_heif()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=(kind,)) as opened:
                if opened.width * opened.height > MOST_PIXELS:
                    raise _TooLargeError(f"has {opened.width} x {opened.height} pixels, more than {MOST_PIXELS:,}")
                yield opened
    except _TooLargeError as error:
        raise ValueError(str(error)) from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise ValueError(f"has more than {MOST_PIXELS:,} pixels") from None
    except Image.UnidentifiedImageError:
        raise ValueError(f"is damaged: it begins as {kind}, and is none") from None
    except (OSError, SyntaxError, ValueError) as error:  # Pillow raises these for damaged files
        raise ValueError(f"is damaged: {error}") from None


class _TooLargeError(Exception):
    """A picture has too many pixels."""


def _upright(opened: Image.Image) -> Image.Image:
    picture = ImageOps.exif_transpose(opened)
    if picture.mode.startswith("I"):  # 16-bit grey: keep the high byte, as the endpoint does
        picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    return picture.convert("RGB")


def _register_heif() -> None:
    try:
        import pillow_heif
    except ImportError:
        raise ValueError(_HEIC_NEEDS) from None
    pillow_heif.register_heif_opener()
