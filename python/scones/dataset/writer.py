"""Builds a data set on disk from a source.

Example::

    >>> from scones.dataset import Sample
    >>> dataset = build(Sample(train=4, test=1), ("bicycle", "motorcycle"), Path("build/dataset"))
    >>> sorted(path.name for path in Path("build/dataset").iterdir())
    ['dataset.json', 'test', 'test.lst', 'train', 'train.lst', 'validation', 'validation.lst']

A data set is written to a temporary folder beside ``out`` and then moved, so ``out`` is never incomplete. The same
source, classes and seed give the same bytes. If ``out`` already has them, nothing is written.
"""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from imageclassification import files
from scones.dataset import labels, split, stored
from scones.dataset.checks import check
from scones.dataset.contents import SIDE, Contents, Images, Source
from scones.dataset.folder import Folder
from scones.dataset.other import WithOther, choose, with_nothing
from scones.dataset.progress import begin
from scones.dataset.records import write_records
from scones.dataset.stored import DESCRIPTION, SPLITS, Dataset
from scones.errors import DatasetError

if TYPE_CHECKING:
    from rich.progress import Progress

VALIDATION_SHARE = 0.1


def build(
    source: Source,
    classes: Sequence[str],
    out: Path,
    *,
    seed: int = 0,
    skip_bad: bool = False,
    recordio: bool = False,
    classes_from: str = "option",
    progress: Progress | None = None,
) -> Dataset:
    """Build a data set in ``out``, unless it is already there.

    Args:
        source: Archive, Download, Folder or Sample; or one of them in :class:`scones.dataset.other.WithOther`, for the
            class ``other``.
        classes: Class names, without ``other``. The first one gets label 0, the next one label 1, and so on.
        out: The data set's folder. Another data set in it is replaced.
        seed: Chooses the validation images. They are a tenth of each class's training images.
        skip_bad: Leave out images that cannot be used, and list them in ``dataset.json``. Without it they are an error.
        recordio: Also write RecordIO files. Existing ones of the same data set stay either way.
        classes_from: ``option`` if a person named the classes, ``environment`` if they are the environment's. It is
            kept in ``dataset.json``, for :func:`scones.dataset.standing.agreeing`.
        progress: Shows progress bars. None shows nothing.

    Raises:
        DatasetError: the source, the classes or ``out`` cannot be used.
    """
    classes = labels.check(classes)
    own = source.source if isinstance(source, WithOther) else source
    if seed < 0:
        raise DatasetError(f"the seed must be 0 or more, not {seed}")
    _sweep(out)
    _refuse_foreign(out)
    identity = source.identity()
    wanted = {
        "format": stored.FORMAT,
        "classes": list(labels.complete(classes, other=own is not source)),
        "classes_from": classes_from,
        "seed": seed,
        "source": {"kind": identity.kind, "name": identity.name, "sha256": identity.sha256},
        "validation_share": VALIDATION_SHARE,
        "image_shape": [3, SIDE, SIDE],
    }
    if isinstance(own, Folder):
        wanted |= {"image_shape": [3, own.size, own.size], "fit": own.fit}
    if isinstance(source, WithOther):
        wanted["other_from"] = source.wanted()
    dataset = _same(out, wanted, skip_bad) or _build(source, wanted, out, skip_bad, progress)
    if recordio:
        write_records(dataset, progress=progress)
    return dataset


def _build(source: Source, wanted: dict[str, Any], out: Path, skip_bad: bool, progress: Progress | None) -> Dataset:
    classes, seed = tuple(wanted["classes"]), wanted["seed"]
    asked = classes[:-1] if isinstance(source, WithOther) else classes
    contents = check(source.read(asked, seed=seed, skip_bad=skip_bad, progress=progress), asked, skip_bad=skip_bad)
    if isinstance(source, WithOther):
        chosen = choose(contents, asked, seed=seed, times=source.times, skip_bad=skip_bad)
        contents, wanted = chosen.contents, wanted | {"other": {"kinds": chosen.kinds}}
    train, validation = split.split(
        contents.train, classes, share=VALIDATION_SHARE, seed=seed, aside="validation", keep=2
    )
    if isinstance(source, WithOther):
        learnt = with_nothing(train, len(asked), seed=seed)
        wanted["other"]["nothing"] = len(learnt) - len(train)
        train = learnt
    splits = {"train": _named(train), "validation": _named(validation), "test": _named(contents.test)}
    description = wanted | _described(splits, classes, contents)
    _write(splits, description, out, progress)
    return stored.load(out)


def png(pixels: np.ndarray) -> bytes:
    """Encode (rows, columns, 3) uint8 RGB pixels as PNG. Every machine writes the same bytes.

    The pixels are not compressed. Compressed bytes would depend on the version of zlib, and two machines would upload
    the same data set twice. At this size, compression saves only a quarter.
    """
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG", compress_level=0)
    return buffer.getvalue()


