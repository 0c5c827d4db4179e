"""``invoke etl``: builds the data set from a source of images, and uploads it.

Example (not run: it is a command line)::

    invoke etl --archive cifar-100-python.tar.gz --classes bus,train,tank
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scones import settings
from scones.errors import DatasetError, InputError
from scones.steps import bars
from scones.tasks import options
from scones.tasks.cli import task
from scones.tasks.results import TaskAnswer
from scones.tasks.results.models import EtlResult
from scones.tasks.terminal import terminal

if TYPE_CHECKING:
    from invoke import Context
    from rich.progress import Progress

    from scones.dataset import Dataset
    from scones.settings import Environment


@task(
    result=EtlResult,
    help={
        "archive": "CIFAR-100's cifar-100-python.tar.gz, or a part of it in the same layout",
        "download": "download CIFAR-100 from the University of Toronto (169 MB; resumed, checked, kept under build/)",
        "folder": "a folder of pictures of any size and form, with a subfolder for each class",
        "size": "with --folder: the side in pixels of the squares that the pictures become, 32 to 512 (default: 32)",
        "fit": "with --folder: crop to the square in the middle, pad with grey bars, or stretch (default: crop)",
        "sample": "bicycles and motorcycles drawn by code, without a file and without a network",
        "classes": "the classes in label order, comma-separated (default: the environment's)",
        **options.OTHER,
        "other": "also a class 'other', of images that are of none of the classes, as many as a class has",
        "other-without": "what no picture of 'other' shows, comma-separated, to measure on it: invoke bench.foreign",
        "other-times": "how many times as many training images 'other' has as a class (default: 1)",
        "out": "the data set's folder (default: build/dataset)",
        "seed": "the seed that chooses the validation images, a tenth of each class's training images (default: 0)",
        "skip-bad": "skip and list unusable files instead of stopping",
        "recordio": "also write train.rec, validation.rec and test.rec, the form that the algorithm recommends",
        "upload": "also upload the data set to the environment's bucket, or to --bucket",
        "bucket": "the bucket to upload to (default: the foundation stack's)",
        "env": "the environment, a folder of terraform/environments (default: SCONES_ENV, else local)",
    },
)
def etl(
    context: Context,
    archive: str | None = None,
    download: bool = False,
    folder: str | None = None,
    sample: bool = False,
    classes: str | None = None,
    env: str | None = None,
    out: str | None = None,
    seed: str | None = None,
    skip_bad: bool = False,
    recordio: bool = False,
    upload: bool = False,
    bucket: str | None = None,
    size: str | None = None,
    fit: str | None = None,
    other: bool = False,
    no_other: bool = False,
    other_folder: str | None = None,
    other_without: str | None = None,
    other_times: str | None = None,
) -> TaskAnswer:
    """Build the data set in build/dataset: images, .lst files and dataset.json.

    Without a source option, the task takes the first that works: the archive named by CIFAR100_ARCHIVE, an earlier
    download of CIFAR-100, a new download, or images drawn by code. It prints its choice. It does not replace a data set
    of another source then; with a source option it does, and says so. invoke train and invoke tune take the data set as
    it stands. The same source, classes and seed give the same bytes, and a second run is quick. Nine tenths of the
    source's training images are for training, one tenth is for validation. The test images are the source's own; of a
    folder, a sixth of each class. PNG, JPEG, WebP, GIF (first frame), TIFF and BMP are read, and HEIC after pip install
    pillow-heif. Pictures are turned as EXIF says, and keep their shape unless --fit is stretch.

    With --other, the model learns to say that an image is of none of the classes: the workflow then refuses it with
    NotOneOfTheClasses. The images are drawn with the seed, evenly over the source's other classes, or from
    --other-folder. Half as many again show nothing: one colour, a shade, noise, text. dataset.json lists what the
    images are of. The classes of the environment may say "other": true.

    invoke etl --sample
    invoke etl --archive cifar-100-python.tar.gz --classes bus,train,tank
    invoke etl --recordio
    invoke etl --archive cifar-100-python.tar.gz --other
    invoke etl --folder pictures --classes scooter,bicycle --size 64 --skip-bad --upload --env dev
    """
    from rich.text import Text

    from scones import dataset
    from scones.dataset import labels, standing
    from scones.dataset.contents import SIDE
    from scones.dataset.download import Download
    from scones.dataset.folder import LARGEST, SMALLEST
    from scones.dataset.other import TIMES
    from scones.dataset.pictures import told
    from scones.dataset.view import announcement, summary

    given = [option for option, value in (("--archive", archive), ("--download", download), ("--folder", folder),
                                          ("--sample", sample)) if value]  # fmt: skip
    if len(given) > 1:
        raise InputError(
            f"one source is needed, not {len(given)}: {', '.join(given)}", hint="give one of them, or none"
        )
    if not folder and (size or fit):
        raise InputError(
            "--size and --fit are for the pictures of a --folder: the other sources' images are squares of 32 pixels"
        )
    side = options.whole_number(size, "--size", default=SIDE, least=SMALLEST, most=LARGEST)
    environment = settings.load(env)
    number = options.whole_number(seed, "--seed", default=0, least=0)
    times = options.whole_number(other_times, "--other-times", default=TIMES, most=20)
    asked = replace(
        options.other(other or bool(other_without or other_times), no_other, other_folder),
        own=environment.other,
        without=options.names(other_without),
        times=times,
    )
    chosen = labels.parse(classes) if classes else environment.classes
    target = options.folder(out, "--out") if out else environment.build / "dataset"
    cache = environment.downloads / "downloads"
    how: dict[str, Any] = {
        "seed": number,
        "skip_bad": skip_bad,
        "recordio": recordio,
        "classes_from": "option" if classes or asked.given is not None else "environment",
    }
    before = _standing(target)
    console = terminal()
    with bars(console) as progress:
        source: dataset.Archive | dataset.Folder | dataset.Sample | Download | None = None
        if archive:
            source = dataset.Archive(Path(archive).expanduser())
        elif folder:
            source = dataset.Folder(Path(folder).expanduser(), side, fit or "crop")
        elif sample:
            source = dataset.Sample()
        elif download:
            source = Download(cache, progress=progress)
        if source is None:
            ensured = dataset.ensure(chosen, target, cache=cache, progress=progress, other=asked, **how)
        else:
            built = dataset.build(asked.over(source), chosen, target, progress=progress, **how)
            ensured = dataset.Ensured(built, source.title, f"asked for with {given[0]}")
    console.print(announcement(ensured), soft_wrap=False)  # it has a border
    console.print(summary(ensured.dataset))
    if isinstance(source, dataset.Folder):
        told(source.passed_over(chosen), source.path, lambda text: console.print(Text(text), soft_wrap=True))
    if (loose := dataset.WithOther(source or dataset.Sample(), asked.folder).loose) is not None:
        told(loose.passed_over(), loose.path, lambda text: console.print(Text(text), soft_wrap=True))
    if before is not None and before.fingerprint != ensured.dataset.fingerprint:
        said = f"it has replaced {standing.described(before)}"
        console.print(said, soft_wrap=True, highlight=False, markup=False)
    uri = None
    if upload or bucket:
        with bars(console) as progress:
            uri = _upload(ensured.dataset, environment, bucket, progress)
        console.print(f"uploaded to {uri}")
    elif not out:  # invoke train reads the default folder
        words = ["invoke train", *(["--recordio"] if recordio else []), *([f"--env {environment.name}"] if env else [])]
        console.print(f"next: {' '.join(words)}", soft_wrap=True, highlight=False)
    return TaskAnswer(lambda: EtlResult.of(ensured, before.fingerprint if before else None, uri))


def _standing(target: Path) -> Dataset | None:
    """The data set that stands in the folder. None also for one that cannot be read."""
    from scones.dataset import standing

    with suppress(DatasetError):
        return standing.standing(target)
    return None


def _upload(dataset: Any, environment: Environment, bucket: str | None, progress: Progress) -> str:
    from scones import aws
    from scones.dataset import transfer

    if not bucket:
        from scones.terraform import Stack

        bucket = Stack(environment, "foundation").outputs()["bucket"]
    s3 = aws.client(environment, "s3", max_connections=transfer.THREADS)
    return transfer.upload(dataset, s3, bucket, progress=progress)
