"""``invoke`` alone: the tasks by what one wants to do.

Example::

    >>> grouped(["demo", "train", "tf.apply", "bench.serve"])["try it"]
    ['demo']
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from scones.tasks.cli import task
from scones.tasks.terminal import terminal

if TYPE_CHECKING:
    from invoke import Context

#: The commands that a new user needs, in their order.
FIRST = (
    ("invoke demo", "see all of it run on this machine, in some minutes"),
    ("invoke local.up", "start the local cloud: AWS's APIs on this machine, without an account"),
    ("invoke etl --folder photos --classes a,b", "make a data set of your own pictures, a folder for each class"),
    ("invoke train", "train a model on it, and register it"),
    ("invoke tf.apply", "put the endpoint, the functions and the state machine in place"),
    ("invoke execute --image one.jpg", "classify a picture"),
    ("invoke console --open", "see all of it in the browser"),
    ("invoke evaluate", "see how often the model is right"),
    ("invoke capture", "see what was asked and how sure the answers were, as a page"),
    ("invoke down", "take everything away that costs money"),
)
#: What one wants to do, with the tasks for it. A name that ends in a dot stands for all tasks of that group.
GROUPS = {
    "try it": ("demo", "console", "local.", "model.predict", "notebook"),
    "train": ("etl", "train", "tune", "jobs", "jobs.", "train.", "register", "models", "pin", "threshold"),
    "serve": ("package", "tf.apply", "tf.plan", "execute", "ab."),
    "look": ("evaluate", "capture", "model.", "cost", "budget", "tf.output", "asl.", "env"),
    "operate": ("batch", "inbox", "inbox.", "down", "tf.", "aws.", "ci."),
}
REST = "develop"


@task
def overview(context: Context) -> None:
    """Show the tasks by what you want to do. It is what invoke alone does."""
    from rich.text import Text

    from scones.tasks import compose

    console = terminal()
    wide = max(len(command) for command, _ in FIRST)
    for command, what in FIRST:
        console.print(Text.assemble((f"{command:<{wide}}", "bold"), f"  {what}"), soft_wrap=True)
    namespace = compose()
    # A group's default task is called by the group's name: 'train' instead of 'train.train'.
    names = sorted(min([name, *aliases], key=len) for name, aliases in namespace.task_names.items())
    console.print("\nAll tasks, by what you want to do. invoke TASK --help says more.", soft_wrap=True)
    for group, members in grouped(name for name in names if name != "overview").items():
        console.print(Text(f"\n{group}", "bold"))
        for name in members:
            says = (namespace[name].__doc__ or "").strip().splitlines()[0].partition(". ")[0].rstrip(".")
            console.print(Text(f"  {name:<18} {says}"), soft_wrap=True)


def grouped(names: Iterable[str]) -> dict[str, list[str]]:
    """The tasks of each group, in the order of :data:`GROUPS`. A task that is in none is for developers.

    A task's own name counts before its group's.
    """
    found: dict[str, list[str]] = {group: [] for group in (*GROUPS, REST)}
    places = {entry: (group, place) for group, entries in GROUPS.items() for place, entry in enumerate(entries)}
    ordered = []
    for name in names:
        group, place = places.get(name) or places.get(f"{name.partition('.')[0]}.") or (REST, 0)
        ordered.append((group, place, name))
    for group, _, name in sorted(ordered, key=lambda one: one[1:]):
        found[group].append(name)
    return found
