"""Reads and writes model artifacts: the ``model.tar.gz`` that SageMaker's Image Classification trains and serves.

The archive holds three files at its root: ``image-classification-NNNN.params`` (NNNN is the epoch),
``image-classification-symbol.json`` and ``model-shapes.json``.

Example::

    >>> from imageclassification import symbol
    >>> from imageclassification.network import Network
    >>> graph = symbol.resnet(20, 2, (3, 28, 28))
    >>> weights = Network.fresh(graph, (3, 28, 28), seed=0).parameter_arrays()
    >>> made = Artifact(graph, weights, [{"name": "data", "shape": [32, 3, 28, 28]}], epoch=1)
    >>> path = write("build/model.tar.gz", made)
    >>> read(path).image_shape, read(path).num_classes
    ((3, 28, 28), 2)
"""

from __future__ import annotations

import gzip
import io
import json
import math
import os
import re
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from imageclassification import files, legacy, memory, ndarray, program, tarballs
from imageclassification.errors import ArtifactError, NoArtifactError
from imageclassification.hyperparameters import LARGEST_SIDE

PREFIX = "image-classification"
SYMBOL = f"{PREFIX}-symbol.json"
SHAPES = "model-shapes.json"
PARAMETERS = re.compile(rf"{PREFIX}-(\d{{4,9}})\.params")
CHECKPOINT = re.compile(r"(?P<prefix>.+)-(?P<epoch>\d{4,9})\.params")
IMAGENET = (3, 224, 224)
LARGEST_FILE = 1 << 30  # bytes; the parameters of 200 layers take 260 MB
LARGEST_TEXT = 1 << 22  # bytes; the symbol of 200 layers takes 600 kB
READ_SIZE = 1 << 20


