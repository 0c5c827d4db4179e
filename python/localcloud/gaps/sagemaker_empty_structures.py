"""Models and endpoint configurations answer without the structures that they were made without.

moto: ``sagemaker/models.py``, ``Model`` and ``FakeEndpointConfig`` answer ``VpcConfig: {}``, ``DataCaptureConfig: {}``,
``Containers: []`` … where nothing was given; Terraform takes that for a change and replaces the resource on every plan.

AWS: what was not given is not in the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.sagemaker.models import FakeEndpointConfig, Model


def apply() -> None:
    for kind in (Model, FakeEndpointConfig):
        kind.response_object = property(_without_empty(kind.response_object.fget))


def _without_empty(describe: Callable[[Any], dict[str, Any]]) -> Callable[[Any], dict[str, Any]]:
    return lambda self: {field: value for field, value in describe(self).items() if value not in ({}, [], None)}
