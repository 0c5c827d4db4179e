"""Starts JupyterLab in a kernel's environment.

Example (not run: it serves until Ctrl-C)::

    start(python, variables, Path("notebooks"), None)

Its settings and its kernels' files are under ``build/notebook``, so nothing is written to the home folder. It listens
on 127.0.0.1, with a token, and asks nobody for news or updates.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

OPTIONS = (
    "--ServerApp.ip=127.0.0.1",
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
)


def start(python: Path, variables: Mapping[str, str], folder: Path, notebook: Path | None) -> int:
    """Serve a folder until the user ends it. Returns JupyterLab's exit code.

    Args:
        python: The Python of the kernel's environment.
        variables: The variables of the server and of its kernels.
        notebook: A notebook in ``folder`` to open.
    """
    options = [*OPTIONS, f"--ServerApp.root_dir={folder.absolute()}"]
    if os.geteuid() == 0:
        options.append("--allow-root")  # it would refuse: its user may do everything here already
    opened = [notebook.absolute()] if notebook else []
    with subprocess.Popen([python, "-m", "jupyterlab", *options, *opened], env=dict(variables)) as server:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is JupyterLab's: it asks before it ends
        try:
            return server.wait()
        finally:
            signal.signal(signal.SIGINT, before)