@dataclass(frozen=True)
class Artifact:
    """A trained model.

    Attributes:
        symbol: MXNet's symbol graph of the network.
        parameters: float32 or float16 weights (``arg:…``) and running statistics (``aux:…``) by name.
        shapes: The content of ``model-shapes.json``: ``[{"name": "data", "shape": [32, 3, 28, 28]}]``. The first
            number is the batch size of the training.
        epoch: The epoch of the parameters, counted from 1.
    """

    symbol: Mapping[str, Any]
    parameters: Mapping[str, np.ndarray]
    shapes: list[dict[str, Any]]
    epoch: int

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the input.

        Raises:
            ArtifactError: If ``model-shapes.json`` does not give the shape, or gives an impossible one.
        """
        try:
            (shape,) = (entry["shape"] for entry in self.shapes if entry["name"] == "data")
            _, channels, height, width = (int(side) for side in shape)
        except (KeyError, TypeError, ValueError, OverflowError):
            raise ArtifactError(f"{SHAPES} does not give the shape of 'data': {self.shapes!r}") from None
        if not (channels > 0 and 0 < height <= LARGEST_SIDE and 0 < width <= LARGEST_SIDE):
            raise ArtifactError(f"{SHAPES} gives 'data' an impossible shape: {shape}")
        return channels, height, width

    @property
    def num_classes(self) -> int:
        """The number of classes."""
        return program.shapes(program.read(self.symbol), self.image_shape, self._arrays()).scores[1]

    def check(self) -> None:
        """Checks that the parameters fit the symbol.

        Raises:
            ArtifactError: If the symbol cannot be run, or a parameter is missing, has a wrong shape or is not finite,
                or the network takes more memory than a network of the algorithm.
        """
        found = program.read(self.symbol)
        for name in found.parameters.values():
            if name not in self.parameters:
                raise ArtifactError(f"the artifact's parameters lack '{name}', which its symbol needs")
            if not np.isfinite(self.parameters[name]).all():
                raise ArtifactError(
                    f"the artifact's '{name}' has values that are no numbers (NaN or infinity)",
                    hint="its training diverged; train again, for instance with a smaller learning_rate",
                )
        memory.check(memory.need(found, program.shapes(found, self.image_shape, self._arrays())))

    def _arrays(self) -> dict[str, tuple[int, ...]]:
        return {name: array.shape for name, array in self.parameters.items()}


def read(path: str | os.PathLike[str]) -> Artifact:
    """Reads an artifact from a ``model.tar.gz``, from a folder with the three files, or from a checkpoint of MXNet.

    A checkpoint is a file ``PREFIX-NNNN.params`` with ``PREFIX-symbol.json`` beside it. MXNet's model zoo has its
    networks in this form, for instance ``resnet-18-0000.params``. The shape of the images is not in it: it is taken to
    be ``IMAGENET``.

    If there are parameters of several epochs, the last epoch's are read. Nothing is unpacked to disk. A symbol that an
    old version of MXNet has written is upgraded.

    Raises:
        ArtifactError: If the path does not exist or is not an archive, or if the files in it are missing, damaged or do
            not fit one another.
    """
    path = Path(path)
    if path.name.endswith(".params"):
        return _checkpoint(path)
    try:
        found = _folder_files(path) if path.is_dir() else _archive_files(path)
    except FileNotFoundError:
        raise NoArtifactError(f"there is no model artifact at {path}") from None
    except (OSError, *tarballs.DAMAGED) as error:
        raise ArtifactError(f"{path} is not a model.tar.gz: {error}") from None
    epochs = {epoch: name for name in found if (epoch := _epoch(name)) is not None}
    lacking = [name for name in (SYMBOL, SHAPES) if name not in found]
    if not epochs:
        lacking.append(f"{PREFIX}-NNNN.params")
    if lacking:
        raise ArtifactError(
            f"{path} is not an Image Classification artifact: it lacks {', '.join(lacking)}",
            hint=f"it has: {', '.join(sorted(found)) or 'nothing'}",
        )
    ((epoch, parameters),) = epochs.items()
    artifact = Artifact(
        symbol=legacy.upgraded(_json(found[SYMBOL], SYMBOL, dict)),
        parameters=ndarray.loads(found[parameters]),
        shapes=_json(found[SHAPES], SHAPES, list),
        epoch=epoch,
    )
    artifact.check()
    return artifact


def _checkpoint(path: Path) -> Artifact:
    named = CHECKPOINT.fullmatch(path.name)
    if named is None:
        raise ArtifactError(
            f"{path} is not named as a checkpoint of MXNet, PREFIX-NNNN.params",
            hint="an example: resnet-18-0000.params",
        )
    symbol = path.with_name(f"{named['prefix']}-symbol.json")
    held = {}
    for file, most in ((path, LARGEST_FILE), (symbol, LARGEST_TEXT)):
        if not file.is_file():
            raise NoArtifactError(
                f"there is no {file}", hint=f"a checkpoint of MXNet is two files: {path.name} and {symbol.name}"
            )
        if (size := file.stat().st_size) > most:
            raise ArtifactError(f"{file} has {size:,} bytes, more than a model has")
        held[file] = file.read_bytes()
    artifact = Artifact(
        symbol=legacy.upgraded(_json(held[symbol], symbol.name, dict)),
        parameters=ndarray.loads(held[path]),
        shapes=[{"name": "data", "shape": [1, *IMAGENET]}],
        epoch=int(named["epoch"]),
    )
    artifact.check()
    return artifact


def epochs(path: str | os.PathLike[str]) -> list[int]:
    """The epochs whose parameters are in a ``model.tar.gz``, in order. Several with ``checkpoint_frequency``.

    Raises:
        ArtifactError: If the path does not exist or is not an archive.
    """
    try:
        with (
            _Unpacked(Path(path)) as stream,
            tarfile.open(fileobj=stream, mode="r|", tarinfo=tarballs.BoundedMember) as archive,
        ):
            found = (_epoch(member.name.removeprefix("./")) for member in tarballs.members(archive))
            return sorted(epoch for epoch in found if epoch is not None)
    except FileNotFoundError:
        raise NoArtifactError(f"there is no model artifact at {path}") from None
    except (OSError, *tarballs.DAMAGED) as error:
        raise ArtifactError(f"{path} is not a model.tar.gz: {error}") from None


def write(path: str | os.PathLike[str], artifact: Artifact, *, beside: bool = False) -> Path:
    """Writes an artifact. Returns the path.

    Each file appears whole or not at all. Equal artifacts give archives with equal bytes.

    Args:
        path: An archive is written if the path ends in ``.tar.gz``, a folder with the three files otherwise.
        artifact: The artifact.
        beside: Keeps the parameters of other epochs in the folder. Otherwise they are removed after the new parameters
            have been written.
    """
    path = Path(path)
    parameters = f"{PREFIX}-{artifact.epoch:04d}.params"
    contents = {
        SYMBOL: json.dumps(artifact.symbol, indent=2).encode(),
        SHAPES: json.dumps(artifact.shapes).encode(),
        parameters: ndarray.dumps(artifact.parameters),
    }
    if path.name.endswith(".tar.gz"):
        return files.write(path, _archive(contents))
    for name, data in contents.items():
        files.write(path / name, data)
    for earlier in path.glob(f"{PREFIX}-*.params"):
        if earlier.name != parameters and not beside:
            earlier.unlink()
    return path


def _archive(contents: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", mtime=0, compresslevel=6) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for name in sorted(contents):
            member = tarfile.TarInfo(name)
            member.size = len(contents[name])
            archive.addfile(member, io.BytesIO(contents[name]))
    return packed.getvalue()


class _Files:
    """The artifact's files found so far. Of the parameters, only the last epoch's are kept."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.found: dict[str, bytes] = {}

    def wants(self, name: str, size: int) -> bool:
        """Whether to read a file of this name and size (in bytes).

        Raises:
            ArtifactError: If the file belongs to the artifact and is larger than a model's.
        """
        epoch = _epoch(name)
        if epoch is None and name not in (SYMBOL, SHAPES):
            return False
        if epoch is not None and any(epoch < (_epoch(other) or 0) for other in self.found):
            return False
        if size > (LARGEST_TEXT if epoch is None else LARGEST_FILE):
            raise ArtifactError(f"{self.path} has a {name} of {size:,} bytes, more than a model has")
        return True

    def add(self, name: str, data: bytes) -> None:
        if _epoch(name) is not None:
            self.found = {other: kept for other, kept in self.found.items() if _epoch(other) is None}
        self.found[name] = data


