"""``invoke docs``: writes the generated parts of the documentation, and takes its pictures.

Example::

    >>> table().splitlines()[0]
    '| task | what it does |'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scones.tasks.cli import result_of, task

if TYPE_CHECKING:
    from invoke import Context


def table() -> str:
    """Every task and the first line of its help, as a Markdown table."""
    from scones.tasks import compose

    namespace = compose()
    # A group's default task is listed by the group's name: 'train' instead of 'train.train'.
    names = sorted(min([name, *aliases], key=len) for name, aliases in namespace.task_names.items())
    rows = [(name, (namespace[name].__doc__ or "").strip().splitlines()[0]) for name in names]
    return "\n".join(
        ["| task | what it does |", "|---|---|", *(f"| `invoke {name}` | {says} |" for name, says in rows)]
    )


def results() -> dict[str, Any]:
    """The type of each task's result, by the task's name. Tasks without ``--json`` are left out."""
    from scones.tasks import compose

    namespace = compose()
    names = sorted(min([name, *aliases], key=len) for name, aliases in namespace.task_names.items())
    return {name: kind for name in names if (kind := result_of(namespace[name])) is not None}


@task(help={"check": "change nothing, and fail if any part is stale"})
def docs(context: Context, check: bool = False) -> None:
    """Write the generated documentation: tasks, inputs and outputs, diagrams, what the local cloud does."""
    from imageclassification import files
    from scones.docs.pages import pages
    from scones.errors import InputError
    from scones.settings import ROOT
    from scones.tasks.results.page import page, schemas

    made = pages(ROOT, tasks=table(), results=page(results()), schemas=schemas(results()))
    stale = {path: text for path, text in made.items() if not path.exists() or path.read_text() != text}
    names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
    if check and stale:
        raise InputError(f"the generated parts are stale in {names}", hint="write them again with: invoke docs")
    for path, text in stale.items():
        files.write(path, text)
    print(f"written: {names}" if stale else f"all {len(made)} files are up to date")


@task(help={"env": "an applied environment whose workflow has run (default: SCONES_ENV, else local)"})
def console(context: Context, env: str | None = None) -> None:
    """Take the pictures of the console in docs/ from an environment that runs, with this machine's Chromium.

    It opens the pages as a user does, and gives the workflow a picture of the data set. In an environment that costs
    money, this costs a fraction of a cent.

    make demo ARGS=--keep
    SCONES_BUILD=build/demo .venv/bin/invoke docs.console
    """
    from scones import settings
    from scones.console.browser import browser
    from scones.console.desk import Desk
    from scones.console.photographs import taken
    from scones.console.server import served

    desk = Desk.of(settings.load(env), write=True)
    desk.service()  # what is not applied is named before a browser is started
    with browser() as chromium, served(desk) as address:
        made = taken(chromium, address, settings.ROOT / "docs" / "console_files")
    for path in made:
        print(f"{path.relative_to(settings.ROOT)}  {path.stat().st_size // 1000} kB")
