"""Reads environments and environment variables.

Example::

    >>> environment = load("local")
    >>> environment.costs_money
    False
    >>> environment.folder.relative_to(environment.root).as_posix()
    'terraform/environments/local'

An environment is a folder in ``terraform/environments``. Its ``*.tfvars.json`` are Terraform's variables. Its
``environment.json`` has the settings that only Python needs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from localcloud.durability import remains
from localcloud.errors import LocalCloudError
from scones.errors import SettingsError

PROJECT = "scones"
TRAINING_LOGS = "/aws/sagemaker/TrainingJobs"  # the log group of an account's training jobs, as SageMaker names it
DEFAULT_ENVIRONMENT = "local"
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Credentials:
    """The keys of a local cloud or of an assumed role.

    Use ``dataclasses.replace(environment, credentials=…)`` to run everything, including Terraform, as an assumed role.
    """

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


WEIGHTS = ("imagenet", "cifar-100")


@dataclass(frozen=True)
class Training:
    """Settings of training jobs.

    Attributes:
        instance_type: A GPU instance type. The algorithm does not train on CPUs.
        max_runtime_seconds: SageMaker stops the job after this time.
        minimum_validation_accuracy: A model is approved if it reaches this accuracy, 0 to 1.
        hyperparameters: Changes of this environment to the project's recipe.
        pretrained_weights: The weights of the algorithm's container, for ``use_pretrained_model`` without a model to
            start from: one of ``WEIGHTS``. AWS's container has ImageNet's, this machine's has the project's own.
    """

    instance_type: str
    volume_size_gb: int
    max_runtime_seconds: int
    minimum_validation_accuracy: float
    hyperparameters: Mapping[str, str] = field(default_factory=dict)
    pretrained_weights: str = "imagenet"


STRATEGIES = ("Bayesian", "Random", "Grid")


@dataclass(frozen=True)
class Tuning:
    """Settings of tuning jobs.

    Attributes:
        max_jobs: The maximum number of training jobs, called trials.
        max_parallel_jobs: The maximum number of trials at a time. Each counts against the account's instance quota. A
            Bayesian search chooses better with fewer trials at a time.
        early_stopping: Whether to stop a trial that is worse than the median of the earlier trials.
        strategy: Bayesian, Random or Grid. Grid tries every combination of choices.
    """

    max_jobs: int = 12
    max_parallel_jobs: int = 2
    early_stopping: bool = True
    strategy: str = "Bayesian"


@dataclass(frozen=True)
class Environment:
    """The settings of one environment.

    Attributes:
        name: The folder's name: ``local``, ``dev`` or ``prod``.
        root: The project's folder.
        classes: Class names, in label order, without ``other``.
        foundation: The content of ``foundation.tfvars.json``.
        service: The content of ``service.tfvars.json``.
        pin_path: The pinned model's file, ``model.tfvars.json``.
        cloud_path: The file with a local cloud's endpoint and keys. None for AWS.
        credentials: Keys that replace those of :meth:`keys`, for instance of an assumed role.
        profile: A profile of the shared AWS configuration.
        notebook_role: The execution role of notebooks, by name or ARN. None for the local cloud's own.
        costs_money: Whether jobs cost money. If so, the tasks ask before they start one.
        build_name: The folder of all generated files, in ``root``: ``build``, or what ``SCONES_BUILD`` names.
        other: Whether data sets also get the class ``other``, of images that are of none of ``classes``.
    """

    name: str
    root: Path
    region: str
    classes: tuple[str, ...]
    training: Training
    foundation: Mapping[str, Any]
    service: Mapping[str, Any]
    pin_path: Path
    cloud_path: Path | None = None
    credentials: Credentials | None = None
    profile: str | None = None
    notebook_role: str | None = None
    tuning: Tuning = field(default_factory=Tuning)
    costs_money: bool = True
    build_name: str = "build"
    other: bool = False

    @property
    def folder(self) -> Path:
        """The environment's folder of ``*.tfvars.json`` files."""
        return self.root / "terraform" / "environments" / self.name

    @property
    def candidate_path(self) -> Path:
        """The candidate model's file. It exists only during a comparison with the pinned model."""
        return self.pin_path.with_name("candidate.tfvars.json")

    @property
    def workload(self) -> str:
        """The value of the tag ``Workload`` of all that belongs to this environment."""
        return f"{PROJECT}-{self.name}"

    def owns(self, name: str) -> bool:
        """Whether a resource's or a job's name is one of this environment's.

        Such names are ``scones-ENV``, ``scones-ENV-…`` and, for tuning jobs and their trials, ``tune-ENV-…``. A job
        with a name of its own (``--name``) is known by its tag :attr:`workload` or its role.

        Example::

            >>> [load("dev").owns(name) for name in ("scones-dev-1", "scones-dev", "tune-dev-1", "scones-development")]
            [True, True, True, False]
        """
        return f"{name}-".startswith((f"{PROJECT}-{self.name}-", f"tune-{self.name}-"))

    @property
    def build(self) -> Path:
        """The folder of all generated files."""
        return self.root / self.build_name

    @property
    def captures(self) -> Path:
        """The folder of the downloaded captures, and of what is known of their models, images and requests."""
        return self.build / "captures" / self.name

    @property
    def downloads(self) -> Path:
        """The folder of what is downloaded once for all builds: Terraform, its provider, and the image archives."""
        return self.root / "build"

    def endpoint_url(self) -> str | None:
        """The endpoint of a local cloud. None for AWS.

        Raises:
            LocalCloudError: the local cloud is not running.
        """
        return None if self.cloud_path is None else self._cloud("endpoint")[0]

    def keys(self) -> Credentials | None:
        """The keys for requests: ``credentials``, or the local cloud's. None for boto3's default credential chain.

        Raises:
            LocalCloudError: the local cloud is not running.
        """
        if self.credentials or self.cloud_path is None:
            return self.credentials
        return Credentials(*self._cloud("access_key_id", "secret_access_key"))

    def _cloud(self, *names: str) -> list[str]:
        """The values of some names in the local cloud's file."""
        assert self.cloud_path is not None, "only a local cloud has a file"
        try:
            found = json.loads(self.cloud_path.read_text())
            os.kill(found["pid"], 0)  # after a crash, another process may use the port
            return [found[name] for name in names]
        except (OSError, ValueError, KeyError, TypeError):
            raise LocalCloudError(
                f"the cloud of environment '{self.name}' is not running: {remains.said(self.cloud_path.parent)}",
                hint="start it with: invoke local.up",
            ) from None


