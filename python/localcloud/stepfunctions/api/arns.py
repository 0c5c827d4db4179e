"""The ARNs of Step Functions.

AWS: Service Authorization Reference, Actions, resources, and condition keys for AWS Step Functions.

Example::

    >>> found = parsed("arn:aws:states:us-east-1:123456789012:stateMachine:images:live", "stateMachine")
    >>> found.base, found.qualifier
    ('arn:aws:states:us-east-1:123456789012:stateMachine:images', 'live')
    >>> parsed("arn:aws:states:us-east-1:123456789012:express:images:a:b", "execution")
    Traceback (most recent call last):
    ...
    localcloud.stepfunctions.api.errors.ApiError: Invalid Arn: 'Resource type not valid in this context: express'
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from localcloud.stepfunctions.api.errors import quoting

#: Characters that no name has: white space, brackets, wildcards, special and control characters, surrogates.
FORBIDDEN = re.compile(r'[\s<>{}\[\]?*"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff\U0010ffff]')


@dataclass(frozen=True)
class StatesArn:
    """An ARN's parts.

    Attributes:
        base: A state machine's ARN without its qualifier and label; any other ARN as it is.
        qualifier: A version's number or an alias's name.
        label: The label of a Map state in distributed mode, after the state machine's name.
    """

    text: str
    base: str
    account: str
    region: str
    name: str
    qualifier: str | None = None
    label: str | None = None


def parsed(text: str, *kinds: str) -> StatesArn:
    """An ARN's parts, if it is of one of the kinds: ``stateMachine``, ``execution``, ``mapRun``, ``activity``.

    Raises:
        ApiError: InvalidArn.
    """
    parts = text.split(":")
    if parts[0] != "arn":
        raise quoting("InvalidArn", f"Invalid ARN prefix: {text}")
    if len(parts) < 7 or parts[2] != "states" or not all(parts[:7]):
        raise quoting("InvalidArn", f"Invalid ARN: {text}")
    if parts[5] not in kinds:
        raise quoting("InvalidArn", f"Resource type not valid in this context: {parts[5]}")
    most = 8 if parts[5] != "activity" else 7
    if len(parts) > most:
        raise quoting("InvalidArn", f"Invalid ARN: {text}")
    region, account, kind = parts[3:6]
    if kind != "stateMachine":
        return StatesArn(text, text, account, region, parts[-1])
    name, _, label = parts[6].partition("/")
    base = ":".join([*parts[:6], name])
    return StatesArn(text, base, account, region, name, parts[7] if len(parts) > 7 else None, label or None)


def made(kind: str, account: str, region: str, *names: str) -> str:
    """A new resource's ARN."""
    return ":".join(["arn", partition(region), "states", region, account, kind, *names])


def partition(region: str) -> str:
    """The partition of a region: ``aws``, ``aws-cn`` or ``aws-us-gov``."""
    return "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"


def named(name: str) -> str:
    """A name that is allowed.

    Raises:
        ApiError: InvalidName.

    Example::

        >>> named("a name")
        Traceback (most recent call last):
        ...
        localcloud.stepfunctions.api.errors.ApiError: Invalid Name: 'a name'
    """
    if not name or FORBIDDEN.search(name):
        raise quoting("InvalidName", name)
    return name
