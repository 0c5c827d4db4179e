"""What the demo finds of its stacks after it has destroyed them."""

from typing import Any

import pytest

from scones import settings
from scones.demo.leftovers import left_behind

ANSWERS = {
    "list_buckets": ("Buckets", "Name"),
    "list_endpoints": ("Endpoints", "EndpointName"),
    "list_endpoint_configs": ("EndpointConfigs", "EndpointConfigName"),
    "list_models": ("Models", "ModelName"),
    "list_functions": ("Functions", "FunctionName"),
    "list_state_machines": ("stateMachines", "name"),
    "list_roles": ("Roles", "RoleName"),
}


class Cloud:
    """Every client in one. The first page of each kind is of other environments; of one kind there is a second one."""

    def __init__(self, operation: str) -> None:
        self.filled = operation
        self.asked = ""

    def get_paginator(self, operation: str) -> "Cloud":
        self.asked = operation
        return self

    def paginate(self) -> list[dict[str, Any]]:
        key, name = ANSWERS[self.asked]
        second = [{name: "scones-local-1"}] if self.asked == self.filled else []
        return [{key: [{name: "scones-locality-1"}, {name: "scones-dev"}, {name: "other"}]}, {key: second}]


@pytest.mark.parametrize("operation", ANSWERS)
def test_what_is_left_is_found_on_every_page_and_only_the_environments_own(operation: str) -> None:
    cloud = Cloud(operation)
    (found,) = left_behind(settings.load("local", variables={}), client=lambda *_: cloud)
    assert found.endswith(" scones-local-1")
