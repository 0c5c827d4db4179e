"""``invoke train.backbone``: trains a network on the archive's other classes, for ``invoke train --model``.

Example (not run: it needs a running cloud)::

    invoke train.backbone
    invoke train --model s3://BUCKET/models/JOB/output/model.tar.gz --set use_pretrained_model=1
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scones import settings
from scones.tasks import options
from scones.tasks.cli import task
from scones.tasks.results import TaskAnswer
from scones.tasks.results.models import TrainResult
from scones.tasks.terminal import terminal
from scones.tasks.train import ENV, follow, start

if TYPE_CHECKING:
    from invoke import Context


@task(
    result=TrainResult,
    iterable=["set"],
    help={
        "env": ENV,
        "set": "a hyperparameter, NAME=VALUE; NAME= takes the algorithm's default; repeatable",
        "name": "the job's name (default: scones-ENV-DATE-TIME)",
        "recordio": "train on the data set's RecordIO files",
        "yes": "start the job without asking, though AWS charges for it",
    },
)
def backbone(
    context: Context,
    env: str | None = None,
    set: list[str] | None = None,
    name: str | None = None,
    recordio: bool = False,
    yes: bool = False,
) -> TaskAnswer:
    """Train a network on CIFAR-100's other classes, as a start for invoke train --model.

    The network learns all of the archive's classes except the environment's own: 49,000 images, where the environment's
    two classes have a thousand. No weights from elsewhere are used. The images are kept in build/backbone/dataset. The
    model is not registered, because it is not deployed.

    invoke train.backbone
    invoke train.backbone --env dev --set epochs=40 --recordio
    """
    from scones.training.preparing import Order

    environment = settings.load(env)
    console = terminal()
    started = start(
        environment, Order(options.pairs(set), recordio=recordio, backbone=True), console, name=name, yes=yes
    )
    console.print(f"started training job [bold]{started}[/bold]", soft_wrap=True)
    done = follow(environment, started, console)
    console.print(
        f"next: invoke train --model {done.artifact_uri} --set use_pretrained_model=1 --env {environment.name}",
        soft_wrap=True,
        highlight=False,
        markup=False,
    )
    return TaskAnswer(lambda: TrainResult.of(environment.name, done, None, None))
