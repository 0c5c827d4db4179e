"""Asks Service Quotas whether the account may train, and serve, before anything is made.

Example (not run: it needs an AWS account)::

    doubt = check(settings.load("dev"), jobs=2)
    doubt               # None, or why the quota is not known

A new AWS account has a quota of 0 for GPU instances, so its first job is refused after the data set is uploaded.

AWS: Service Quotas API Reference, ListServiceQuotas: a quota without an applied value is not listed, and has the
default value. Its code has no rule, so it is found by its name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from scones import aws
from scones.errors import TrainingError

if TYPE_CHECKING:
    from scones.settings import Environment

_SERVICE = "sagemaker"


def check(environment: Environment, *, jobs: int = 1, client: Callable[..., Any] = aws.client) -> str | None:
    """Refuse to train if the account's quota for the environment's instance type is too low.

    Args:
        jobs: The number of training jobs at a time, with one instance each.
        client: Makes boto3 clients.

    Returns:
        None if the quota suffices. Otherwise why it is not known, for people.

    Raises:
        TrainingError: the quota is too low; the message names the quota, its code, its value and what is needed.
        LocalCloudError: the environment's local cloud is not running.
    """
    fewer = "run fewer trials at a time: --parallel 1" if jobs > 1 else ""
    return _suffices(environment, f"{environment.training.instance_type} for training job usage", jobs, fewer, client)


def check_endpoint(
    environment: Environment, *, candidate: bool = False, client: Callable[..., Any] = aws.client
) -> str | None:
    """Refuse to serve if the account's quota for the endpoint's instance type is too low.

    An update has the old and the new fleet at once. A candidate or shadow has a fleet of its own.

    Args:
        candidate: Whether another model will be compared with the pinned one.
        client: Makes boto3 clients.

    Returns:
        None if the quota suffices. Otherwise why it is not known, for people.

    Raises:
        TrainingError: the quota is too low; the message names the quota, its code, its value and what is needed.
        LocalCloudError: the environment's local cloud is not running.
    """
    kind = environment.service.get("endpoint_instance_type", "ml.m5.large")
    needed = environment.service.get("endpoint_instance_count", 1) * (3 if candidate else 2)
    return _suffices(environment, f"{kind} for endpoint usage", needed, "", client)


def _suffices(environment: Environment, name: str, needed: int, fewer: str, client: Callable[..., Any]) -> str | None:
    """Refuse if the quota of a name is below what is needed. Returns why it is not known.

    Args:
        fewer: What to do instead if there is any quota, for people.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        quotas = client(environment, "service-quotas")
        found = _find(quotas, "list_service_quotas", name) or _find(quotas, "list_aws_default_service_quotas", name)
    except ClientError as error:
        return f"the quota '{name}' is not known: Service Quotas was not asked: {error.response['Error']['Message']}"
    except BotoCoreError as error:
        return f"the quota '{name}' is not known: {error}"
    if found is None:
        return f"the quota '{name}' is not known: Service Quotas has none of this name in {environment.region}"
    if found["Value"] >= needed:
        return None
    code, value = found["QuotaCode"], found["Value"]
    instead = f"; or {fewer}" if fewer and value >= 1 else ""
    raise TrainingError(
        f"the quota '{name}' (Amazon SageMaker, code {code}) is {value:g} in {environment.region}, and {needed} "
        f"{'is' if needed == 1 else 'are'} needed; nothing was made",
        hint=f"request it: aws service-quotas request-service-quota-increase --service-code {_SERVICE} "
        f"--quota-code {code} --desired-value {needed} --region {environment.region}{instead}. AWS answers within "
        "hours or days. An account on the Free plan may not get it: change to the Paid plan first",
    )


def _find(quotas: Any, operation: str, name: str) -> dict[str, Any] | None:
    """The quota of a name. None if it is not listed."""
    for page in quotas.get_paginator(operation).paginate(ServiceCode=_SERVICE):
        for quota in page["Quotas"]:
            if quota["QuotaName"] == name:
                return dict(quota)
    return None
