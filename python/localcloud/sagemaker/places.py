"""A request's ARNs mean resources of its own region and account, and of the kind that the operation works on.

moto and the gaps read an ARN's last part. An ARN of another region would mean the resource of that name here, and pass
by a policy that denies the one here. So such a request is refused before its operation, by all its ARNs' fields.

AWS: SageMaker API Reference: a group and a package are called by name or ARN. Another region's ARN is answered with
"ARN should be scoped to correct region" (amazon-sagemaker-examples, issue 1438). Another account's package needs that
account's policy, and there is no other account here; so nothing of one exists.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from localcloud import arns
from localcloud.iam.needs import Asked

CODE = "ValidationException"
#: The members, at any depth, that may be an ARN of SageMaker, with the kind of their resource; None for every kind.
KINDS: Mapping[str, str | None] = {
    "ModelPackageArn": "model-package",
    "ModelPackageGroupName": "model-package-group",
    "ModelPackageName": "model-package",
    "ResourceArn": None,
}
#: How AWS's messages name a kind (sagemaker/gaps/missing_names.py).
SHOWN = {"model-package": "ModelPackage", "model-package-group": "ModelPackageGroup"}


def refused(asked: Asked) -> tuple[str, str] | None:
    """The error code and the message for a request with an ARN that is not of here; None if it has none.

    Example::

        >>> there = {"ModelPackageGroupName": "arn:aws:sagemaker:eu-west-1:123456789012:model-package-group/a"}
        >>> refused(Asked("DeleteModelPackageGroup", there, "us-east-1", "123456789012"))
        ('ValidationException', 'ARN should be scoped to correct region: us-east-1')
        >>> refused(Asked("DeleteModelPackageGroup", {"ModelPackageGroupName": "a"}, "us-east-1", "1")) is None
        True
    """
    for member, text in _called(asked.parameters):
        found = arns.read(text)
        if found is None:
            continue
        if found.region != asked.region:
            return CODE, f"ARN should be scoped to correct region: {asked.region}"
        kind = KINDS[member] or found.kind
        if not found.is_of("sagemaker", asked.region, asked.account) or found.kind != kind:
            return CODE, f"{SHOWN.get(kind, 'Resource')} {text} does not exist."
    return None


def name_of(called: str) -> str:
    """The name of what is called by its name or its ARN.

    Example::

        >>> name_of("arn:aws:sagemaker:us-east-1:123456789012:model-package-group/a"), name_of("a")
        ('a', 'a')
    """
    found = arns.read(called)
    return found.name if found else called


def _called(given: Any) -> Iterator[tuple[str, str]]:
    """Every member of a request that may be an ARN, with its text."""
    if isinstance(given, Mapping):
        for member, value in given.items():
            if member in KINDS and isinstance(value, str):
                yield member, value
            else:
                yield from _called(value)
    elif isinstance(given, list):
        for one in given:
            yield from _called(one)
