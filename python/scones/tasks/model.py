"""``invoke model.*``: inspects, runs and exports a model artifact without an endpoint.

Example (not run: it needs a model artifact)::

    invoke model.inspect build/model.tar.gz
    invoke model.predict --artifact s3://BUCKET/models/job/output/model.tar.gz bicycle.jpg photos
    invoke model.export build/model.tar.gz --onnx build/model.onnx
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke.exceptions import Exit

from imageclassification.errors import ImageError
from scones import settings
from scones.errors import CloudError, InputError
from scones.s3 import is_uri
from scones.steps import Waiting, bars
from scones.tasks import options
from scones.tasks.cli import task
from scones.tasks.results import TaskAnswer
from scones.tasks.results.models import InspectResult
from scones.tasks.terminal import terminal
from scones.tasks.views import shown
from scones.tasks.words import TakesMany

if TYPE_CHECKING:
    from invoke import Context
    from rich.console import RenderableType

    from scones.model.registry import PinnedModel
    from scones.settings import Environment

ENV = "the environment, a folder of terraform/environments (default: SCONES_ENV, else local)"
ARTIFACT = "a model.tar.gz, the folder of its files, or s3://BUCKET/KEY"


@task(
    result=InspectResult,
    positional=["artifact"],
    help={"artifact": ARTIFACT, "layers": "also list the layers, with what each gives and its parameters", "env": ENV},
)
def inspect(context: Context, artifact: str, layers: bool = False, env: str | None = None) -> TaskAnswer:
    """Show a model artifact's classes, input, size, epoch, depth and parameters.

    An artifact has no names of its classes. They are known of the pinned model and, for an address in S3, of every
    registered version.

    invoke model.inspect build/model.tar.gz
    invoke model.inspect s3://BUCKET/models/job/output/model.tar.gz --layers
    """
    environment = settings.load(env)
    path = fetched(environment, artifact)
    with Waiting(terminal(stderr=True), "reading"):
        from imageclassification import artifact as artifacts
        from imageclassification import description

        found = description.describe(artifacts.read(path))
    size = path.stat().st_size if path.is_file() else sum(one.stat().st_size for one in path.iterdir())
    known = _registered(environment, artifact, path)
    result = InspectResult.of(found, str(artifact), size, known)
    return TaskAnswer(lambda: result, show=lambda: terminal().print(view(result, layers=layers)))


@task(
    klass=TakesMany,
    iterable=["image"],
    help={
        "image": "a picture, a folder of them, or s3://BUCKET/KEY; repeatable, with or without --image",
        "artifact": f"{ARTIFACT} (default: the pinned model's)",
        "classes": "the classes in label order, comma-separated (default: the pinned model's, for its own artifact)",
        "env": ENV,
    },
)
def predict(
    context: Context, image: list[str], artifact: str | None = None, classes: str | None = None, env: str | None = None
) -> None:
    """Classify images with a model artifact on this machine, and print a line of JSON for each image.

    A line is {"image": "bicycle.jpg", "probabilities": [0.97, 0.03]}, with "labels" and "label" if the classes are
    known. An image that cannot be read gives {"image": …, "error": …}, and exit code 2 after all other images. What a
    folder holds beside pictures is counted and named on stderr.

    invoke model.predict bicycle.jpg photos/*.png
    invoke model.predict --artifact build/model.tar.gz --classes bicycle,motorcycle photos
    """
    from scones.dataset import pictures
    from scones.service import workflow

    aside = terminal(stderr=True)
    images = workflow.images_of(
        image, lambda text: aside.print(text, style="yellow", soft_wrap=True, highlight=False, markup=False)
    )
    if not images:
        raise InputError("no image is given", hint="invoke model.predict IMAGE… (files, folders or s3://BUCKET/KEY)")
    environment = settings.load(env)
    pinned = _pinned(environment, artifact)
    place = artifact if pinned is None else pinned.artifact_uri
    assert place is not None, "_pinned() refuses where neither is there"
    path = fetched(environment, place)
    with Waiting(terminal(stderr=True), "loading"):
        from imageclassification.predictor import Predictor, one_image_at_a_time

        one_image_at_a_time()
        predictor = Predictor.load(path)
    labels = options.names(classes) or (pinned.class_labels if pinned else ())
    if labels and len(labels) != predictor.num_classes:
        raise InputError(f"the artifact has {predictor.num_classes} classes, not {len(labels)}: {', '.join(labels)}")
    read = _reader(environment)
    broken = 0
    for one in images:
        line: dict[str, Any] = {"image": one}
        try:
            (row,) = predictor.probabilities([pictures.sendable(read(one))])
        except (ImageError, CloudError) as error:
            broken += 1
            line["error"] = error.message
        except (OSError, ValueError) as error:
            broken += 1
            line["error"] = (error.strerror if isinstance(error, OSError) else None) or str(error)
        else:
            line["probabilities"] = [float(share) for share in row]
            if labels:
                line["labels"] = list(labels)
                if not predictor.multi_label:
                    line["label"] = labels[int(row.argmax())]
        print(json.dumps(line, ensure_ascii=False), flush=True)
    if broken:
        raise Exit(f"error: {broken} of {len(images)} images could not be answered", code=InputError.exit_code)


@task(
    positional=["artifact"],
    help={"artifact": ARTIFACT, "onnx": "the ONNX file to write, for instance build/model.onnx", "env": ENV},
)
def export(context: Context, artifact: str, onnx: str | None = None, env: str | None = None) -> None:
    """Export a model artifact to ONNX.

    Input 'data': float32 (N, channels, height, width), raw pixels 0 to 255. Output 'probabilities': (N, classes).
    If onnxruntime is installed, the task checks that both models give the same answers.

    invoke model.export build/model.tar.gz --onnx build/model.onnx
    """
    from importlib.util import find_spec

    from rich.filesize import decimal

    from imageclassification import files

    if not onnx:
        raise InputError(
            "--onnx is missing: the file to write", hint="invoke model.export ARTIFACT --onnx build/model.onnx"
        )
    target = options.file(onnx, "--onnx")
    path = fetched(settings.load(env), artifact)
    with Waiting(terminal(stderr=True), "exporting"):
        from imageclassification import artifact as artifacts
        from imageclassification import onnx_export

        found = artifacts.read(path)
        data = onnx_export.export(found)
        difference = onnx_export.check(data, found) if find_spec("onnxruntime") else None
    written = files.write(target, data)
    checked = "" if difference is None else f", answers as ours do (differing by {difference:.0e} at most)"
    terminal().print(f"{shown(written)}: {decimal(len(data))}{checked}", soft_wrap=True, highlight=False)


def fetched(environment: Environment, place: str) -> Path:
    """The local path of an artifact. One in S3 is downloaded, with a progress bar."""
    from scones import aws
    from scones.model import artifacts

    if "://" not in place:
        return artifacts.fetch(environment, place)
    with bars(terminal(stderr=True)) as progress:
        return artifacts.fetch(environment, place, client=aws.client, progress=progress)


def view(found: InspectResult, *, layers: bool = False) -> RenderableType:
    """What is inside an artifact, in lines.

    Args:
        layers: Add a table of the layers.
    """
    from rich.console import Group
    from rich.filesize import decimal
    from rich.table import Table
    from rich.text import Text

    kind = "several labels an image (sigmoid)" if found.multi_label else "one label an image (softmax)"
    trained = f", trained in batches of {found.batch}" if found.batch else ""
    names = ", ".join(found.class_names) if found.class_names else "their names are not known"
    rows = {
        "artifact": f"{found.artifact} ({decimal(found.size)})",
        "version": None if found.version is None else str(found.version),
        "classes": f"{found.classes}: {names}; {kind}",
        "input": f"{_sides(found.image_shape)} (channels, height, width), raw 0 to 255{trained}",
        "epoch": str(found.epoch),
        "depth": f"{found.depth} layers with weights" + ("" if layers else "; --layers lists them all"),
        "parameters": f"{found.parameters:,} ({decimal(found.bytes)}, {', '.join(found.dtypes)})",
        "format": f"MXNet {found.mxnet_version}'s" if found.mxnet_version else "MXNet's, of no version that it names",
    }
    lines = [Text.assemble((f"{name:<12}", "bold"), value) for name, value in rows.items() if value is not None]
    if not layers:
        return Group(*lines)
    table = Table()
    for column in ("layer", "operator", "gives", "parameters"):
        table.add_column(column, justify="right" if column == "parameters" else "left", overflow="fold")
    for layer in found.layers:
        count = f"{layer.parameters:,}" if layer.parameters else ""
        table.add_row(Text(layer.name), Text(layer.operator), _sides(layer.shape), count)
    return Group(*lines, table)


def _registered(environment: Environment, artifact: str, path: Path) -> PinnedModel | None:
    """The registered model that an artifact is. None if it is none that is known.

    The pinned model is known by its address and by its SHA-256. The other versions are asked for only if the artifact
    lies in S3, because then there is a cloud that can be asked.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    from scones.errors import SHOWN, RegistryError
    from scones.model import registry

    with suppress(RegistryError):
        pinned = registry.read_pin(environment.pin_path)
        digest = sha256(path.read_bytes()).hexdigest() if path.is_file() else None
        if artifact == pinned.artifact_uri or digest == pinned.artifact_sha256:
            return pinned
    if is_uri(artifact):
        with suppress(*SHOWN, ClientError, BotoCoreError):
            models = (version.model for version in registry.versions(environment))
            return next((model for model in models if model and model.artifact_uri == artifact), None)
    return None


def _sides(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _pinned(environment: Environment, artifact: str | None) -> PinnedModel | None:
    """The pinned model, if it is the artifact. None for another artifact, whose classes are unknown."""
    from scones.errors import RegistryError
    from scones.model import registry

    try:
        found = registry.read_pin(environment.pin_path)
    except RegistryError:
        if artifact is None:
            raise
        return None
    return found if artifact in (None, found.artifact_uri) else None


def _reader(environment: Environment) -> Callable[[str], bytes]:
    """A function that reads an image's bytes. It makes an S3 client at the first image in S3."""
    client: list[Any] = []

    def read(place: str) -> bytes:
        if not is_uri(place):
            return Path(place).read_bytes()
        from scones import aws
        from scones.model import artifacts
        from scones.s3 import explained

        if not client:
            client.append(aws.client(environment, "s3"))
        bucket, key = artifacts.split(place)
        with explained(f"{place} cannot be read"):
            return client[0].get_object(Bucket=bucket, Key=key)["Body"].read()

    return read
