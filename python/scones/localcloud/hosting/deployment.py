"""How a plan becomes processes that answer, and how they end.

Example::

    site = Site(context, account="123456789012", region="us-east-1", endpoint="scones")
    fleet = site.deploy(plan)       # {'AllTraffic': ServingProcess}
    end(fleet)
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from scones.localcloud import objects
from scones.localcloud.context import Context
from scones.localcloud.hosting.plan import Plan, Variant
from scones.localcloud.hosting.serving import ServingProcess, StartError
from scones.localcloud.logstream import LogStream

Fleet = dict[str, ServingProcess]


class DeploymentError(Exception):
    """A plan that cannot be run; the message is the endpoint's FailureReason, as SageMaker words it."""


@dataclass(frozen=True)
class Site:
    """Where an endpoint's processes run.

    Attributes:
        context: The local cloud.
        account, region, endpoint: Whose processes they are.
    """

    context: Context
    account: str
    region: str
    endpoint: str

    def deploy(self, plan: Plan) -> Fleet:
        """Start a process for each variant and wait until all answer.

        Raises:
            DeploymentError: an artifact is missing, or a process did not come to answer; none is left running.
        """
        fleet: Fleet = {}
        try:
            every = (*plan.variants, *plan.shadows)
            for variant in every:
                fleet[variant.name] = self._start(variant)
            for variant in every:
                _wait(variant, fleet[variant.name])
        except BaseException:
            end(fleet)
            raise
        return fleet

    def start(self, variant: Variant) -> ServingProcess:
        """Start one variant's process and wait until it answers.

        Raises:
            DeploymentError: as of :meth:`deploy`.
        """
        process = self._start(variant)
        try:
            _wait(variant, process)
        except BaseException:
            process.retire()
            raise
        return process

    def _start(self, variant: Variant) -> ServingProcess:
        artifact = objects.read(self.account, variant.model_data_url)
        if artifact is None:
            raise DeploymentError(
                f'Failed to download model data for container "container_1" from URL: "{variant.model_data_url}". '
                "Please ensure that there is an object located at the URL and that the role passed to CreateModel has "
                "permissions to download the model."
            )
        identity = uuid.uuid4().hex[:17]
        group = f"/aws/sagemaker/Endpoints/{self.endpoint}"
        stream = LogStream(self.account, self.region, group, f"{variant.name}/i-{identity}")
        folder = self.context.state / "endpoints" / self.endpoint / identity
        variables = {**variant.environment, "AWS_REGION": self.region}
        return ServingProcess(self.context, stream, folder, artifact, variables)


def end(fleet: Mapping[str, ServingProcess]) -> None:
    """End every process once its requests under way are answered."""
    for process in fleet.values():
        process.retire()


def _wait(variant: Variant, process: ServingProcess) -> None:
    try:
        process.wait_ready(variant.startup_seconds)
    except StartError as error:
        raise DeploymentError(
            f"The primary container for production variant {variant.name} did not pass the ping health check. "
            f"Please check CloudWatch logs for this endpoint. The container said last: {error}"
        ) from error
