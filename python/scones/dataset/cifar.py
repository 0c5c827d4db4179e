"""Reads CIFAR-100's "python version".

The format is described at https://www.cs.toronto.edu/~kriz/cifar.html. The archive holds three Python 2 pickles, each
a dictionary. Keys and strings are bytes.

- ``meta`` has ``fine_label_names``.
- ``train`` and ``test`` have ``data``, ``fine_labels`` and ``filenames``. ``data`` is uint8, shape (N, 3072). Each row
  holds the red, green and blue planes of a 32 x 32 image.

A pickle can run any code. :func:`unpickle` therefore loads plain values and numpy arrays only.

Example::

    >>> unpickle(pickle.dumps({"fine_label_names": [b"bicycle", b"motorcycle"]}), "meta")
    {b'fine_label_names': [b'bicycle', b'motorcycle']}
    >>> unpickle(pickle.dumps({"fine_label_names": print}), "meta")
    Traceback (most recent call last):
    scones.errors.DatasetError: 'meta' asks for builtins.print when it is loaded: ...
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from scones.dataset import labels
from scones.dataset.contents import SIDE, Contents, Foreign, ImagePool, Images
from scones.errors import DatasetError

_ORIGINAL = "give the original cifar-100-python.tar.gz (--archive FILE), or fetch it: invoke etl --download"


def unpickle(content: bytes, name: str) -> dict[bytes, Any]:
    """Load a pickle of plain values and numpy arrays, without running code from it.

    Args:
        content: The pickle.
        name: The pickle's name in messages.

    Returns:
        The dictionary in the pickle. Strings of Python 2 are bytes.

    Raises:
        DatasetError: the pickle refers to anything but numpy arrays, is damaged, or holds no dictionary.
    """
    try:
        found = _Unpickler(io.BytesIO(content), name).load()
    except DatasetError:
        raise
    except Exception as error:  # noqa: BLE001 - a damaged pickle can raise anything, as pickle's documentation says
        raise DatasetError(
            f"'{name}' is not a pickle that can be read: {type(error).__name__}: {error}", hint=_ORIGINAL
        ) from None
    if not isinstance(found, dict):
        raise DatasetError(f"'{name}' holds a {type(found).__name__}, not CIFAR-100's dictionary", hint=_ORIGINAL)
    return {key.encode() if isinstance(key, str) else key: value for key, value in found.items()}


class _Unpickler(pickle.Unpickler):
    def __init__(self, stream: io.BytesIO, name: str) -> None:
        super().__init__(stream, encoding="bytes")
        self._name = name

    def find_class(self, module: str, name: str) -> Any:
        found = _ALLOWED.get((module, name))
        if found is None:
            raise DatasetError(
                f"'{self._name}' asks for {module}.{name} when it is loaded: that is no image data, and it was not run",
                hint="do not use this file; " + _ORIGINAL,
            )
        return found


def _dtype(spec: Any, align: Any = False, copy: Any = False) -> np.dtype:
    # Python 2 pickled these booleans as 0 and 1. numpy 2.4 warns about that.
    return np.dtype(spec, bool(align), bool(copy))


def _array(kind: type, shape: Any, typecode: Any) -> np.ndarray:
    return np.ndarray.__new__(np.ndarray, shape, typecode)


def _from_buffer(content: Any, kind: np.dtype, shape: Any, order: Literal["A", "C", "F"]) -> np.ndarray:
    return np.frombuffer(content, kind).reshape(shape, order=order)


def _latin1(text: str, encoding: str) -> bytes:
    # Python 3 writes bytes this way into a pickle for Python 2.
    if encoding != "latin1":
        raise ValueError(f"bytes written as {encoding}")
    return text.encode("latin1")


_ALLOWED: Mapping[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): _array,
    ("numpy._core.multiarray", "_reconstruct"): _array,
    ("numpy.core.numeric", "_frombuffer"): _from_buffer,
    ("numpy._core.numeric", "_frombuffer"): _from_buffer,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): _dtype,
    ("_codecs", "encode"): _latin1,
}


def class_names(meta: Mapping[bytes, Any], origin: str) -> tuple[str, ...]:
    """The names of the fine labels, in label order.

    Raises:
        DatasetError: ``meta`` has no names.
    """
    names = meta.get(b"fine_label_names")
    if not isinstance(names, list) or not names or not all(isinstance(name, bytes | str) for name in names):
        raise DatasetError(f"{origin} is not CIFAR-100: its 'meta' has no fine_label_names", hint=_ORIGINAL)
    return tuple(_text(name) for name in names)


def whole(
    meta: Mapping[bytes, Any], train: Mapping[bytes, Any], test: Mapping[bytes, Any], *, origin: str
) -> tuple[tuple[str, ...], Contents]:
    """The names of all classes, and all images, labelled as in the archive. A class need not have images.

    Raises:
        DatasetError: a member does not have CIFAR-100's format.
    """
    known = class_names(meta, origin)

    def images(member: str, batch: Mapping[bytes, Any]) -> Images:
        data, fine, names = _checked(batch, f"'{member}' of {origin}", len(known))
        return Images(_pixels(data), fine, tuple(_text(name) for name in names))

    return known, Contents(images("train", train), images("test", test))


def select(
    meta: Mapping[bytes, Any],
    train: Mapping[bytes, Any],
    test: Mapping[bytes, Any],
    classes: Sequence[str],
    *,
    origin: str,
) -> Contents:
    """Select the images of ``classes``, in the archive's order.

    Args:
        classes: Class names. The first one gets label 0, the next one label 1, and so on.
        origin: The archive's name in messages.

    Raises:
        DatasetError: a class is unknown or has no images, or a member does not have CIFAR-100's format.
    """
    known = class_names(meta, origin)
    labels.check_known(classes, known, origin)
    return Contents(
        train=_selected(train, "train", known, classes, origin), test=_selected(test, "test", known, classes, origin)
    )


def others(
    meta: Mapping[bytes, Any],
    train: Mapping[bytes, Any],
    test: Mapping[bytes, Any],
    classes: Sequence[str],
    lacking: str,
) -> Foreign:
    """The images of all classes but ``classes``, of an archive from which :func:`select` has selected.

    Args:
        lacking: What to do if there are none, for a message.
    """
    known = class_names(meta, "the archive")
    return Foreign(_pool(train, known, classes), _pool(test, known, classes), lacking)


def _pool(batch: Mapping[bytes, Any], known: Sequence[str], classes: Sequence[str]) -> ImagePool:
    fine, rows = np.asarray(batch[b"fine_labels"], dtype=np.int64), batch[b"data"]
    places = np.flatnonzero(~np.isin(fine, [known.index(name) for name in classes]))

    def load(place: int) -> np.ndarray:
        return np.ascontiguousarray(rows[places[place]].reshape(3, SIDE, SIDE).transpose(1, 2, 0))

    names = tuple(_text(batch[b"filenames"][place]) for place in places)
    return ImagePool(tuple(known[fine[place]] for place in places), names, load)


def _selected(
    batch: Mapping[bytes, Any], member: str, known: Sequence[str], classes: Sequence[str], origin: str
) -> Images:
    where = f"'{member}' of {origin}"
    data, fine, names = _checked(batch, where, len(known))
    places = {name: np.flatnonzero(fine == known.index(name)) for name in classes}
    empty = [name for name in classes if not len(places[name])]
    if empty:
        there = sorted(known[label] for label in np.unique(fine))
        raise DatasetError(f"{where} has no image of {labels.join(empty)}", hint=f"it has: {', '.join(there)}")
    chosen = np.sort(np.concatenate(list(places.values())))
    index = np.full(len(known), -1, dtype=np.int64)
    index[[known.index(name) for name in classes]] = np.arange(len(classes))
    return Images(_pixels(data[chosen]), index[fine[chosen]], tuple(_text(names[place]) for place in chosen))


def _pixels(rows: np.ndarray) -> np.ndarray:
    """The archive's rows (N, 3072) as images (N, 32, 32, 3)."""
    return np.ascontiguousarray(rows.reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1))


