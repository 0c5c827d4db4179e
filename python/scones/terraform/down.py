"""Takes an environment down in steps that can be repeated.

Example (not run: it needs a running cloud)::

    for step in steps(settings.load("dev"), everything=False, log=None):
        step.take()                     # after an interruption, run all steps again: done ones do nothing

By default the data sets, the models and the registry stay.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from scones import aws
from scones.errors import TerraformError
from scones.s3 import delete_versions
from scones.settings import PROJECT, Environment
from scones.terraform.stack import Stack
from scones.terraform.state import Backend
from scones.terraform.teardown import delete_packages, destroy, packages_of

# The prefixes of the project's bucket that stay, unless everything is deleted.
KEPT = ("datasets/", "models/")
# The kinds of jobs, by their names in boto3's operations. Tuning jobs come first, because they stop their own trials.
_JOBS = {"HyperParameterTuningJob": "hyper_parameter_tuning_job", "TrainingJob": "training_job"}
STOPPING_SECONDS, LOOK_SECONDS = 600.0, 2.0


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
    environment: Environment, *, everything: bool, client: Callable[..., Any] = aws.client, **words: Any
) -> list[TakedownStep]:
    """The steps that take an environment down, in order.

    Args:
        everything: Also delete data sets, models, the registry, the pipeline's roles and Terraform's state.
        client: Makes boto3 clients.
        words: ``log`` and ``on_line`` of :class:`Stack`.

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
    backend = Backend.of(environment)
    found = [
        TakedownStep("executions and jobs that run", partial(_stop, environment, backend, client)),
        TakedownStep(
            "the service: endpoint, functions, state machine, alarms", partial(_stack, environment, "service", words)
        ),
    ]
    if not everything:
        return [
            *found,
            TakedownStep("captures and all but data sets and models", partial(_sweep, environment, backend, client)),
            TakedownStep("the network, which costs by the hour", partial(_network, environment, words)),
        ]
    return [
        *found,
        TakedownStep("the registered models", partial(_packages, environment, backend, client)),
        TakedownStep("every object of the environment's buckets", partial(_empty, environment, backend, client)),
        TakedownStep(
            "the foundation: bucket, registry, roles, network, key", partial(_stack, environment, "foundation", words)
        ),
        TakedownStep("the pipeline's roles and Terraform's state", partial(_state, environment, words)),
    ]


def kept(environment: Environment) -> list[str]:
    """The resources that stay without ``everything``, for people."""
    foundation = environment.foundation
    found = ["the data sets and model artifacts in S3", "the registered models", "the training role"]
    found += ["the KMS key that they are encrypted with"] if foundation.get("customer_managed_key") else []
    return [*found, "Terraform's state"]


def _stop(environment: Environment, backend: Backend, client: Callable[..., Any]) -> str:
    """Stop executions and jobs, which would write to the bucket while it is emptied, or use a role that is deleted."""
    states, sagemaker = client(environment, "stepfunctions"), client(environment, "sagemaker")
    stopped = 0
    if arn := backend.read("service").outputs.get("state_machine_arn"):
        pages = states.get_paginator("list_executions").paginate(stateMachineArn=arn, statusFilter="RUNNING")
        for one in [execution for page in pages for execution in page["executions"]]:
            states.stop_execution(executionArn=one["executionArn"], error="Down", cause="the environment is taken down")
            stopped += 1
    for kind, operation in _JOBS.items():
        for name in _jobs(sagemaker, kind, environment, "InProgress"):
            try:
                getattr(sagemaker, f"stop_{operation}")(**{f"{kind}Name": name})
            except ClientError as error:
                if error.response["Error"]["Code"] != "ValidationException":
                    raise
                continue  # the job has ended since it was listed
            stopped += 1
    return f"{stopped} stopped" if stopped else "none runs"


def _jobs(sagemaker: Any, kind: str, environment: Environment, status: str) -> list[str]:
    """The names of an environment's jobs of a kind with a status."""
    prefix = f"{PROJECT}-{environment.name}-"
    pages = sagemaker.get_paginator(f"list_{_JOBS[kind]}s").paginate(NameContains=prefix, StatusEquals=status)
    names = [one[f"{kind}Name"] for page in pages for one in page[f"{kind}Summaries"]]
    return [name for name in names if name.startswith(prefix)]


def _await_jobs(environment: Environment, client: Callable[..., Any]) -> None:
    """Wait until no job is stopping. A job has 120 seconds to stop, and then writes its artifact.

    AWS: SageMaker API Reference, StopTrainingJob.

    Raises:
        TerraformError: a job does not stop in time.
    """
    sagemaker, give_up = client(environment, "sagemaker"), time.monotonic() + STOPPING_SECONDS
    while names := [name for kind in _JOBS for name in _jobs(sagemaker, kind, environment, "Stopping")]:
        if time.monotonic() > give_up:
            raise TerraformError(
                f"after {STOPPING_SECONDS:.0f} s these jobs have not stopped yet: {', '.join(names)}",
                hint="they would write to the bucket while it is emptied; run this again when they have ended",
            )
        time.sleep(LOOK_SECONDS)


def _stack(environment: Environment, name: str, words: dict[str, Any]) -> str:
    stack = Stack(environment, name, **words)
    standing = len(stack.backend.read(name).resources)
    destroy(stack)
    return f"{standing} resources destroyed" if standing else "nothing was there"


def _state(environment: Environment, words: dict[str, Any]) -> str:
    stack = Stack(environment, "bootstrap", **words)
    stood = stack.backend.exists()
    destroy(stack)
    return "deleted" if stood else "nothing was there"


def _network(environment: Environment, words: dict[str, Any]) -> str:
    stack = Stack(environment, "foundation", **words)
    standing = [one for one in stack.backend.read("foundation").resources if one.startswith("module.network")]
    if not standing:
        return "there is none"
    stack.init()
    stack.run("destroy", "-target=module.network", "-input=false", "-auto-approve")
    return f"{len(standing)} resources destroyed; the next apply of the foundation makes them again"


def _sweep(environment: Environment, backend: Backend, client: Callable[..., Any]) -> str:
    bucket = backend.read("foundation").outputs.get("bucket")
    if not bucket:
        return "there is no bucket"
    _await_jobs(environment, client)
    return _deleted(delete_versions(client(environment, "s3"), bucket, keep=KEPT))


def _packages(environment: Environment, backend: Backend, client: Callable[..., Any]) -> str:
    group = backend.read("foundation").outputs.get("model_package_group_name")
    if not group:
        return "there is no registry"
    sagemaker = client(environment, "sagemaker")
    arns = packages_of(sagemaker, group)
    delete_packages(sagemaker, arns)
    return f"{len(arns)} deleted"


def _empty(environment: Environment, backend: Backend, client: Callable[..., Any]) -> str:
    """Empty all buckets of the environment except the state's bucket, which is deleted last."""
    _await_jobs(environment, client)
    s3 = client(environment, "s3")
    mine = [
        one["Name"] for one in s3.list_buckets()["Buckets"] if one["Name"].startswith(f"{PROJECT}-{environment.name}-")
    ]
    return _deleted(sum(delete_versions(s3, name) for name in mine if name != backend.bucket))


def _deleted(count: int) -> str:
    return f"{count:,} versions of objects deleted" if count else "nothing was there"
