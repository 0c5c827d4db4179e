"""``invoke train.backbone``: a network that has seen the archive's other classes, for ``invoke train --model``.

Example::

    invoke train.backbone
    invoke train --model s3://BUCKET/models/JOB/output/model.tar.gz --set use_pretrained_model=1
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scones import settings
from scones.tasks import options
from scones.tasks.cli import task
from scones.tasks.train import ENV, follow, start

if TYPE_CHECKING:
    from invoke import Context


@task(
    iterable=["set"],
    help={
        "env": ENV,
        "set": "a hyperparameter, NAME=VALUE (NAME= for the algorithm's own default); may be given many times",
        "name": "the job's name; scones-ENV-DATE-TIME where not given",
        "recordio": "train on the data set's RecordIO files",
        "yes": "do not ask before something that costs money is started",
    },
)
def backbone(
    context: Context,
    env: str | None = None,
    set: list[str] | None = None,
    name: str | None = None,
    recordio: bool = False,
    yes: bool = False,
) -> None:
    """Train a network on the archive's other classes, from whose weights invoke train --model starts.

    All of CIFAR-100's classes but the environment's own are learned: shapes and colours of 49,000 more pictures, where
    the environment's classes have a thousand. No weights from elsewhere are used. The images are kept in
    build/backbone/dataset; the model is not registered, as it is not one to deploy.

    invoke train.backbone
    invoke train.backbone --env dev --set epochs=40 --recordio
    """
    from rich.console import Console

    from scones.training.preparing import Order

    environment = settings.load(env)
    console = Console()
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
