"""The invoke tasks. They parse options, call the other packages, and print.

Example::

    >>> namespace = compose()       # tasks.py does this for ``invoke --list``
    >>> "tf.apply" in namespace.task_names
    True

Each module has one group of tasks, made with :func:`scones.tasks.cli.task`. The modules of ``TOP`` give top-level tasks
(``invoke etl``). The modules of ``NESTED`` give dotted ones (``invoke local.up``). ``train``, ``docs``, ``jobs`` and
``inbox`` give both.
``overview`` is what ``invoke`` alone does. Tasks import heavy libraries in their bodies, so that ``invoke --list``
starts fast.
"""

from importlib import import_module

from invoke import Collection

TOP = (
    "data",
    "tune",
    "registry",
    "threshold",
    "package",
    "run",
    "batch",
    "evaluate",
    "demo",
    "env",
    "notebook",
    "console",
    "cost",
    "down",
)
NESTED = ("ab", "aws", "local", "ci", "tf", "asl", "bench", "model", "checks", "iam")


def compose() -> Collection:
    """The namespace with all of the project's tasks."""
    root = Collection()
    for name in TOP:
        module = Collection.from_module(import_module(f"scones.tasks.{name}"))
        for task in module.tasks.values():
            root.add_task(task)
    for name in NESTED:
        root.add_collection(Collection.from_module(import_module(f"scones.tasks.{name}")), name=name)
    training = Collection("train")
    training.add_task(import_module("scones.tasks.train").train, default=True)
    training.add_task(import_module("scones.tasks.backbone").backbone)
    root.add_collection(training)
    writing = Collection("docs")
    writing.add_task(import_module("scones.tasks.docs").docs, default=True)
    writing.add_task(import_module("scones.tasks.docs").console)
    root.add_collection(writing)
    listing = Collection("jobs")
    listing.add_task(import_module("scones.tasks.jobs").listing, default=True)
    listing.add_task(import_module("scones.tasks.jobs").stop)
    root.add_collection(listing)
    arriving = Collection("inbox")
    arriving.add_task(import_module("scones.tasks.inbox").listing, default=True)
    arriving.add_task(import_module("scones.tasks.inbox").retry)
    root.add_collection(arriving)
    root.add_task(import_module("scones.tasks.overview").overview, default=True)
    return root
