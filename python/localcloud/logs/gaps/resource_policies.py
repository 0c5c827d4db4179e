"""PutResourcePolicy wants a name and a policy that can be read.

moto: ``logs/responses.py``, ``put_resource_policy`` keeps any text, and a policy without a name. A policy that cannot
be read would stop every service that writes logs.

AWS: Amazon CloudWatch Logs API Reference, PutResourcePolicy: policyName and policyDocument are required, and the
document is JSON; otherwise InvalidParameterException. A group's own policy (resourceArn) is refused by name:
:data:`localcloud.fidelity.PARTS`.
"""

from __future__ import annotations

import json

from moto.logs.exceptions import InvalidParameterException
from moto.logs.responses import LogsResponse

from localcloud.errors import UnsupportedPolicy
from localcloud.iam.policies import statements

LARGEST = 51_200  # characters


def apply() -> None:
    """Wrap moto's function."""
    put = LogsResponse.put_resource_policy

    def put_resource_policy(self: LogsResponse) -> str:
        if fault := problem(self._get_param("policyName"), self._get_param("policyDocument")):
            raise InvalidParameterException(fault)
        return str(put(self))

    LogsResponse.put_resource_policy = put_resource_policy


def problem(name: str | None, document: str | None) -> str | None:
    """Why CloudWatch Logs refuses a resource policy. None if it takes it.

    Example::

        >>> problem("dns", "{")
        'Policy document is not valid JSON'
        >>> problem(None, "{}")
        'policyName is required'
    """
    if not name:
        return "policyName is required"
    if not document:
        return "policyDocument is required"
    if len(document) > LARGEST:
        return f"The policy document has {len(document)} characters, and {LARGEST} are allowed"
    try:
        found = json.loads(document)
    except ValueError:
        return "Policy document is not valid JSON"
    if not isinstance(found, dict) or not found.get("Statement"):
        return "Policy document is malformed: it has no Statement"
    try:
        read = statements(found, source=f"logs/{name}")
    except UnsupportedPolicy as error:
        return f"Policy document is malformed: {error}"
    except (AttributeError, TypeError):
        return "Policy document is malformed: an element has a value of another kind"
    if lacking := next((one.source for one in read if one.resource is None or one.principal is None), None):
        return f"Policy document is malformed: {lacking} must have a Principal and a Resource"
    return None