def _same(out: Path, wanted: dict[str, Any], skip_bad: bool) -> Dataset | None:
    """The data set in ``out``, if it is complete and matches ``wanted``."""
    try:
        there = stored.load(out)
        if any(there.description.get(key) != value for key, value in wanted.items()):
            return None
        if there.description.get("skipped") and not skip_bad:
            return None
        there.verify()
    except DatasetError:
        return None
    return there


def _refuse_foreign(out: Path) -> None:
    """Refuse to replace a folder that is not a data set. It may hold a user's files. Empty folders in it are none."""
    if out.is_dir() and not (out / DESCRIPTION).is_file():
        file = next((path for path in out.rglob("*") if path.is_symlink() or not path.is_dir()), None)
        if file is not None:
            raise DatasetError(
                f"{out} holds files that are no data set's, such as {file.relative_to(out)}: it would be replaced",
                hint=f"move them away, or name another folder: --out DIR; if nobody needs them: "
                f"rm -r {shlex.quote(str(out))}",
            )
    if out.exists() and not out.is_dir():
        raise DatasetError(f"{out} is a file; the data set needs a folder", hint="name another one: --out DIR")


def _named(images: Images) -> Images:
    """Give the images safe and unique file names, also for file systems that ignore case."""
    used: set[str] = set()
    names = []
    for name in images.names:
        path = PurePosixPath(_safe(name))
        unique, number = path.name, 1
        while unique.lower() in used:
            number += 1
            unique = f"{path.stem}-{number}{path.suffix}"
        used.add(unique.lower())
        names.append(unique)
    return Images(images.pixels, images.labels, tuple(names))


def _safe(name: str) -> str:
    # Names come from the archive. A name such as ../../.bashrc must not become a path.
    if name != PurePosixPath(name).name or name.startswith(".") or re.search(r'[\x00-\x1f\x7f\\/:*?"<>|]', name):
        raise DatasetError(
            f"an image is named {name!r}, which is no plain file name",
            hint="the archive was tampered with, or the file must be renamed",
        )
    return name if name.lower().endswith(".png") else f"{name}.png"


def _described(splits: dict[str, Images], classes: tuple[str, ...], contents: Contents) -> dict[str, Any]:
    train = splits["train"]
    means = {name: train.pixels[train.labels == label].mean(axis=(0, 1, 2)) for label, name in enumerate(classes)}
    return {
        "counts": {
            name: {one: int(np.sum(images.labels == label)) for label, one in enumerate(classes)}
            for name, images in splits.items()
        },
        "fingerprint": stored.fingerprint(splits, classes),
        "means": {name: [round(float(value), 4) for value in mean] for name, mean in means.items()},
        "skipped": [{"file": problem.file, "reason": problem.reason} for problem in contents.problems],
    }


def _write(splits: dict[str, Images], description: dict[str, Any], out: Path, progress: Progress | None) -> None:
    making, old = _beside(out, "new"), _beside(out, "old")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        making.mkdir()
        done = begin(progress, "Writing PNGs", sum(len(images) for images in splits.values()))
        for name in SPLITS:
            _write_split(making, name, splits[name], done)
        text = json.dumps(description, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        (making / DESCRIPTION).write_text(text, encoding="utf-8", newline="\n")
        if out.exists():
            out.rename(old)
        making.rename(out)
    except OSError as error:
        raise DatasetError(
            f"{out} cannot be written: {error.strerror or error}", hint="is there room for it, and may you write there?"
        ) from error
    finally:
        if old.exists() and not out.exists():
            old.rename(out)
        for left in (making, old):
            shutil.rmtree(left, ignore_errors=True)


def _write_split(root: Path, name: str, images: Images, done: Callable[[int], None]) -> None:
    folder = root / name
    folder.mkdir()
    lines = []
    for index, (pixels, label, file) in enumerate(zip(images.pixels, images.labels, images.names, strict=True)):
        (folder / file).write_bytes(png(pixels))
        lines.append(f"{index}\t{label}\t{file}\n")
        done(1)
    (root / f"{name}.lst").write_text("".join(lines), encoding="utf-8", newline="\n")


def _beside(out: Path, what: str) -> Path:
    return out.parent / f".{out.name}.{what}.{os.getpid()}"


def _sweep(out: Path) -> None:
    """Remove the temporary folders of killed runs. Put back a data set that such a run had moved away."""
    if not out.parent.is_dir():
        return
    pattern = re.compile(re.escape(f".{out.name}.") + r"(new|old)\.(\d+)")
    for path in out.parent.iterdir():
        found = pattern.fullmatch(path.name)
        if found and (int(found[2]) == os.getpid() or not files.is_alive(int(found[2]))):
            # Only a whole one is put back: somebody may have emptied it.
            if found[1] == "old" and not out.exists() and (path / DESCRIPTION).is_file():
                path.rename(out)
            else:
                shutil.rmtree(path, ignore_errors=True)
