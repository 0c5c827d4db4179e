"""What the local cloud really does, operation by operation. What is not in this table is refused by name.

An operation of AWS is one of these:

- *executed*: it does what it does on AWS, or it answers from what there is;
- *configuration*: it is kept, and something acts on it, or it is only a description on AWS too;
- *stored*: it is kept and answered, but nothing acts on it. The reason stands beside it;
- *refused*: everything else that AWS has. It changes nothing, and the error names it.

A part of an operation can be refused too (:mod:`localcloud.fidelity.parts`).

Example::

    >>> kind_of("sagemaker", "CreateTrainingJob"), kind_of("sagemaker", "CreateProcessingJob")
    ('executed', 'refused')
    >>> kind_of("dynamodb", "ListTables")
    'refused'
    >>> refusal("sagemaker", "CreateProcessingJob", {})
    'the local cloud does not support sagemaker:CreateProcessingJob'
    >>> refusal("sns", "Publish", {"PhoneNumber": "+15550100", "Message": "hello"})
    'the local cloud does not support sns:Publish with PhoneNumber'
    >>> refusal("sns", "Subscribe", {"Protocol": "sms"})
    "the local cloud does not support sns:Subscribe with Protocol 'sms'"

A service that is not in the table is refused as a whole, also where moto would simulate it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.core.utils import get_service_model

from localcloud.fidelity.otherwise import OTHERWISE, Otherwise
from localcloud.fidelity.parts import IDLE, OFF_OF_TOPICS, PARTS, Idle, Part
from localcloud.fidelity.table import KINDS, TABLE, Fidelity, Kind

__all__ = [
    "IDLE",
    "KINDS",
    "OFF_OF_TOPICS",
    "OTHERWISE",
    "PARTS",
    "TABLE",
    "Fidelity",
    "Idle",
    "Kind",
    "Otherwise",
    "Part",
    "kind_of",
    "operations",
    "refusal",
]

#: What moto has added to AWS's models. S3's forms and the questions of web pages are refused too.
NOT_IN_MODELS = frozenset({"BucketCORSPreflightCheck", "ObjectCORSPreflightCheck", "PostObject"})

_KINDS = {service: fidelity.kinds() for service, fidelity in TABLE.items()}
_PARTS: dict[tuple[str, str], list[Part]] = {}
for _part in PARTS:
    for _name in _part.operations.split():
        _PARTS.setdefault((_part.service, _name), []).append(_part)


def kind_of(service: str, operation: str) -> Kind:
    """What the local cloud does of an operation. A service that is not in the table is refused as a whole.

    Args:
        service: boto3's name.
        operation: botocore's name.
    """
    return _KINDS.get(service, {}).get(operation, "refused")


def operations(service: str) -> dict[str, Kind]:
    """Every operation of a service in the table, by AWS's model of the service."""
    names = set(get_service_model(service).operation_names) - NOT_IN_MODELS
    return {name: _KINDS[service].get(name, "refused") for name in sorted(names)}


def refusal(service: str, operation: str, parameters: Mapping[str, Any]) -> str | None:
    """Why a request is not supported, in a sentence; None if it is."""
    if kind_of(service, operation) == "refused":
        return f"the local cloud does not support {service}:{operation}"
    for part in _PARTS.get((service, operation), ()):
        if what := part.refused(parameters):
            return f"the local cloud does not support {service}:{operation} with {what}"
    return None
