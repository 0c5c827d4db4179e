"""The README's table of tasks, generated from the tasks themselves.

Example::

    invoke docs            # rewrites the table
    invoke docs --check    # fails when the table is stale, as CI does
"""

from __future__ import annotations

from pathlib import Path

from scones import files
from scones.errors import InputError
from scones.settings import ROOT
from scones.tasks.cli import task

BEGIN = "<!-- tasks: written by `invoke docs` -->"
END = "<!-- end of tasks -->"


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


def filled(text: str) -> str:
    """``text`` with the table between its two marks made anew.

    Raises:
        InputError: the marks are not there.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise InputError(f"the README has no place for the table of tasks: it needs the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


@task(help={"check": "change nothing; fail when the table is stale"})
def docs(context, check=False):
    """Write the README's table of tasks from the tasks themselves."""
    readme = Path(ROOT) / "README.md"
    now = readme.read_text()
    new = filled(now)
    if check and new != now:
        raise InputError("the README's table of tasks is stale", hint="write it anew with: invoke docs")
    if new != now:
        files.write(readme, new)
    print("the README's table of tasks is up to date")