def names(root: Path = ROOT) -> list[str]:
    """The names of all environments."""
    return sorted(path.parent.name for path in (root / "terraform" / "environments").glob("*/environment.json"))


def load(name: str | None = None, *, root: Path = ROOT, variables: Mapping[str, str] = os.environ) -> Environment:
    """Read an environment's folder.

    Args:
        name: The environment's name. By default, ``SCONES_ENV`` or ``local``.
        root: The project's folder.
        variables: The environment variables: ``SCONES_ENV``, and ``SCONES_BUILD``, a folder in ``root``. All that an
            environment has in ``build`` is in that folder instead, and so its local cloud is another one.

    Raises:
        SettingsError: the environment does not exist, or one of its files cannot be used.
    """
    name = name or variables.get("SCONES_ENV") or DEFAULT_ENVIRONMENT
    known = names(root)
    if name not in known:
        near = get_close_matches(name, known, n=1)
        raise SettingsError(
            f"there is no environment '{name}'; there are: {', '.join(known)}",
            hint=f"did you mean --env {near[0]}?" if near else "an environment is a folder of terraform/environments",
        )
    folder = root / "terraform" / "environments" / name
    path = folder / "environment.json"
    own = _read(path)
    _check(own, path)
    access = own.get("access", {})
    build = variables.get("SCONES_BUILD") or "build"

    def place(name: str) -> Path:
        return root / build / name.removeprefix("build/") if name.startswith("build/") else root / name

    return Environment(
        name=name,
        root=root,
        region=own["region"],
        classes=tuple(own["classes"]),
        training=Training(**own["training"]),
        tuning=Tuning(**own.get("tuning", {})),
        foundation=_read(folder / "foundation.tfvars.json"),
        service=_read(folder / "service.tfvars.json"),
        pin_path=place(own["model_pin"]) if "model_pin" in own else folder / "model.tfvars.json",
        cloud_path=place(access["endpoint_file"]) if "endpoint_file" in access else None,
        profile=access.get("profile"),
        notebook_role=access.get("notebook_role"),
        costs_money=own.get("costs_money", True),
        build_name=build,
        other=own.get("other", False),
    )


