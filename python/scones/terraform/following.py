"""Follows one endpoint through an apply of the stack ``service``.

Example (not run: it needs a running cloud)::

    follower = Follower(sagemaker, cloudwatch, "scones-dev", say=print)
    before = follower.settle()
    with follower.explaining(before):
        apply()                             # an error of it says which alarm rolled the update back, and what serves
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from scones.errors import TerraformError
from scones.terraform import endpoint, variants
from scones.terraform.variants import VariantChange


@dataclass(frozen=True)
class Follower:
    """An endpoint and the clients that look at it.

    Attributes:
        sagemaker: A boto3 SageMaker client.
        cloudwatch: A boto3 CloudWatch client.
        name: The endpoint's name. None if the stack has not been applied.
        say: Told what is waited for.
    """

    sagemaker: Any
    cloudwatch: Any
    name: str | None
    say: Callable[[str], None]

    def look(self) -> Mapping[str, Any] | None:
        """DescribeEndpoint's answer. None if there is no endpoint."""
        return endpoint.describe(self.sagemaker, self.name)

    def settle(self) -> Mapping[str, Any] | None:
        """Wait until the endpoint stops changing. Returns its description; None if there is no endpoint.

        Raises:
            TerraformError: it still changes after an hour.
        """
        return endpoint.settle(self.look, say=self.say)

    @contextmanager
    def explaining(self, before: Mapping[str, Any] | None) -> Iterator[None]:
        """Raise the reason of a rollback in place of Terraform's error, after SageMaker has finished.

        Args:
            before: The endpoint before Terraform.

        Raises:
            TerraformError: SageMaker rolled the endpoint back; else the caller's.
        """
        try:
            yield
        except TerraformError as error:
            now = self.look()
            rung = endpoint.ringing(self.cloudwatch, now)  # at once: an alarm ends soon after its fleet's requests
            after = self.settle()
            seen = [now["EndpointStatus"]] if now else []
            if after is not None and endpoint.rolled_back(before, after, seen=seen, rung=bool(rung)):
                serves = endpoint.serving(self.sagemaker, after)
                raise endpoint.explain(after, serves=serves, rung=rung) from error
            raise

    def change(self, change: VariantChange) -> Mapping[str, Any]:
        """Change the endpoint's variants, without guardrails. Returns the endpoint afterwards.

        Raises:
            TerraformError: SageMaker refused the change, or rolled it back.
        """
        self.say(f"changing the variants of endpoint '{self.name}' {change}, without guardrails")
        config = variants.begin(self.sagemaker, change)
        after = self.settle()
        if after is None or (after["EndpointStatus"], after["EndpointConfigName"]) != ("InService", config):
            found = after or {"EndpointStatus": "gone"}
            raise TerraformError(
                f"the variants of endpoint '{self.name}' could not be changed {change}: the endpoint is "
                f"{found['EndpointStatus']}; SageMaker's reason: {found.get('FailureReason', 'none')}",
                hint="nothing else was applied; look at the container's log, and apply again",
            )
        return after

    def verify(self, wanted: str, *, before: Mapping[str, Any] | None) -> None:
        """Check after an apply that the endpoint runs the wanted configuration. Clean up behind :meth:`change`.

        Args:
            wanted: The endpoint configuration's name.
            before: The endpoint before Terraform.

        Raises:
            TerraformError: it does not, or it is gone.
        """
        found = self.look()
        if found is None:
            raise TerraformError(
                f"endpoint '{self.name}' is gone, though it was applied",
                hint="look for who deleted it, and apply again",
            )
        endpoint.verify(found, wanted)
        variants.clean(self.sagemaker, before, found)

    def lead_back(self, between: Mapping[str, Any], applied: str) -> Mapping[str, Any]:
        """Undo a :meth:`change` that an interrupted apply has left. Returns the endpoint afterwards.

        Terraform sees nothing of such a change. So an apply that no longer wants it would have nothing to do.

        Args:
            between: The endpoint as it was left.
            applied: The name of the configuration that was applied last.

        Raises:
            TerraformError: SageMaker did not take it back.
        """
        self.say(f"an apply was interrupted: leading endpoint '{self.name}' back to {applied}, without guardrails")
        self.sagemaker.update_endpoint(EndpointName=self.name, EndpointConfigName=applied)
        self.settle()
        self.verify(applied, before=between)
        return {**between, **(self.look() or {})}
