"""The Python environments in which notebooks run, and their variables.

Example::

    >>> sdk_of_lines(["import sagemaker", "sagemaker.Session().default_bucket()"])
    2
    >>> sdk_of_lines(["from sagemaker.train import ModelTrainer"]), sdk_of_lines(["import boto3"])
    (3, 3)

There are two, under ``build/notebook``: with version 2 of SageMaker's SDK, and with version 3, which imports
differently. Each has JupyterLab, the AWS CLI and what a notebook instance has for pictures and tables. ``sdk2.txt`` and
``sdk3.txt`` pin everything in them.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from scones import aws
from scones.delivery.checks import environment as pythons
from scones.errors import InputError

if TYPE_CHECKING:
    from scones.settings import Credentials, Environment

SDKS = (2, 3)
HERE = Path(__file__).parent
BUILD_SECONDS = 1800.0  # a gigabyte is downloaded and unpacked
WORKS = "import sagemaker, nbclient, nbconvert, ipykernel, jupyterlab"
VERSION_3 = re.compile(r"\bsagemaker\.(core|train|serve|mlops)\b|\bfrom sagemaker import (core|train|serve|mlops)\b")
VERSION_2 = re.compile(r"^\s*(import|from) sagemaker\b", re.MULTILINE)
#: Variables of this process that a kernel does not get: this project's, Terraform's and AWS's, and another Python's.
DROPPED = ("AWS_", "SCONES_", "TF_", "PYTHON", "VIRTUAL_ENV", "CONDA_", "JUPYTER_", "BOTOCORE_", "SAGEMAKER_", "PIP_")
KEPT = ("PIP_CERT", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_CONFIG_FILE")  # where packages are


def sdk_of(path: Path) -> int:
    """The version of SageMaker's SDK that a notebook is written for: 2 or 3.

    Raises:
        InputError: it is not a notebook, or its language is not Python.
    """
    try:
        found = json.loads(path.read_text())
        cells = found["cells"] if "cells" in found else [one for sheet in found["worksheets"] for one in sheet["cells"]]
        language = found.get("metadata", {}).get("kernelspec", {}).get("language") or "python"
        sources = [one.get("source", one.get("input", "")) for one in cells if one["cell_type"] == "code"]
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(
            f"{path} is not a notebook: it is no JSON object with cells", hint="a notebook's name ends in .ipynb"
        ) from None
    if language.lower() != "python":
        raise InputError(f"{path} is a notebook in {language}; only Python's are run")
    return sdk_of_lines("".join(source) for source in sources)


def sdk_of_lines(sources: Iterable[str]) -> int:
    """The version of SageMaker's SDK that some code imports; 3 if it imports none."""
    sources = list(sources)
    if any(VERSION_3.search(source) for source in sources):
        return 3
    return 2 if any(VERSION_2.search(source) for source in sources) else 3


def ensure(build: Path, sdk: int) -> Path:
    """The Python of an environment. It is built if it is missing, or its pins have changed.

    Raises:
        SetupError: it cannot be built on this machine.
    """
    return pythons.ensure(build / "notebook", f"sdk{sdk}", pins(sdk), works=WORKS, seconds=BUILD_SECONDS)


def pins(sdk: int) -> Path:
    """The file with everything that an environment has."""
    return HERE / f"sdk{sdk}.txt"


def variables(
    environment: Environment, keys: Credentials, python: Path, sdk: int, process: Mapping[str, str]
) -> dict[str, str]:
    """All variables of a kernel: its cloud and its identity, and whatever else this process has.

    Nothing in it leads to the user's own AWS configuration. ``pip install`` in a notebook cannot change the pins.

    Args:
        keys: The session of the execution role.
        python: The environment's Python.
        process: This process's variables.

    Raises:
        LocalCloudError: the environment uses a local cloud, which is not running.
    """
    kept = {name: value for name, value in process.items() if not name.startswith(DROPPED) or name in KEPT}
    own = python.parents[2]  # build/notebook/sdk3
    as_role = dataclasses.replace(environment, credentials=keys, profile=None)
    return {
        **kept,
        **{name: value for name, value in aws.sdk_variables(as_role, {}).items() if value is not None},
        **aws.variables(as_role),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PATH": os.pathsep.join([str(python.parent), process.get("PATH", os.defpath)]),
        "VIRTUAL_ENV": str(python.parents[1]),
        "PIP_CONSTRAINT": str(pins(sdk)),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "MPLCONFIGDIR": str(own / "matplotlib"),
        "IPYTHONDIR": str(own / "ipython"),
        **{f"JUPYTER_{name}_DIR": str(own / "jupyter" / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")},
    }