# Names and their types. Checking them here is cheaper than a failed training job.
_REQUIRED = {"region": str, "classes": list, "training": dict}
_OPTIONAL = {"access": dict, "tuning": dict, "model_pin": str, "costs_money": bool, "other": bool}
_ACCESS = {"profile": str, "endpoint_file": str, "notebook_role": str}
_TRAINING = {
    "instance_type": str,
    "volume_size_gb": int,
    "max_runtime_seconds": int,
    "minimum_validation_accuracy": (int, float),
}
_TRAINING_OPTIONAL = {"hyperparameters": dict, "pretrained_weights": str}
_TUNING = {"max_jobs": int, "max_parallel_jobs": int, "early_stopping": bool, "strategy": str}
_WORDS = {
    bool: "true or false",
    str: "a text",
    list: "a list",
    dict: "an object",
    int: "a whole number",
    (int, float): "a number",
}


def _check(own: Mapping[str, Any], path: Path) -> None:
    """Refuse an ``environment.json`` that has an unknown name, lacks a required one, or has a value of another type.

    Raises:
        SettingsError: one of these.
    """
    _names_and_types(own, _REQUIRED, _OPTIONAL, path)
    for label in own["classes"]:
        _type(label, "a class of 'classes'", str, path)
    _names_and_types(own["training"], _TRAINING, _TRAINING_OPTIONAL, path, "training")
    for name, value in own["training"].get("hyperparameters", {}).items():
        _type(value, f"hyperparameter '{name}'", str, path, hint='SageMaker takes texts, for instance: "30"')
    _names_and_types(own.get("access", {}), {}, _ACCESS, path, "access")
    tuning = own.get("tuning", {})
    _names_and_types(tuning, {}, _TUNING, path, "tuning")
    for name in ("max_jobs", "max_parallel_jobs"):
        if tuning.get(name, 1) < 1:
            raise SettingsError(f"{path}: '{name}' must be 1 or more, not {tuning[name]}")
    weights = own["training"].get("pretrained_weights", Training.pretrained_weights)
    for name, value, allowed in (
        ("strategy", tuning.get("strategy", Tuning.strategy), STRATEGIES),
        ("pretrained_weights", weights, WEIGHTS),
    ):
        if value not in allowed:
            near = get_close_matches(value, allowed, n=1)
            raise SettingsError(
                f"{path}: '{name}' must be one of {', '.join(allowed)}, not {json.dumps(value)}",
                hint=f"did you mean {near[0]}?" if near else None,
            )


def _names_and_types(
    found: Mapping[str, Any], required: Mapping[str, Any], optional: Mapping[str, Any], path: Path, part: str = ""
) -> None:
    """Check the names and the types of the values of an object of ``environment.json``.

    Args:
        part: The object's name. Empty for the whole file.
    """
    known = {**required, **optional}
    if unknown := sorted(found.keys() - known.keys()):
        subject = f"{path}: '{part}' takes" if part else f"{path} takes"
        near = get_close_matches(unknown[0], known, n=1)
        raise SettingsError(
            f"{subject} no {', '.join(unknown)}; it takes: {', '.join(known)}",
            hint=f"did you mean {near[0]}?"
            if near
            else f"leave out {', '.join(unknown)}; docs/settings.md has them all",
        )
    for name, kind in known.items():
        if name in found:
            _type(found[name], f"'{name}'", kind, path)
        elif name in required:
            raise SettingsError(f"{path} has no '{name}'", hint="the other environments' files have it")


def _type(value: Any, what: str, kind: Any, path: Path, *, hint: str | None = None) -> None:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise SettingsError(f"{path}: {what} must be {_WORDS[kind]}, not {json.dumps(value)}", hint=hint)


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except FileNotFoundError:
        raise SettingsError(f"{path} is missing", hint="every environment has it; copy it from another one") from None
    except ValueError as error:
        raise SettingsError(f"{path} is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise SettingsError(f"{path} must hold a JSON object, not {type(found).__name__}")
    return found
