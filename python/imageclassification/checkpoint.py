"""Checkpoints: all that training needs to go on after an epoch as though it had never been interrupted.

::

    job = identity(hyperparameters, seed=0, start=weights, train={"labels": labels}, validation={"labels": held_out})
    checkpoints = CheckpointFolder(root / "checkpoints", job)
    checkpoints.save({"epoch": 3}, {"network/arg:fc1_bias": array})
    values, arrays = checkpoints.load()         # None where there is none yet

One file, ``training-state.npz``, written whole or not at all after each epoch: numpy's format (a zip of ``.npy`` files,
each with a checksum), read without pickle, so that nothing in it is ever executed. Member ``values`` is JSON, as UTF-8
in a uint8 array: ``format`` (1), ``identity`` (what the job is: hyperparameters, seed, starting weights, data) and what
the loop gave. All other members are arrays that the loop names. With ``checkpoint_frequency``, the parameters that the
artifact will hold stand beside it, one ``image-classification-NNNN.params`` each, so that they are written only once.

A checkpoint is used by the very same job only: another's is refused, naming what differs.
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
NEXT = "give the hyperparameters and data that it was begun with, or train without its checkpoints"


class CheckpointFolder:
    """The checkpoint of one job, in a folder.

    Args:
        folder: Where it is; it need not exist.
        identity: What the job is, strings by name; a checkpoint of another identity is refused.
    """

    def __init__(self, folder: Path, identity: Mapping[str, str]) -> None:
        self.folder = folder
        self._identity = dict(identity)

    def save(self, values: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        """Write a checkpoint in place of the last.

        Args:
            values: What JSON can hold, by name.
            arrays: Arrays of numbers by name.
        """
        text = json.dumps({"format": FORMAT, "identity": self._identity, **values}).encode()
        with files.whole(self.folder / FILE) as path, path.open("wb") as file:
            np.savez(file, allow_pickle=False, **{VALUES: np.frombuffer(text, np.uint8)}, **arrays)

    def load(self) -> tuple[dict[str, Any], dict[str, np.ndarray]] | None:
        """The values and arrays that were saved last; None where nothing was.

        Raises:
            UserError: the checkpoint is damaged, or another job's.
        """
        path = self.folder / FILE
        if not path.exists():
            return None
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
                arrays = {name: found[name] for name in found.files}
            values = json.loads(arrays.pop(VALUES).tobytes())
            identity, version = dict(values["identity"]), values["format"]
        except (OSError, ValueError, KeyError, TypeError, EOFError, AttributeError, zipfile.BadZipFile) as error:
            raise damaged(error) from None
        if version != FORMAT:
            raise UserError(f"the checkpoint {FILE} is of format {version}, this package's is {FORMAT}; {NEXT}")
        self._check(identity)
        return values, arrays

    def keep(self, parameters: Mapping[str, np.ndarray], epoch: int) -> None:
        """Set aside parameters that the artifact will hold, written once."""
        files.write(self._parameters(epoch), ndarray.dumps(parameters))

    def kept(self, epoch: int) -> dict[str, np.ndarray]:
        """The parameters that were set aside after an epoch.

        Raises:
            UserError: they are missing or damaged.
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
    """What is raised where a checkpoint does not hold what it should."""
    return UserError(f"the checkpoint {FILE} is damaged ({type(error).__name__}: {error}); train without it")


def identity(
    chosen: Hyperparameters,
    *,
    seed: int,
    start: Mapping[str, np.ndarray],
    train: Mapping[Any, np.ndarray],
    validation: Mapping[Any, np.ndarray],
) -> dict[str, str]:
    """What a job is, so that it goes on from its own checkpoints only.

    Args:
        chosen: The hyperparameters; each is part of it, set or default.
        seed: Where random numbers start.
        start: The weights that training begins with.
        train: Labels of the training images, and some of the images (all would have to be decoded for it).
        validation: Labels and images of the validation channel.

    Returns:
        Names and values; those of arrays are SHA-256 sums.
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
    """SHA-256 of named arrays: their names, types, shapes and values."""
    found = hashlib.sha256()
    for name, array in arrays.items():
        found.update(f"{name} {array.dtype} {array.shape}\n".encode())
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()


def _told(value: str | None) -> str:
    return "unset" if value is None else value[:12] if len(value) == 64 else value
