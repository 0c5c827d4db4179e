"""Asks Service Quotas whether the account may train, before anything is made.

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
    from botocore.exceptions import BotoCoreError, ClientError

    name = f"{environment.training.instance_type} for training job usage"
    try:
        quotas = client(environment, "service-quotas")
        found = _find(quotas, "list_service_quotas", name) or _find(quotas, "list_aws_default_service_quotas", name)
    except ClientError as error:
        return f"the quota '{name}' is not known: Service Quotas was not asked: {error.response['Error']['Message']}"
    except BotoCoreError as error:
        return f"the quota '{name}' is not known: {error}"
    if found is None:
        return f"the quota '{name}' is not known: Service Quotas has none of this name in {environment.region}"
    if found["Value"] >= jobs:
        return None
    code, value = found["QuotaCode"], found["Value"]
    fewer = "; or run fewer trials at a time: --parallel 1" if jobs > 1 and value >= 1 else ""
    raise TrainingError(
        f"the quota '{name}' (Amazon SageMaker, code {code}) is {value:g} in {environment.region}, and {jobs} "
        f"{'is' if jobs == 1 else 'are'} needed; nothing was made",
        hint=f"request it: aws service-quotas request-service-quota-increase --service-code {_SERVICE} "
        f"--quota-code {code} --desired-value {jobs} --region {environment.region}{fewer}. AWS answers within hours or "
        "days. An account on the Free plan may not get it: change to the Paid plan first",
    )


def _find(quotas: Any, operation: str, name: str) -> dict[str, Any] | None:
    """The quota of a name. None if it is not listed."""
    for page in quotas.get_paginator(operation).paginate(ServiceCode=_SERVICE):
        for quota in page["Quotas"]:
            if quota["QuotaName"] == name:
                return dict(quota)
    return None
