"""The one place that reads environments and variables.

An environment is a folder of ``terraform/environments``. Terraform reads its ``*.tfvars.json``; what only Python needs
is in its ``environment.json``::

    environment = load("dev")
    environment.service["confidence_threshold"]     # the very value that Terraform applies
    environment.training.instance_type              # 'ml.g4dn.xlarge'
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from localcloud.errors import LocalCloudError
from scones.errors import SettingsError

PROJECT = "scones"
DEFAULT_ENVIRONMENT = "local"
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Credentials:
    """A local cloud's own keys, or those of a role's session.

    With ``dataclasses.replace(environment, credentials=…)`` everything, Terraform included, is done in a role's name.
    """

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Training:
    """What a training job is asked for.

    Attributes:
        instance_type: A GPU instance type: the algorithm trains on nothing else.
        volume_size_gb: The size of the job's disk, in GB.
        max_runtime_seconds: After this long SageMaker stops the job.
        minimum_validation_accuracy: From this validation accuracy on, a trained model is approved.
        hyperparameters: What this environment sets otherwise than the project's recipe.
    """

    instance_type: str
    volume_size_gb: int
    max_runtime_seconds: int
    minimum_validation_accuracy: float
    hyperparameters: Mapping[str, str] = field(default_factory=dict)


STRATEGIES = ("Bayesian", "Random", "Grid")


@dataclass(frozen=True)
class Tuning:
    """What a tuning job may use.

    Attributes:
        max_jobs: At most so many training jobs, its trials.
        max_parallel_jobs: At most so many of them at a time. Each needs an instance of the account's quota; and the
            fewer there are at a time, the more a Bayesian search has learnt before it chooses the next.
        early_stopping: Whether trials are stopped that do worse than the median of those before them.
        strategy: How trials are chosen: Bayesian, Random or Grid (every combination of choices).
    """

    max_jobs: int = 12
    max_parallel_jobs: int = 2
    early_stopping: bool = True
    strategy: str = "Bayesian"


@dataclass(frozen=True)
class Environment:
    """Where and with which values the workflow runs.

    Attributes:
        name: The folder's name: ``local``, ``dev``, ``prod``.
        classes: The classes told apart, in label order.
        training: What a training job is asked for.
        tuning: What a tuning job may use.
        foundation: ``foundation.tfvars.json``, as Terraform reads it.
        service: ``service.tfvars.json``, as Terraform reads it.
        pin_path: The pinned model's file, ``model.tfvars.json``.
        cloud_path: Where a local cloud says how it is reached; None where the cloud is AWS itself.
        credentials: Keys to use instead of those that :meth:`keys` finds: a role's session.
        profile: A profile of the shared AWS configuration, if the environment names one.
        costs_money: Whether what is started here is paid for, so that a person is asked first.
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
    tuning: Tuning = field(default_factory=Tuning)
    costs_money: bool = True

    @property
    def folder(self) -> Path:
        """The environment's folder of ``*.tfvars.json`` files."""
        return self.root / "terraform" / "environments" / self.name

    @property
    def candidate_path(self) -> Path:
        """The file of the model that is compared with the pinned one, beside the pin; there while one is."""
        return self.pin_path.with_name("candidate.tfvars.json")

    @property
    def build(self) -> Path:
        """Everything the project makes is under here."""
        return self.root / "build"

    def endpoint_url(self) -> str | None:
        """The address of the environment's cloud; None for AWS's own.

        Raises:
            LocalCloudError: the environment's cloud is a local one that is not running.
        """
        return None if self.cloud_path is None else self._cloud("endpoint")[0]

    def keys(self) -> Credentials | None:
        """The keys that sign requests: those given, else the local cloud's own; None where the usual chain finds them.

        Raises:
            LocalCloudError: the environment's cloud is a local one that is not running.
        """
        if self.credentials or self.cloud_path is None:
            return self.credentials
        return Credentials(*self._cloud("access_key_id", "secret_access_key"))

    def _cloud(self, *names: str) -> list[str]:
        """What the local cloud says of itself, in the order of the names."""
        assert self.cloud_path is not None
        try:
            found = json.loads(self.cloud_path.read_text())
            os.kill(found["pid"], 0)  # what a crash left behind may name a port that is another cloud's by now
            return [found[name] for name in names]
        except (OSError, ValueError, KeyError, TypeError):
            raise LocalCloudError(
                f"the cloud of environment '{self.name}' is not running: {self.cloud_path} does not say where it is",
                hint="start it with: invoke local.up",
            ) from None