def _checked(batch: Mapping[bytes, Any], where: str, classes: int) -> tuple[np.ndarray, np.ndarray, list[bytes]]:
    missing = [key.decode() for key in (b"data", b"fine_labels", b"filenames") if key not in batch]
    if missing:
        raise DatasetError(f"{where} is not CIFAR-100: it has no {' and no '.join(missing)}", hint=_ORIGINAL)
    data, fine, names = batch[b"data"], batch[b"fine_labels"], batch[b"filenames"]
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.shape[1:] != (3 * SIDE * SIDE,):
        shape = f"{data.dtype} {data.shape}" if isinstance(data, np.ndarray) else type(data).__name__
        raise DatasetError(f"{where}: data must be uint8 (N, 3072), not {shape}", hint=_ORIGINAL)
    if not len(data) == len(fine) == len(names):
        raise DatasetError(
            f"{where} does not fit together: {len(data)} images, {len(fine)} labels, {len(names)} file names",
            hint=_ORIGINAL,
        )
    for place, label in enumerate(fine):
        if not isinstance(label, int | np.integer) or not 0 <= label < classes:
            raise DatasetError(
                f"{where}: image {place} ({_text(names[place])}) has label {label!r}, outside 0 to {classes - 1}",
                hint=_ORIGINAL,
            )
    return data, np.asarray(fine, dtype=np.int64), names


def _text(name: bytes | str) -> str:
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
