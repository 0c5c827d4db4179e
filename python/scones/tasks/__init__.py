"""The invoke namespaces: thin tasks that parse, call and print.

Example::

    namespace = compose()       # in tasks.py: what ``invoke --list`` shows

Each module holds one group of tasks made with :func:`scones.tasks.cli.task`. Modules named in ``TOP`` give
top-level tasks (``invoke etl``); those named in ``NESTED`` give dotted ones (``invoke local.up``); ``train`` is both.
Heavy libraries are imported inside the tasks, so that ``invoke --list`` answers at once.
"""

from importlib import import_module

from invoke import Collection

TOP = ("data", "tune", "registry", "threshold", "package", "run", "evaluate", "demo", "env", "docs", "cost", "down")
NESTED = ("ab", "local", "ci", "tf", "asl", "bench", "model", "checks", "iam")


def compose() -> Collection:
    """The project's whole namespace."""
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
    return root
