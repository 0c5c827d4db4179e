"""Finds a channel's images and their labels: in files with a list, in RecordIO files, or in a pipe.

Example::

    >>> for name in ("train", "train_lst"):
    ...     (Path("data") / name).mkdir(parents=True)
    >>> _ = Path("data/train_lst/train.lst").write_text("7\\t1\\tbike.png\\n")
    >>> _ = Path("data/train/bike.png").write_bytes(b"bytes of a PNG file")
    >>> (entry,) = listed(Path("data"), "train", Labels(num_classes=2, several=False))
    >>> entry.place, entry.name, entry.labels, entry.load()
    ('train.lst line 1', 'bike.png', (1,), b'bytes of a PNG file')
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from imageclassification import recordio
from imageclassification.data import forms
from imageclassification.data.forms import Form
from imageclassification.data.labels import Labels, shown
from imageclassification.errors import InputDataError

log = logging.getLogger("image-classification")

SUFFIXES = (".png", ".jpg", ".jpeg")


@dataclass(frozen=True)
class Entry:
    """One image of a channel.

    Attributes:
        place: Where its labels are, as an error names it: ``train.lst line 3``.
        name: The image, as an error names it.
        labels: Its class index, or with ``multi_label`` a 0 or 1 for each class.
        load: Returns the bytes of the PNG or JPEG file.
    """

    place: str
    name: str
    labels: tuple[int, ...]
    load: Callable[[], bytes]


def entries(root: Path, name: str, labels: Labels) -> list[Entry]:
    """A channel's images.

    Args:
        root: A folder laid out as ``/opt/ml``.
        name: ``train`` or ``validation``.
        labels: Reads the labels.

    Raises:
        InputDataError: If the channel is empty, or its content does not have the form that its settings name.
    """
    channel = forms.settings(root).get(name, {})
    form = forms.form(channel, name)
    data = root / "input/data"
    if form is Form.IMAGES:
        found = listed(data, name, labels)
    elif form is Form.MANIFEST:
        spool = Spool.of_pipe(data, name)
        found = list(_pairs(spool, name, labels, forms.label_format(channel, name)))
    elif channel.get("TrainingInputMode") == "Pipe":
        found = list(_records(Spool.of_pipe(data, name), f"channel '{name}'", labels))
    else:
        found = [entry for file in _record_files(data / name) for entry in _records(file, file.name, labels)]
    if not found:
        raise InputDataError(f"channel '{name}' holds no image: it is empty")
    return found


def listed(data: Path, name: str, labels: Labels) -> list[Entry]:
    """The images that a channel's ``.lst`` files name.

    Each line has an index, the labels and a path, separated by tabs.

    Raises:
        InputDataError: If there is no such file, the files are empty, a line has another form, or an image is missing.
    """
    folder = data / f"{name}_lst"
    files = sorted(folder.glob("*.lst")) if folder.is_dir() else []
    if not files:
        raise InputDataError(f"channel '{folder.name}' holds no .lst file")
    found: list[Entry] = []
    indices: dict[str, str] = {}
    for file in files:
        for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
            if line.strip():
                found.append(_line(line, f"{file.name} line {number}", data / name, labels, indices))
    if not found:
        raise InputDataError(
            f"{shown(', '.join(file.name for file in files))} in channel '{folder.name}' names no image"
        )
    missing = [entry for entry in found if not _is_file(data / name / entry.name)]
    if missing:
        raise InputDataError(
            f"{missing[0].place} names '{shown(missing[0].name)}', which channel '{name}' does not hold "
            f"({len(missing)} of {len(found)} images are missing)"
        )
    named = {data / name / entry.name for entry in found}
    spare = [path for path in (data / name).rglob("*") if path.suffix.lower() in SUFFIXES and path not in named]
    if spare:
        log.warning(
            "channel '%s' holds %d images that no .lst file names: training does not use them", name, len(spare)
        )
    return found


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # the name is longer than the file system allows
        return False


def _line(line: str, place: str, folder: Path, labels: Labels, indices: dict[str, str]) -> Entry:
    parts = [part.strip() for part in line.split("\t")]
    if len(parts) < 3:
        raise InputDataError(f"{place} must be index, label and path separated by tabs, not {shown(repr(line))}")
    index, *numbers, file = parts
    first = indices.setdefault(index, place)
    if first != place:
        raise InputDataError(f"{place} has index {shown(index)}, as {first} has; every image needs an index of its own")
    path = PurePosixPath(file)
    if path.is_absolute() or ".." in path.parts:
        raise InputDataError(
            f"{place} names '{shown(str(path))}', which lies outside the channel; paths are relative to it"
        )
    return Entry(place, str(path), labels.of_numbers(numbers, place), (folder / path).read_bytes)


def _record_files(folder: Path) -> list[Path]:
    held = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
    files = [path for path in held if path.suffix == ".rec"]
    if not files:
        what = f"it holds {shown(held[0].name)}" if held else "it is empty"
        raise InputDataError(
            f"channel '{folder.name}' holds no .rec file, as its content type {forms.RECORD_TYPE} says: {what}; "
            f"give a RecordIO file, or, for images, another content type: {', '.join(forms.IMAGE_TYPES)}"
        )
    return files


class Spool:
    """A copy of a pipe's content. A pipe can be read only once, but each epoch reads the images in another order.

    The copy is a file without a name. It disappears with this object.

    Args:
        stream: The pipe.
        folder: The folder of the file. It should be on disk: the system's folder for temporary files may be in memory.
    """

    def __init__(self, stream: BinaryIO, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - stays open for the lifetime of the object
        weakref.finalize(self, self._file.close)
        self._lock = threading.Lock()
        shutil.copyfileobj(stream, self._file, 1 << 20)
        self._file.seek(0)

    @classmethod
    def of_pipe(cls, data: Path, name: str) -> Spool:
        """Copies a channel's first pipe, which gives one epoch.

        Raises:
            InputDataError: If there is no pipe.
        """
        path = data / f"{name}_0"
        try:
            with path.open("rb") as pipe:
                return cls(pipe, data)
        except FileNotFoundError:
            raise InputDataError(
                f"channel '{name}' is in Pipe mode, but there is no pipe input/data/{path.name}"
            ) from None

    def scan(self, name: str) -> Iterator[tuple[int, bytes]]:
        """Every record, each after the offset at which it begins."""
        return _scan(self._file, name)

    def load(self, place: int, name: str) -> bytes:
        """The record that begins at the offset ``place``."""
        with self._lock:
            self._file.seek(place)
            return next(recordio.read(self._file, name))


def _scan(stream: BinaryIO, name: str) -> Iterator[tuple[int, bytes]]:
    records, place = recordio.read(stream, name), 0
    for record in records:
        yield place, record
        place = stream.tell()


def _records(source: Path | Spool, name: str, labels: Labels) -> Iterator[Entry]:
    """The images of a RecordIO file, or of a pipe with RecordIO."""
    if isinstance(source, Spool):
        yield from _image_records(source.scan(name), name, labels, source.load)
    else:
        with source.open("rb") as stream:
            yield from _image_records(_scan(stream, name), name, labels, partial(_load, source))


def _load(path: Path, place: int, name: str) -> bytes:
    with path.open("rb") as stream:
        stream.seek(place)
        return next(recordio.read(stream, name))


def _image_records(
    records: Iterator[tuple[int, bytes]], name: str, labels: Labels, load: Callable[[int, str], bytes]
) -> Iterator[Entry]:
    for number, (place, record) in enumerate(records):
        title = f"{name}: record {number}"
        unpacked = recordio.unpack(record, title)
        yield Entry(title, title, labels.of_numbers(unpacked.labels, title), partial(_image, load, place, title))


def _image(load: Callable[[int, str], bytes], place: int, title: str) -> bytes:
    return recordio.unpack(load(place, title), title).data


def _pairs(spool: Spool, name: str, labels: Labels, label_format: str) -> Iterator[Entry]:
    """The images of an augmented manifest: one record has the image, the next one its label as text."""
    order = "its AttributeNames must be two, the image and its label in this order, as in source-ref, class"
    image: int | None = None
    number = 0
    for place, record in spool.scan(f"channel '{name}'"):
        if image is None:
            image, number = place, number + 1
            continue
        title = f"channel '{name}': line {number} of the manifest"
        try:
            text = record.decode("utf-8")
        except UnicodeDecodeError:
            raise InputDataError(f"{title} has no label after its image; {order}") from None
        yield Entry(title, title, labels.of_json(text, title, label_format), partial(spool.load, image, title))
        image = None
    if image is not None:
        raise InputDataError(f"channel '{name}': line {number} of the manifest has an image and no label; {order}")
