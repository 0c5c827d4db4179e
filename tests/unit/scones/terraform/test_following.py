"""An apply that was interrupted between the two updates of a change of variants finds its way back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from scones.errors import TerraformError
from scones.terraform.following import Follower

NAME, WANTED, BETWEEN = "scones-dev", "scones-dev-0123456789ab", "scones-dev-v0123456789a"


@dataclass
class Hosting:
    """SageMaker with one endpoint, whose updates end at once, unless they fail."""

    config: str
    takes: bool = True
    configs: set[str] = field(default_factory=lambda: {WANTED, BETWEEN})

    def describe_endpoint(self, EndpointName: str) -> dict[str, Any]:
        return {"EndpointName": EndpointName, "EndpointStatus": "InService", "EndpointConfigName": self.config}

    def update_endpoint(self, EndpointName: str, EndpointConfigName: str) -> None:
        if self.takes:
            self.config = EndpointConfigName

    def delete_endpoint_config(self, EndpointConfigName: str) -> None:
        self.configs.remove(EndpointConfigName)


def follower(hosting: Hosting, said: list[str]) -> Follower:
    return Follower(hosting, None, NAME, said.append)


def test_an_endpoint_left_between_the_two_updates_is_led_back_and_the_rest_deleted() -> None:
    hosting = Hosting(BETWEEN)
    said: list[str] = []
    found = follower(hosting, said).lead_back(hosting.describe_endpoint(NAME), WANTED)
    assert found["EndpointConfigName"] == WANTED
    assert (hosting.config, hosting.configs) == (WANTED, {WANTED})
    assert said == [f"an apply was interrupted: leading endpoint '{NAME}' back to {WANTED}, without guardrails"]


def test_the_configuration_between_goes_after_terraforms_update() -> None:
    hosting = Hosting(WANTED)
    said: list[str] = []
    follower(hosting, said).verify(WANTED, before=Hosting(BETWEEN).describe_endpoint(NAME))
    assert (hosting.configs, said) == ({WANTED}, [])


def test_a_way_back_that_fails_is_an_error_and_deletes_nothing() -> None:
    hosting = Hosting(BETWEEN, takes=False)
    with pytest.raises(TerraformError, match=f"runs {BETWEEN}, not {WANTED}"):
        follower(hosting, []).lead_back(hosting.describe_endpoint(NAME), WANTED)
    assert hosting.configs == {WANTED, BETWEEN}


def test_a_configuration_of_another_hand_is_an_error() -> None:
    hosting = Hosting("scones-dev-by-hand")
    with pytest.raises(TerraformError, match="runs scones-dev-by-hand"):
        follower(hosting, []).verify(WANTED, before=None)
    assert hosting.config == "scones-dev-by-hand"
