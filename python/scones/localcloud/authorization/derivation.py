"""What a request needs permission for: actions, ARNs and condition keys, from the request as AWS's clients send it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scones.errors import CloudError
from scones.localcloud.authorization.evaluation import Access


class UnknownAction(CloudError):
    """An action that the local cloud has no derivation for: it is refused, never waved through."""


def derive(environ: Mapping[str, Any], service: str, operation: str, parameters: Mapping[str, Any]) -> list[Access]:
    """What one request needs, each of it allowed by somebody's policies.

    Args:
        environ: The WSGI environment: the host, path, query and headers.
        service: botocore's name of the service, ``sagemaker-runtime``.
        operation: botocore's name of the operation, ``InvokeEndpoint``.
        parameters: The operation's parameters, by botocore's names; those that the request did not give are missing.

    Raises:
        UnknownAction: no derivation is known for this operation.
    """
    raise UnknownAction(f"the local cloud cannot judge {service}:{operation}")
