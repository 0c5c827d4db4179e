"""Takes an environment down in steps that can be repeated.

Example (not run: it needs a running cloud)::

    for step in steps(settings.load("dev"), everything=False):
        step.take()                     # after an interruption, run all steps again: done ones do nothing

By default the data sets, the models and the registry stay.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from scones import aws
from scones.errors import TerraformError
from scones.s3 import delete_versions
from scones.settings import Environment
from scones.terraform.owned import OwnedJobs, delete_logs
from scones.terraform.stack import Stack
from scones.terraform.teardown import delete_packages, destroy, packages_of
from scones.terraform.variables import STACKS

# The prefixes of the project's bucket that stay, unless everything is deleted.
KEPT = ("datasets/", "models/")


@dataclass(frozen=True)
class Patience:
    """How long to wait for jobs that stop.

    Attributes:
        seconds: Give up after this time.
        pause: The seconds between two looks.
    """

    seconds: float = 600.0
    pause: float = 2.0


@dataclass(frozen=True)
class TakedownStep:
    """One step.

    Attributes:
        what: What the step deletes or stops, for people.
        take: Runs the step. Returns its result in a few words.
    """

    what: str
    take: Callable[[], str]


def steps(
    environment: Environment,
    *,
    everything: bool,
    stack: Callable[[Environment, str], Stack] = Stack,
    client: Callable[..., Any] = aws.client,
    patience: Patience = Patience(),
) -> list[TakedownStep]:
    """The steps that take an environment down, in order.

    Args:
        everything: Also delete data sets, models, the registry, the pipeline's roles and Terraform's state.
        stack: Makes the stack with a name.
        client: Makes boto3 clients.
        patience: How long to wait for jobs that stop.

    Raises:
        TerraformError: ``everything`` is set, and the environment's ``force_destroy`` is not.
        LocalCloudError: the environment's local cloud is not running.
    """
    if everything and not environment.foundation.get("force_destroy"):
        raise TerraformError(
            f"environment '{environment.name}' keeps its data sets and models: force_destroy is not set",
            hint=f"to lose them all, set it in {environment.folder / 'foundation.tfvars.json'}; without --everything "
            "they stay",
        )
    bootstrap, foundation, service = (stack(environment, name) for name in STACKS)
    found = [
        TakedownStep("executions and jobs that run", partial(_stop, service, foundation, client)),
        TakedownStep("the service: endpoint, functions, state machine, alarms", partial(_stack, service, client)),
    ]
    if not everything:
        return [
            *found,
            TakedownStep("captures and all but data sets and models", partial(_sweep, foundation, client, patience)),
            TakedownStep("the network, which costs by the hour", partial(_network, foundation)),
        ]
    return [
        *found,
        TakedownStep("the registered models", partial(_packages, foundation, client)),
        TakedownStep("every object of the environment's buckets", partial(_empty, foundation, client, patience)),
        TakedownStep("the logs of training jobs", partial(_logs, environment, client)),
        TakedownStep("the foundation: bucket, registry, roles, network, key", partial(_stack, foundation, client)),
        TakedownStep("the pipeline's roles and Terraform's state", partial(_state, bootstrap, client)),
    ]


def kept(environment: Environment) -> list[str]:
    """The resources that stay without ``everything``, for people."""
    foundation = environment.foundation
    found = ["the data sets and model artifacts in S3", "the registered models", "the training role"]
    found += ["the logs of training jobs, until their retention ends"]
    found += ["the KMS key that they are encrypted with"] if foundation.get("customer_managed_key") else []
    return [*found, "Terraform's state"]


def _stop(service: Stack, foundation: Stack, client: Callable[..., Any]) -> str:
    """Stop executions and jobs, which would write to the bucket while it is emptied, or use a role that is deleted."""
    environment, stopped = service.environment, 0
    states = client(environment, "stepfunctions")
    outputs = service.backend.read("service").outputs
    for arn in filter(None, (outputs.get("state_machine_arn"), (outputs.get("batch") or {}).get("state_machine_arn"))):
        pages = states.get_paginator("list_executions").paginate(stateMachineArn=arn, statusFilter="RUNNING")
        for one in [execution for page in pages for execution in page["executions"]]:
            states.stop_execution(executionArn=one["executionArn"], error="Down", cause="the environment is taken down")
            stopped += 1
    stopped += _owned(foundation, client).stop()
    return f"{stopped} stopped" if stopped else "none runs"


def _owned(foundation: Stack, client: Callable[..., Any]) -> OwnedJobs:
    environment = foundation.environment
    role = foundation.backend.read("foundation").outputs.get("training_role_arn")
    return OwnedJobs(environment, client(environment, "sagemaker"), role)


def _await_jobs(foundation: Stack, client: Callable[..., Any], patience: Patience) -> None:
    """Wait until no job runs. A job has 120 seconds to stop, and then writes its artifact.

    AWS: SageMaker API Reference, StopTrainingJob.

    Raises:
        TerraformError: a job does not stop in time.
    """
    jobs, give_up = _owned(foundation, client), time.monotonic() + patience.seconds
    while names := jobs.unfinished():
        if time.monotonic() > give_up:
            raise TerraformError(
                f"after {patience.seconds:.0f} s these jobs have not stopped yet: {', '.join(names)}",
                hint="they would write to the bucket while it is emptied; run this again when they have ended",
            )
        time.sleep(patience.pause)
        jobs.stop()  # a trial may have begun as its tuning job was stopped


def _stack(stack: Stack, client: Callable[..., Any]) -> str:
    standing = len(stack.backend.read(stack.name).resources)
    destroy(stack, client=client)
    return f"{standing} resources destroyed" if standing else "nothing was there"


def _state(bootstrap: Stack, client: Callable[..., Any]) -> str:
    stood = bootstrap.backend.exists()
    destroy(bootstrap, client=client)
    return "deleted" if stood else "nothing was there"


def _network(foundation: Stack) -> str:
    resources = foundation.backend.read("foundation").resources
    standing = [one for one in resources if one.startswith("module.network")]
    if not standing:
        return "there is none"
    foundation.ensure_init()
    foundation.run("destroy", "-target=module.network", "-input=false", "-auto-approve")
    return f"{len(standing)} resources destroyed; the next apply of the foundation makes them again"


def _sweep(foundation: Stack, client: Callable[..., Any], patience: Patience) -> str:
    environment, bucket = foundation.environment, foundation.backend.read("foundation").outputs.get("bucket")
    if not bucket:
        return "there is no bucket"
    _await_jobs(foundation, client, patience)
    return _deleted(delete_versions(client(environment, "s3"), bucket, keep=KEPT))


def _packages(foundation: Stack, client: Callable[..., Any]) -> str:
    group = foundation.backend.read("foundation").outputs.get("model_package_group_name")
    if not group:
        return "there is no registry"
    sagemaker = client(foundation.environment, "sagemaker")
    arns = packages_of(sagemaker, group)
    delete_packages(sagemaker, arns)
    return f"{len(arns)} deleted"


def _empty(foundation: Stack, client: Callable[..., Any], patience: Patience) -> str:
    """Empty all buckets of the environment except the state's bucket, which is deleted last."""
    environment = foundation.environment
    _await_jobs(foundation, client, patience)
    s3 = client(environment, "s3")
    names = [one["Name"] for page in s3.get_paginator("list_buckets").paginate() for one in page["Buckets"]]
    mine = [name for name in names if environment.owns(name)]
    return _deleted(sum(delete_versions(s3, name) for name in mine if name != foundation.backend.bucket))


def _logs(environment: Environment, client: Callable[..., Any]) -> str:
    count = delete_logs(environment, client(environment, "logs"), client(environment, "sagemaker"))
    return f"those of {count} jobs deleted" if count else "nothing was there"


def _deleted(count: int) -> str:
    return f"{count:,} versions of objects deleted" if count else "nothing was there"
