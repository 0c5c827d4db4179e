"""``invoke notebook``: runs a Jupyter notebook against an environment, or opens it in JupyterLab."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scones import settings
from scones.errors import InputError
from scones.steps import Waiting
from scones.tasks.cli import task
from scones.tasks.terminal import terminal
from scones.tasks.words import TakesMany


@task(
    klass=TakesMany,
    iterable=["file"],
    help={
        "file": "the notebook",
        "env": "the environment (default: SCONES_ENV, else local)",
        "sdk": "the version of SageMaker's SDK: 2 or 3 (default: the one that the notebook imports)",
        "role": "the execution role, by name or ARN (default: access.notebook_role; on the local cloud one is made)",
        "markdown": "write the executed copy as Markdown too, to this file, with its pictures beside it",
        "open": "start JupyterLab instead",
    },
)
def notebook(
    context: Any,
    file: Sequence[str],
    env: str | None = None,
    sdk: str | None = None,
    role: str | None = None,
    markdown: str | None = None,
    open: bool = False,
) -> None:
    """Run a Jupyter notebook against an environment, as on a SageMaker notebook instance.

    Its kernel has SageMaker's SDK 2 or 3, boto3 and the AWS CLI. Its identity is a session of an execution role. The
    executed copy and a page of it are written to build/notebooks. Exit code 1 if a cell fails.

    --open starts JupyterLab with the same kernel and identity. The first time, the kernel's environment is installed.
    """
    import os
    import time

    from scones.notebook import execution, identity, kernel, lab
    from scones.notebook.progress import CellProgress

    if len(file) > 1 or not (file or open):
        raise InputError(
            f"one notebook at a time, not {len(file)}" if file else "which notebook?",
            hint="for instance: invoke notebook walkthrough.ipynb, or invoke notebook --open",
        )
    path = Path(file[0]) if file else None
    if path and not path.is_file():
        raise InputError(f"{path} is a folder, not a notebook" if path.is_dir() else f"there is no notebook {path}")
    if markdown is not None and open:
        raise InputError("--markdown is for a notebook that is run, and --open runs none: leave one of them out")
    if markdown is not None and not markdown.endswith(".md"):
        raise InputError(f"--markdown needs a file that ends in .md, not '{markdown}'")
    page = Path(markdown) if markdown else None
    if page:
        execution.make_place(page)
    if sdk is not None and sdk not in map(str, kernel.SDKS):
        raise InputError(f"--sdk must be 2 or 3, not '{sdk}'")
    console = terminal()
    environment = settings.load(env)
    version = int(sdk) if sdk else kernel.sdk_of(path) if path else kernel.SDKS[-1]
    arn = identity.role(environment, role)
    keys = identity.session(environment, arn)
    preparing = f"preparing the kernel with SageMaker's SDK {version}; the first time that takes minutes"
    if not console.is_terminal:
        print(preparing, flush=True)
    with Waiting(console, preparing):
        python = kernel.ensure(environment.downloads, version)
    variables = kernel.variables(environment, keys, python, version, os.environ)
    role_name = arn.rpartition("/")[2]
    print(f"environment {environment.name}, SageMaker's SDK {version}, role {role_name}", flush=True)
    if open:
        lab.become(python, variables, path.parent if path else Path.cwd(), path)
    assert path is not None  # asked for above
    began = time.monotonic()
    try:
        with CellProgress(console) as progress:
            done = execution.run(path, environment.build / "notebooks", python, variables, take=progress.take)
    except KeyboardInterrupt:
        print(f"interrupted; what was executed is in {environment.build / 'notebooks'}")
        print("jobs and endpoints that the notebook has started go on")
        raise SystemExit(130) from None
    if page:
        execution.write_markdown(done.notebook, python, page)
    number = f"{done.cells} {'cell' if done.cells == 1 else 'cells'}"
    print(f"{number} in {time.monotonic() - began:.0f} s: {done.notebook} and {done.html.name}")
