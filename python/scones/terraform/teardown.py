"""Destroys stacks in order, including the steps that Terraform cannot do.

Example (not run: it needs a running cloud)::

    destroy_all(settings.load("local"))     # service, foundation, bootstrap, and the state itself

SageMaker does not delete a model package group that has versions. Terraform cannot destroy the bucket that holds its
own state. A stack is destroyed only after the stacks that depend on it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from scones import aws
from scones.errors import TerraformError
from scones.settings import Environment
from scones.terraform import endpoint, variants
from scones.terraform.stack import Stack
from scones.terraform.variables import STACKS


def destroy(stack: Stack, *, ask: bool = False, client: Callable[..., Any] = aws.client) -> None:
    """Destroy a stack's resources. A stack without resources is skipped.

    Args:
        ask: Let Terraform show its plan and ask before it begins. The state's bucket is deleted without asking.
        client: Makes boto3 clients.

    Raises:
        TerraformError: another stack depends on it, or it has registered models and ``force_destroy`` is not set.
    """
    environment = stack.environment
    above = STACKS[STACKS.index(stack.name) + 1 :]
    for name in above:
        if others := stack.backend.read(name).resources:
            raise TerraformError(
                f"stack '{stack.name}' cannot go while '{name}' stands on it, with {len(others)} resources",
                hint=f"destroy that one first: invoke tf.destroy --env {environment.name} --stack {name}",
            )
    standing = stack.backend.read(stack.name)
    if stack.name == "bootstrap":
        _destroy_bootstrap(stack, standing.resources, ask=ask)
    elif stack.name == "service" and (standing.resources or standing.outputs):
        _destroy_service(stack, standing.resources, client(environment, "sagemaker"), ask=ask)
    elif standing.resources:
        _empty_model_package_group(environment, standing.outputs, client)
        _destroy(stack, ask=ask)


def destroy_all(environment: Environment, *, stack: Callable[[Environment, str], Stack] = Stack) -> None:
    """Destroy all stacks of an environment, and its state.

    Args:
        stack: Makes the stack with a name.

    Raises:
        TerraformError: Terraform failed, or there are registered models and ``force_destroy`` is not set.
    """
    for name in reversed(STACKS):
        destroy(stack(environment, name))


def packages_of(sagemaker: Any, group: str) -> list[str]:
    """The ARNs of a model package group's versions."""
    pages = sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=group)
    return [one["ModelPackageArn"] for page in pages for one in page["ModelPackageSummaryList"]]


def delete_packages(sagemaker: Any, arns: Sequence[str]) -> None:
    """Delete model packages. SageMaker deletes only an empty model package group."""
    for arn in arns:
        sagemaker.delete_model_package(ModelPackageName=arn)


def _destroy_bootstrap(stack: Stack, resources: tuple[str, ...], *, ask: bool) -> None:
    # The bucket holds the state that Terraform changes, so Terraform keeps it (prevent_destroy) and destroys the rest.
    # Then the bucket is deleted with the state.
    if any(address.startswith("module.") for address in resources):
        stack.ensure_init()
        stack.run("destroy", "-target=module.github_roles", *_approval(ask))
    stack.backend.delete()


def _destroy_service(stack: Stack, resources: tuple[str, ...], sagemaker: Any, *, ask: bool) -> None:
    """Destroy the service, and what Terraform does not know of it.

    SageMaker does not delete an endpoint while it changes it. A schedule may have created it since the last apply
    (``endpoint_hours``), and an interrupted apply may have left configurations.
    """
    name = stack.environment.workload
    found = endpoint.settle(lambda: endpoint.describe(sagemaker, name), say=stack.on_line or print)
    if found and endpoint.ADDRESS not in resources:
        sagemaker.delete_endpoint(EndpointName=name)
    if resources:
        _destroy(stack, ask=ask)
    variants.clean_all(sagemaker, name)


def _destroy(stack: Stack, *, ask: bool) -> None:
    stack.require_values()
    stack.ensure_init()
    stack.run("destroy", *_approval(ask))


def _empty_model_package_group(
    environment: Environment, outputs: Mapping[str, Any], client: Callable[..., Any]
) -> None:
    group = outputs.get("model_package_group_name")
    if not group:
        return
    sagemaker = client(environment, "sagemaker")
    arns = packages_of(sagemaker, group)
    if arns and not environment.foundation.get("force_destroy"):
        raise TerraformError(
            f"model package group '{group}' holds {len(arns)} registered models, which environment "
            f"'{environment.name}' keeps",
            hint=f"to delete them all, set force_destroy in {environment.folder / 'foundation.tfvars.json'}, "
            "apply, and destroy again",
        )
    delete_packages(sagemaker, arns)


def _approval(ask: bool) -> list[str]:
    return [] if ask else ["-input=false", "-auto-approve"]
