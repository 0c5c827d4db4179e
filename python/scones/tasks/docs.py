"""The parts of the documentation that are made from the code: tasks, modules, pictures.

Example::

    invoke docs            # writes them anew
    invoke docs --check    # fails when one is stale, as CI does
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scones.tasks.cli import task

if TYPE_CHECKING:
    from invoke import Context


def table() -> str:
    """Every task and the first line of its help, as a Markdown table."""
    from scones.tasks import compose

    namespace = compose()
    # The default of a group goes by the group's name, as one would type it: 'train' rather than 'train.train'.
    names = sorted(min([name, *aliases], key=len) for name, aliases in namespace.task_names.items())
    rows = [(name, (namespace[name].__doc__ or "").strip().splitlines()[0]) for name in names]
    return "\n".join(
        ["| task | what it does |", "|---|---|", *(f"| `invoke {name}` | {says} |" for name, says in rows)]
    )


@task(help={"check": "change nothing; fail when anything is stale"})
def docs(context: Context, check: bool = False) -> None:
    """Write what is generated: the README's tasks, the modules' inputs and outputs, the pictures."""
    from imageclassification import files
    from scones.docs.pages import pages
    from scones.errors import InputError
    from scones.settings import ROOT

    made = pages(ROOT, tasks=table())
    stale = {path: text for path, text in made.items() if not path.exists() or path.read_text() != text}
    names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
    if check and stale:
        raise InputError(f"what is generated is stale in {names}", hint="write it anew with: invoke docs")
    for path, text in stale.items():
        files.write(path, text)
    print(f"written: {names}" if stale else f"all {len(made)} files are up to date")