def names(root: Path = ROOT) -> list[str]:
    """The environments there are."""
    return sorted(path.parent.name for path in (root / "terraform" / "environments").glob("*/environment.json"))


def load(name: str | None = None, *, root: Path = ROOT, variables: Mapping[str, str] = os.environ) -> Environment:
    """Read an environment's folder.

    Args:
        name: The environment; ``SCONES_ENV``, else ``local``, where it is not given.
        root: The project's folder.
        variables: The process's variables.

    Raises:
        SettingsError: there is no such environment, or one of its files cannot be used.
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
    _require(own, _OWN, path)
    _require(own, {name: kind for name, kind in _OPTIONAL.items() if name in own}, path)
    _refuse_unknown(own, "training", Training, path)
    _require(own["training"], _TRAINING, path)
    tuning = _tuning(own, path)
    try:
        access = own.get("access", {})
        return Environment(
            name=name,
            root=root,
            region=own["region"],
            classes=tuple(own["classes"]),
            training=Training(**own["training"]),
            tuning=tuning,
            foundation=_read(folder / "foundation.tfvars.json"),
            service=_read(folder / "service.tfvars.json"),
            pin_path=root / own["model_pin"] if "model_pin" in own else folder / "model.tfvars.json",
            cloud_path=root / access["endpoint_file"] if "endpoint_file" in access else None,
            profile=access.get("profile"),
            costs_money=own.get("costs_money", True),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise SettingsError(f"{path} cannot be used: {error}") from error


# What must be there, and of which type: what is found out later costs a training job.
_OWN = {"region": str, "classes": list, "training": dict}
_OPTIONAL = {"costs_money": bool}
_TRAINING = {
    "instance_type": str,
    "volume_size_gb": int,
    "max_runtime_seconds": int,
    "minimum_validation_accuracy": (int, float),
}
_TUNING = {"max_jobs": int, "max_parallel_jobs": int, "early_stopping": bool, "strategy": str}
_WORDS = {
    bool: "true or false",
    str: "a text",
    list: "a list",
    dict: "an object",
    int: "a whole number",
    (int, float): "a number",
}


def _require(found: Mapping[str, Any], kinds: Mapping[str, Any], path: Path) -> None:
    for name, kind in kinds.items():
        if name not in found:
            raise SettingsError(f"{path} has no '{name}'", hint="the other environments' files have it")
        if not isinstance(found[name], kind) or (isinstance(found[name], bool) and kind is not bool):
            raise SettingsError(f"{path}: '{name}' must be {_WORDS[kind]}, not {json.dumps(found[name])}")


def _refuse_unknown(own: Mapping[str, Any], part: str, kind: type, path: Path) -> None:
    if unknown := own[part].keys() - {known.name for known in fields(kind)}:
        raise SettingsError(f"{path}: '{part}' takes no {', '.join(sorted(unknown))}")


def _tuning(own: Mapping[str, Any], path: Path) -> Tuning:
    """The environment's own limits of a tuning job; what it does not say is the default."""
    if "tuning" not in own:
        return Tuning()
    _require(own, {"tuning": dict}, path)
    given = own["tuning"]
    _refuse_unknown(own, "tuning", Tuning, path)
    _require(given, {name: kind for name, kind in _TUNING.items() if name in given}, path)
    found = Tuning(**given)
    for name in ("max_jobs", "max_parallel_jobs"):
        if getattr(found, name) < 1:
            raise SettingsError(f"{path}: '{name}' must be 1 or more, not {getattr(found, name)}")
    if found.strategy not in STRATEGIES:
        near = get_close_matches(found.strategy, STRATEGIES, n=1)
        raise SettingsError(
            f"{path}: 'strategy' must be one of {', '.join(STRATEGIES)}, not {json.dumps(found.strategy)}",
            hint=f"did you mean {near[0]}?" if near else None,
        )
    return found


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
