"""A copy of the project, a model to serve in it, and what stands in a cloud."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scones import packaging, settings
from scones.settings import Environment

SHAPE = (3, 20, 20)


def copy_of_the_project(root: Path, state: Path) -> Environment:
    """Environment ``local`` of a copy of the project, in the cloud whose folder is given."""
    for name in ("terraform", "asl", "lambdas"):
        shutil.copytree(settings.ROOT / name, root / name, ignore=shutil.ignore_patterns(".terraform*", "__pycache__"))
    (root / "build" / "local").mkdir(parents=True)
    shutil.copy(state / "cloud.json", root / "build" / "local")
    # A provider downloaded once serves every copy.
    shared = settings.ROOT / "build" / "terraform"
    shared.mkdir(parents=True, exist_ok=True)
    (root / "build" / "terraform").symlink_to(shared)
    packaging.package(root / "lambdas", root / "build" / "lambdas")
    return settings.load("local", root=root, variables={})


def untrained_model(path: Path, *, seed: int) -> str:
    """Write a model artifact that can be served; its SHA-256."""
    from scones.algorithm import artifact
    from scones.algorithm.network import Network
    from scones.algorithm.symbol import resnet

    symbol = resnet(20, 2, SHAPE)
    parameters = Network.fresh(symbol, SHAPE, seed=seed).parameter_arrays()
    shapes = [{"name": "data", "shape": [1, *SHAPE]}]
    artifact.write(path, artifact.Artifact(symbol, parameters, shapes, epoch=1))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def inventory(client: Callable[[str], Any]) -> dict[str, set[str]]:
    """The names of everything in a cloud of each kind that the stacks make, through clients by service."""
    sagemaker, logs, iam = client("sagemaker"), client("logs"), client("iam")
    return {
        "buckets": {one["Name"] for one in client("s3").list_buckets()["Buckets"]},
        "roles": {one["RoleName"] for one in iam.list_roles()["Roles"]},
        "identity providers": {one["Arn"] for one in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]},
        "functions": {one["FunctionName"] for one in client("lambda").list_functions()["Functions"]},
        "state machines": {one["name"] for one in client("stepfunctions").list_state_machines()["stateMachines"]},
        # Functions of other tests, in the same cloud, still log while these run.
        "log groups": {
            one["logGroupName"] for one in logs.describe_log_groups()["logGroups"] if "scones-" in one["logGroupName"]
        },
        "models": {one["ModelName"] for one in sagemaker.list_models()["Models"]},
        "endpoint configurations": {
            one["EndpointConfigName"] for one in sagemaker.list_endpoint_configs()["EndpointConfigs"]
        },
        "endpoints": {one["EndpointName"] for one in sagemaker.list_endpoints()["Endpoints"]},
        "model package groups": {
            one["ModelPackageGroupName"]
            for one in sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]
        },
    }
