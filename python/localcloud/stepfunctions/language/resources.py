"""A Task's Resource: which function, activity or service it names."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: The optimized integrations (Step Functions Developer Guide, "Integrating optimized services") with the patterns
#: beside request and response that each action has.
PATTERNS = ("sync", "sync:2", "waitForTaskToken")


@dataclass(frozen=True)
class Resource:
    """What a Task calls.

    Attributes:
        arn: The Resource as it is written.
        kind: ``lambda``, ``activity`` or ``service``.
        service: ``lambda``, ``sqs``, ``states`` …; for an AWS SDK integration the part after ``aws-sdk:``.
        action: The action, such as ``sendMessage``.
        pattern: "", ``sync``, ``sync:2`` or ``waitForTaskToken``.
        sdk: Whether this is an AWS SDK integration.
    """

    arn: str
    kind: str
    service: str = ""
    action: str = ""
    pattern: str = ""
    sdk: bool = False

    @property
    def waits(self) -> bool:
        """Whether the Task waits after the call: for a job, or for a task token."""
        return bool(self.pattern)

    @property
    def shown_type(self) -> str:
        """The ``resourceType`` of the execution's history."""
        return f"aws-sdk:{self.service}" if self.sdk else self.service

    @property
    def shown(self) -> str:
        """The ``resource`` of the execution's history."""
        return f"{self.action}.{self.pattern}" if self.pattern else self.action


# AWS accepts a function's ARN with words for its region and account, as its documentation writes them.
_FUNCTION = re.compile(r"arn:[\w-]+:lambda:[\w-]*:[\w-]*:function:[\w-]+(:[\w$-]+)?\Z")
_ACTIVITY = re.compile(r"arn:[\w-]+:states:[\w-]*:\d*:activity:.+\Z")
_SERVICE = re.compile(r"arn:[\w-]+:states:[\w-]*:\d*:(aws-sdk:)?([\w-]+):(\w+)(?:\.(sync:2|sync|waitForTaskToken))?\Z")


def resource(arn: str) -> Resource | None:
    """The Resource that an ARN names. None if the ARN has none of the forms.

    Example::

        >>> resource("arn:aws:states:::sqs:sendMessage.waitForTaskToken")  # doctest: +NORMALIZE_WHITESPACE
        Resource(arn='arn:aws:states:::sqs:sendMessage.waitForTaskToken', kind='service', service='sqs',
                 action='sendMessage', pattern='waitForTaskToken', sdk=False)
        >>> resource("arn:aws:states:::aws-sdk:s3:getObject").shown_type
        'aws-sdk:s3'
        >>> resource("arn:aws:lambda:us-east-1:123456789012:function:f").kind
        'lambda'
        >>> resource("f") is None
        True
    """
    if _FUNCTION.match(arn):
        return Resource(arn, "lambda")
    if _ACTIVITY.match(arn):
        return Resource(arn, "activity")
    if found := _SERVICE.match(arn):
        sdk, service, action, pattern = found.groups()
        return Resource(arn, "service", service, action, pattern or "", bool(sdk))
    return None
