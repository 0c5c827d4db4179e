"""Starts JupyterLab in a kernel's environment.

Example (not run: it serves until Ctrl-C)::

    become(python, variables, Path("notebooks"), None)

Its settings and its kernels' files are under ``build/notebook``, so nothing is written to the home folder. It listens
on 127.0.0.1, with a token, and asks nobody for news or updates.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

OPTIONS = (
    "--ServerApp.ip=127.0.0.1",
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
)


def command(python: Path, folder: Path, notebook: Path | None, *, superuser: bool) -> list[str]:
    """The command that serves a folder.

    Args:
        notebook: A notebook in ``folder`` to open.
        superuser: Whether root runs it. JupyterLab refuses root, who may do everything here already.

    Example::

        >>> command(Path("python"), Path("/notebooks"), Path("/notebooks/a.ipynb"), superuser=False)[-2:]
        ['--ServerApp.root_dir=/notebooks', '/notebooks/a.ipynb']
    """
    allowed = ["--allow-root"] if superuser else []
    opened = [str(notebook.absolute())] if notebook else []
    return [str(python), "-m", "jupyterlab", *OPTIONS, *allowed, f"--ServerApp.root_dir={folder.absolute()}", *opened]


def become(python: Path, variables: Mapping[str, str], folder: Path, notebook: Path | None) -> NoReturn:
    """Replace this process by JupyterLab, which so gets Ctrl-C and every other signal itself.

    Args:
        python: The Python of the kernel's environment.
        variables: The variables of the server and of its kernels.
        notebook: A notebook in ``folder`` to open.
    """
    os.execve(python, command(python, folder, notebook, superuser=os.geteuid() == 0), dict(variables))
