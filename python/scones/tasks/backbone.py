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
from scones.tasks.train import ENV, begun, follow

if TYPE_CHECKING:
    from invoke import Context


@task(
    result=TrainResult,
    iterable=["set"],
    help={
        "env": ENV,
        "set": "a hyperparameter, NAME=VALUE; NAME= takes the algorithm's default; repeatable",
        "without": "the classes to leave out, comma-separated (default: the environment's)",
        "name": "the job's name (default: scones-ENV-DATE-TIME)",
        "resume": "continue this failed or stopped job: a new job with its data, settings and checkpoints",
        "attach": "follow this existing job instead of starting one",
        "yes": "start the job without asking, though AWS charges for it",
    },
)
def backbone(
    context: Context,
    env: str | None = None,
    set: list[str] | None = None,
    without: str | None = None,
    name: str | None = None,
    resume: str | None = None,
    attach: str | None = None,
    yes: bool = False,
) -> TaskAnswer:
    """Train a network on CIFAR-100's other classes, as a start for invoke train --model.

    The network learns all of the archive's classes except the environment's own, or those of --without: 49,000 images,
    where the environment's two classes have a thousand. Images that stand twice or have two labels are left out. No
    weights from elsewhere are used. The images are kept in build/backbone/dataset. The model is not registered, because
    it is not deployed.

    Every epoch writes a checkpoint. The job goes on when this task is interrupted: --attach follows it again. --resume
    continues a job that failed or was stopped.

    invoke train.backbone
    invoke train.backbone --env dev --set epochs=40
    invoke train.backbone --without lion,tiger,leopard
    invoke train.backbone --resume scones-local-20260101-120000
    """
    from scones.dataset import labels
    from scones.training.preparing import Order

    environment = settings.load(env)
    console = terminal()
    settled = {"--set": set, "--without": without}

    def order() -> Order:
        classes = labels.parse(without) if without else None
        return Order(options.pairs(set), classes=classes, backbone=True)

    attach = begun(environment, console, order, settled, attach=attach, resume=resume, name=name, yes=yes)
    done = follow(environment, attach, console, task="invoke train.backbone")
    console.print(
        f"next: invoke train --model {done.artifact_uri} --set use_pretrained_model=1 --env {environment.name}",
        soft_wrap=True,
        highlight=False,
        markup=False,
    )
    return TaskAnswer(lambda: TrainResult.of(environment.name, done, None, None))