def _epoch(name: str) -> int | None:
    match = PARAMETERS.fullmatch(name)
    return int(match[1]) if match else None


def _folder_files(path: Path) -> dict[str, bytes]:
    held = _Files(path)
    for file in sorted(path.iterdir()):
        if file.is_file() and held.wants(file.name, file.stat().st_size):
            held.add(file.name, file.read_bytes())
    return held.found


class _Unpacked(io.RawIOBase):
    """The content of a gzip file, up to a size."""

    def __init__(self, path: Path) -> None:
        self._stream = gzip.open(path)  # noqa: SIM115 - closed by close
        self._left = tarballs.LARGEST

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._stream.read(len(buffer))
        self._left -= len(part)
        if self._left < 0:
            raise ValueError(f"it has more than {tarballs.LARGEST:,} bytes when it is unpacked")
        buffer[: len(part)] = part
        return len(part)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _archive_files(path: Path) -> dict[str, bytes]:
    """The artifact's files in an archive. Skips links, devices, sparse files and other names."""
    held = _Files(path)
    with _Unpacked(path) as stream, tarfile.open(fileobj=stream, mode="r|", tarinfo=tarballs.BoundedMember) as archive:
        for member in tarballs.members(archive):
            name = member.name.removeprefix("./")
            if tarballs.is_plain(member) and held.wants(name, member.size):
                file = archive.extractfile(member)
                assert file is not None  # tarfile returns None only for members that are not files
                held.add(name, file.read(member.size))
        # gzip's checksum is at the end. Reading up to it detects an archive that is cut short.
        while stream.read(READ_SIZE):
            pass
    return held.found


def _json(data: bytes, name: str, kind: type) -> Any:
    try:
        found = json.loads(data, parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise ArtifactError(f"the artifact's {name} is not JSON: {error}") from None
    if not isinstance(found, kind):
        raise ArtifactError(f"the artifact's {name} holds a {type(found).__name__}, not a {kind.__name__}")
    return found


def _no_number(constant: str) -> None:
    """Refuses what Python's JSON allows beyond the format: NaN and Infinity."""
    raise ValueError(f"{constant} is no number")


def _finite(digits: str) -> float:
    if not math.isfinite(found := float(digits)):
        raise ValueError(f"{digits} is too large for a number")
    return found
