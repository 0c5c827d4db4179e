"""Checkpoints: an interrupted training goes on after its last epoch and gives the same result.

Example::

    >>> checkpoints = CheckpointFolder(Path("checkpoints"), {"epochs": "30", "SCONES_SEED": "0"})
    >>> checkpoints.load()  # None: there is no checkpoint yet
    >>> checkpoints.save({"epoch": 3}, {"network/arg:fc1_bias": np.zeros(2, np.float32)})
    >>> values, arrays = checkpoints.load()
    >>> values["epoch"], list(arrays)
    (3, ['network/arg:fc1_bias'])
    >>> CheckpointFolder(Path("checkpoints"), {"epochs": "60", "SCONES_SEED": "0"}).load()
    Traceback (most recent call last):
    imageclassification.errors.UserError: the checkpoint is another job's: it has epochs 30, not 60; ...

The file ``training-state.npz`` is written after each epoch, whole or not at all. It has numpy's format: a zip of
``.npy`` files with checksums. It is read without pickle, so nothing in it is executed. The member ``values`` is JSON,
as UTF-8 in a uint8 array. It holds ``format`` (1), ``identity`` (hyperparameters, seed, digests of the starting weights
and of the data) and the values of the training loop. The other members are the loop's arrays, by its names.

With ``checkpoint_frequency``, each epoch's parameters for the artifact are in a file
``image-classification-NNNN.params`` beside it. They are written only once.

A job uses only its own checkpoint. It refuses another job's, and the error names the differences.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from imageclassification import files, ndarray
from imageclassification.artifact import PREFIX
from imageclassification.errors import ArtifactError, UserError
from imageclassification.hyperparameters import Hyperparameters, allowed

FILE = "training-state.npz"
FORMAT = 1
VALUES = "values"
LARGEST = 8 << 30  # bytes of all arrays: a network of the largest size, its best weights and the optimizer's state
NEXT = "use the hyperparameters and the data of that job, or train without its checkpoints"  # for messages


class CheckpointFolder:
    """The checkpoint of one job, in a folder.

    Args:
        folder: Need not exist.
        job: What identifies the job, as :func:`identity` gives it.
    """

    def __init__(self, folder: Path, job: Mapping[str, str]) -> None:
        self.folder = folder
        self._identity = dict(job)

    def save(self, values: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        """Writes a checkpoint in place of the last one.

        Args:
            values: Values that JSON can hold, by name.
            arrays: Arrays of numbers, by name.
        """
        text = json.dumps({"format": FORMAT, "identity": self._identity, **values}).encode()
        with files.whole(self.folder / FILE) as path, path.open("wb") as file:
            np.savez(file, allow_pickle=False, **{VALUES: np.frombuffer(text, np.uint8)}, **arrays)

    def load(self) -> tuple[dict[str, Any], dict[str, np.ndarray]] | None:
        """Reads the values and arrays that were saved last. Returns None if there is no checkpoint.

        Raises:
            UserError: If the checkpoint is damaged, or another job's.
        """
        path = self.folder / FILE
        if not path.exists():
            return None
        try:
            with zipfile.ZipFile(path) as packed:
                if (size := sum(entry.file_size for entry in packed.infolist())) > LARGEST:
                    raise ValueError(f"it has {size:,} bytes when it is unpacked")
            with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
                arrays = {name: found[name] for name in found.files}
            values = json.loads(arrays.pop(VALUES).tobytes())
            whose, version = dict(values["identity"]), values["format"]
        except (
            OSError,
            ValueError,
            KeyError,
            TypeError,
            EOFError,
            AttributeError,
            MemoryError,
            zipfile.BadZipFile,
        ) as error:
            raise damaged(error) from None
        if version != FORMAT:
            raise UserError(
                f"the checkpoint {FILE} has format {version}, but this package reads format {FORMAT}; train without it"
            )
        self._check(whose)
        return values, arrays

    def keep(self, parameters: Mapping[str, np.ndarray], epoch: int) -> None:
        """Writes an epoch's parameters for the artifact beside the checkpoint."""
        files.write(self._parameters(epoch), ndarray.dumps(parameters))

    def kept(self, epoch: int) -> dict[str, np.ndarray]:
        """Reads the parameters that :meth:`keep` wrote for an epoch.

        Raises:
            UserError: If they are missing or damaged.
        """
        try:
            return ndarray.loads(self._parameters(epoch).read_bytes())
        except (OSError, ArtifactError) as error:
            raise damaged(error) from None

    def _parameters(self, epoch: int) -> Path:
        return self.folder / f"{PREFIX}-{epoch:04d}.params"

    def _check(self, found: Mapping[str, str]) -> None:
        names = [*self._identity, *(name for name in found if name not in self._identity)]
        differing = [name for name in names if found.get(name) != self._identity.get(name)]
        if differing:
            pairs = ((name, _told(found.get(name)), _told(self._identity.get(name))) for name in differing)
            told = ", ".join(f"{name} {theirs}, not {ours}" for name, theirs, ours in pairs)
            raise UserError(f"the checkpoint is another job's: it has {told}; {NEXT}")


def damaged(error: Exception) -> UserError:
    """The error for a checkpoint that cannot be used."""
    return UserError(f"the checkpoint {FILE} is damaged ({type(error).__name__}: {error}); train without it")


def identity(
    chosen: Hyperparameters,
    *,
    seed: int,
    start: Mapping[str, np.ndarray],
    train: Mapping[Any, np.ndarray],
    validation: Mapping[Any, np.ndarray],
) -> dict[str, str]:
    """What identifies a job: everything that its result depends on.

    Args:
        chosen: The hyperparameters. Defaults count too.
        seed: The seed of the random numbers.
        start: The weights at the start of the training.
        train: The labels of the training images, and a sample of the images. All of them would have to be decoded.
        validation: The labels and images of the validation channel.

    Returns:
        Strings by name. Arrays are given by their SHA-256 digests.
    """
    written = {entry.name: entry.metadata["rule"].write for entry in fields(chosen) if entry.name in allowed()}
    values = {name: getattr(chosen, name) for name in written}
    return {
        **{name: written[name](value) for name, value in values.items() if value is not None},
        "SCONES_SEED": str(seed),
        "starting weights": digest(start),
        "training data": digest(train),
        "validation data": digest(validation),
    }


def digest(arrays: Mapping[Any, np.ndarray]) -> str:
    """The SHA-256 digest of the names, dtypes, shapes and values of arrays."""
    found = hashlib.sha256()
    for name, array in arrays.items():
        found.update(f"{name} {array.dtype} {array.shape}\n".encode())
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()


def _told(value: str | None) -> str:
    return "unset" if value is None else value[:12] if len(value) == 64 else value
