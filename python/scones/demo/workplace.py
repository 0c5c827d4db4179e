"""The folder in which the demo works: a build of its own, with its own local cloud, data set, pin and report.

Example::

    >>> from scones import settings
    >>> of(settings.load("local", variables={})).cloud_path.relative_to(settings.ROOT).as_posix()
    'build/demo/local/cloud.json'

So a demo neither uses nor changes the local cloud that a user works with. ``export SCONES_BUILD=build/demo`` leads
every task to what a demo has kept (:func:`scones.settings.load`).
"""

from __future__ import annotations

import contextlib
import fcntl
import shutil
from collections.abc import Iterator
from pathlib import Path

from localcloud import control
from localcloud.errors import LocalCloudError
from scones import settings
from scones.errors import SettingsError
from scones.settings import Environment
from scones.terraform.variables import data_folder

BUILD = "build/demo"


def of(environment: Environment) -> Environment:
    """The environment, with its generated files and its local cloud in the demo's folder.

    Raises:
        SettingsError: the environment's cloud is AWS.
    """
    if environment.cloud_path is None:
        raise SettingsError(
            f"the demo makes a cloud and deletes it again, and environment '{environment.name}' is on AWS",
            hint="run it on a local cloud: invoke demo --env local",
        )
    return settings.load(environment.name, root=environment.root, variables={"SCONES_BUILD": BUILD})


@contextlib.contextmanager
def alone(environment: Environment, *, keep: bool) -> Iterator[Path]:
    """Give an empty folder for the demo's cloud. What an earlier demo has kept there is thrown away.

    Args:
        environment: The demo's environment (:func:`of`).
        keep: Keep the cloud and all other files afterwards. Otherwise the cloud is thrown away.

    Raises:
        LocalCloudError: another demo runs in this checkout.
    """
    assert environment.cloud_path is not None, "of() refuses AWS"
    state = environment.cloud_path.parent
    environment.build.parent.mkdir(parents=True, exist_ok=True)
    with environment.build.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LocalCloudError(
                f"another demo is running in {environment.build}", hint="wait for its end, or end it with Ctrl-C"
            ) from None
        control.reset(state)
        shutil.rmtree(environment.build, ignore_errors=True)
        environment.build.mkdir()
        try:
            yield state
        finally:
            if not keep:
                control.reset(state)
                shutil.rmtree(state, ignore_errors=True)
                for stack in (environment.root / "terraform" / "stacks").iterdir():
                    shutil.rmtree(stack / data_folder(environment), ignore_errors=True)
