"""A copy of the project, a model for it to serve, and the list of everything in a cloud."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from scones import settings
from scones.model.registry import PinnedModel
from scones.service import packaging
from scones.settings import Environment

SHAPE = (3, 20, 20)
IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"


def copy_of_the_project(root: Path, state: Path) -> Environment:
    """The environment ``local`` of a copy of the project, which uses the cloud in the given folder."""
    copy_of_the_files(root)
    (root / "build" / "local").mkdir(parents=True)
    shutil.copy(state / "cloud.json", root / "build" / "local")
    # All copies share one downloaded provider.
    shared = settings.ROOT / "build" / "terraform"
    shared.mkdir(parents=True, exist_ok=True)
    (root / "build" / "terraform").symlink_to(shared)
    return settings.load("local", root=root, variables={})


def copy_of_the_files(root: Path) -> None:
    """Terraform's files and what they are about, with the functions packed."""
    for name in ("terraform", "asl", "lambdas"):
        shutil.copytree(settings.ROOT / name, root / name, ignore=shutil.ignore_patterns(".terraform*", "__pycache__"))
    packaging.package(root / "lambdas", root / "build" / "lambdas")


def give(project: Environment, stack: str, **values: Any) -> None:
    """Add values to a stack's file."""
    path = project.folder / f"{stack}.tfvars.json"
    found = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**found, **values}))


@contextmanager
def values_kept(environment: Environment) -> Iterator[None]:
    """Afterwards the stacks' values are as before. Several test files share the copy of the project."""
    kept = {path: path.read_bytes() for path in _values(environment)}
    try:
        yield
    finally:
        for path in _values(environment):
            if path not in kept:
                path.unlink()
        for path, content in kept.items():
            path.write_bytes(content)


def _values(environment: Environment) -> list[Path]:
    models = (environment.pin_path, environment.candidate_path)
    return sorted({*environment.folder.glob("*.tfvars.json"), *(path for path in models if path.exists())})


def put_model(s3: Any, folders: pytest.TempPathFactory, bucket: str, version: int) -> PinnedModel:
    """Put an untrained model, which can be served, into a bucket."""
    path = folders.mktemp("model") / "model.tar.gz"
    sha256 = untrained_model(path, seed=version)
    key = f"models/untrained-{version}/output/model.tar.gz"
    s3.upload_file(str(path), bucket, key)
    return PinnedModel(
        package_arn=f"arn:aws:sagemaker:us-east-1:123456789012:model-package/scones-local/{version}",
        version=version,
        image_uri=IMAGE,
        artifact_uri=f"s3://{bucket}/{key}",
        artifact_sha256=sha256,
        class_labels=("bicycle", "motorcycle"),
        metrics={"validation:accuracy": 0.5},
        dataset_fingerprint="0" * 64,
        git_commit="0" * 40,
    )


def untrained_model(path: Path, *, seed: int) -> str:
    """Write a model artifact that can be served, and return its SHA-256."""
    from imageclassification import artifact
    from imageclassification.network import Network
    from imageclassification.symbol import resnet

    symbol = resnet(20, 2, SHAPE)
    parameters = Network.fresh(symbol, SHAPE, seed=seed).parameter_arrays()
    shapes = [{"name": "data", "shape": [1, *SHAPE]}]
    artifact.write(path, artifact.Artifact(symbol, parameters, shapes, epoch=1))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def inventory(client: Callable[[str], Any]) -> dict[str, set[str]]:
    """The names of everything in a cloud, by kind, for each kind that the stacks make. The clients are by service."""
    sagemaker, iam, ec2 = client("sagemaker"), client("iam"), client("ec2")
    cloudwatch, logs = client("cloudwatch"), client("logs")
    account = client("sts").get_caller_identity()["Account"]
    alarms = cloudwatch.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    targets = client("application-autoscaling").describe_scalable_targets(ServiceNamespace="sagemaker")
    return {
        "buckets": _names(client("s3").list_buckets()["Buckets"], "Name"),
        "roles": _names(iam.list_roles()["Roles"], "RoleName"),
        "identity providers": _names(iam.list_open_id_connect_providers()["OpenIDConnectProviderList"], "Arn"),
        # A destroyed key stays for some days, but its alias goes at once.
        "keys": {one for one in _names(client("kms").list_aliases()["Aliases"], "AliasName") if "/aws/" not in one},
        "networks": _names(ec2.describe_vpcs()["Vpcs"], "VpcId"),
        # A deleted one is still described for a while.
        "ways out of networks": {
            one["VpcEndpointId"] for one in ec2.describe_vpc_endpoints()["VpcEndpoints"] if one["State"] != "deleted"
        },
        "queues": set(client("sqs").list_queues().get("QueueUrls", [])),
        "rules": _names(client("events").list_rules()["Rules"], "Name"),
        "event source mappings": _names(
            client("lambda").list_event_source_mappings()["EventSourceMappings"], "EventSourceArn"
        ),
        "functions": _names(client("lambda").list_functions()["Functions"], "FunctionName"),
        "state machines": _names(client("stepfunctions").list_state_machines()["stateMachines"], "name"),
        # Functions of other tests in the same cloud still write logs.
        "log groups": {
            one for one in _names(logs.describe_log_groups()["logGroups"], "logGroupName") if "scones-" in one
        },
        "saved queries": _names(logs.describe_query_definitions()["queryDefinitions"], "name"),
        "models": _names(sagemaker.list_models()["Models"], "ModelName"),
        "endpoint configurations": _names(sagemaker.list_endpoint_configs()["EndpointConfigs"], "EndpointConfigName"),
        "endpoints": _names(sagemaker.list_endpoints()["Endpoints"], "EndpointName"),
        "scaling targets": _names(targets["ScalableTargets"], "ResourceId"),
        "model package groups": _names(
            sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"], "ModelPackageGroupName"
        ),
        "alarms": _names(alarms["MetricAlarms"] + alarms["CompositeAlarms"], "AlarmName"),
        "dashboards": _names(cloudwatch.list_dashboards()["DashboardEntries"], "DashboardName"),
        "topics": _names(client("sns").list_topics()["Topics"], "TopicArn"),
        "budgets": _names(client("budgets").describe_budgets(AccountId=account).get("Budgets", []), "BudgetName"),
    }


def _names(found: list[dict[str, Any]], key: str) -> set[str]:
    return {one[key] for one in found}
