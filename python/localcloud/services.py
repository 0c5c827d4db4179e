"""The services of the local cloud, in the order in which they are installed.

A service is a folder. Its ``install(context)`` hands its table of permissions to the judge, closes moto's gaps and then
puts its own work in moto's place: later wraps earlier, and all of it can be read in that one function. Between services
the order matters in one place only: what endpoints do when they are scaled comes after moto's gap of scalable targets.

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
    sns,
    sqs,
    stepfunctions,
    xray,
)
from localcloud.context import Context
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
    resourcegroupstaggingapi,
    lambda_,
    stepfunctions,
    events,
    scheduler,
    applicationautoscaling,
    sagemaker,
)


def install(context: Context) -> None:
    """Complete moto, service by service."""
    identity.register(context.registry)
    for service in SERVICES:
        service.install(context)


def registered() -> Registry:
    """What all services tell the judge, without installing them."""
    registry = Registry()
    for service in (identity, *SERVICES):
        service.register(registry)
    return registry
