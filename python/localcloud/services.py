"""The services of the local cloud, in the order of their installation.

A service is a folder with a function ``install(context)``. The function registers the service's table of permissions,
closes the gaps in moto, and then replaces moto's work by the service's own. A later replacement wraps an earlier one.
The order of two services matters in one case only: the gap of scalable targets must be closed before SageMaker wraps
their scaling.

Example::

    >>> [need.action for need in registered().needs("sqs", "SendMessage")]
    ['sqs:SendMessage']
"""

from __future__ import annotations

from localcloud import (
    applicationautoscaling,
    budgets,
    ce,
    cloudwatch,
    ec2,
    events,
    kms,
    lambda_,
    logs,
    resourcegroupstaggingapi,
    s3,
    sagemaker,
    scheduler,
    servicequotas,
    sns,
    sqs,
    stepfunctions,
    xray,
)
from localcloud.context import Context
from localcloud.durability import instances
from localcloud.iam import boundaries, caller, kept, linked_roles, sessions, simulator
from localcloud.iam import permissions as identity
from localcloud.iam.registry import Registry

SERVICES = (
    kms,
    s3,
    ec2,
    logs,
    sns,
    sqs,
    xray,
    cloudwatch,
    budgets,
    ce,
    servicequotas,
    resourcegroupstaggingapi,
    lambda_,
    stepfunctions,
    events,
    scheduler,
    applicationautoscaling,
    sagemaker,
)


def install(context: Context) -> None:
    """Install every service."""
    identity.register(context.registry)
    kept.install(context.backends, context.pickling)
    instances.apply()
    sessions.apply()
    caller.apply()
    simulator.install(context.registry)
    linked_roles.apply()
    boundaries.apply()
    for service in SERVICES:
        service.install(context)


def registered() -> Registry:
    """A registry of all services, without installing them."""
    registry = Registry()
    for service in (identity, *SERVICES):
        service.register(registry)
    return registry
