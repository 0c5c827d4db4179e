"""The quotas of Lambda: a function's seconds and memory, the account's concurrency, and tags.

moto: ``awslambda/models.py``, ``LambdaFunction`` takes any Timeout, MemorySize and Tags, and ``LambdaBackend`` any
reserved concurrency.

AWS: Lambda Developer Guide, "Lambda quotas": 900 seconds and 10,240 MB. AWS's models have the larger numbers of durable
functions and of managed instances, which are refused here. 1,000 concurrent executions, of which 100 stay unreserved
("Configuring reserved concurrency"). "Using tags on Lambda functions": at most 50 tags, keys of 128
characters, no prefix ``aws:``. AWS does not document its words for tags.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import LambdaBackend

from localcloud.lambda_.gaps.settings import check_first

#: The most of each number.
MOST = {"Timeout": 900, "MemorySize": 10_240}
CONCURRENT, UNRESERVED = 1000, 100
MOST_TAGS, LONGEST_KEY = 50, 128


def apply() -> None:
    """Replace moto's functions."""
    check_first(_check)
    reserve, tag = LambdaBackend.put_function_concurrency, LambdaBackend.tag_resource

    def put_function_concurrency(self: LambdaBackend, function_name: str, reserved_concurrency: Any) -> Any:
        others = [one for one in self.list_functions() if one.function_name != function_name]
        taken = sum(int(one.reserved_concurrency or 0) for one in others)
        if int(reserved_concurrency) + taken > CONCURRENT - UNRESERVED:
            raise InvalidParameterValueException(
                "Specified ReservedConcurrentExecutions for function decreases account's "
                f"UnreservedConcurrentExecution below its minimum value of [{UNRESERVED}]."
            )
        return reserve(self, function_name, reserved_concurrency)

    def tag_resource(self: LambdaBackend, resource_arn: str, tags: dict[str, str]) -> None:
        check_tags(self.list_tags(resource_arn), tags)
        tag(self, resource_arn, tags)

    LambdaBackend.put_function_concurrency = put_function_concurrency
    LambdaBackend.tag_resource = tag_resource


def _check(given: Mapping[str, Any]) -> None:
    for name, most in MOST.items():
        if (given.get(name) or 0) > most:
            raise InvalidParameterValueException(
                f"'{name}' value failed to satisfy constraint: Member must have value less than or equal to {most}"
            )
    check_tags({}, given.get("Tags") or {})  # CreateFunction's


def check_tags(known: Mapping[str, str], given: Mapping[str, str]) -> None:
    """Refuse tags that Lambda does not take.

    Args:
        known: The tags that the resource has.
        given: The tags of a request.

    Raises:
        InvalidParameterValueException: They are too many or too long, or a key is AWS's.
    """
    for key in given:
        if key.lower().startswith("aws:"):
            raise InvalidParameterValueException(f"The prefix aws: is reserved for AWS's own tags: {key}")
        if not 1 <= len(key) <= LONGEST_KEY:
            raise InvalidParameterValueException(f"The key of a tag has 1 to {LONGEST_KEY} characters: {key}")
    if (number := len({**known, **given})) > MOST_TAGS:
        raise InvalidParameterValueException(
            f"A resource has at most {MOST_TAGS} tags, and this one would have {number}"
        )
