"""Starts the processes of a plan, and ends them.

Example (not run: it needs a running cloud)::

    site = Site(context, account="123456789012", region="us-east-1", endpoint="scones")
    fleet = site.deploy(plan)       # {'AllTraffic': ServingProcess}
    end(fleet)
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from localcloud import log
from localcloud.context import Context
from localcloud.ec2 import networks
from localcloud.iam.roles import AccessDenied
from localcloud.logs.stream import LogStream
from localcloud.paths import inside
from localcloud.sagemaker import images
from localcloud.sagemaker.hosting import reports
from localcloud.sagemaker.hosting.plan import EndpointPlan, Variant
from localcloud.sagemaker.hosting.serving import ServingProcess, StartError
from localcloud.sagemaker.role import ExecutionRole

Fleet = dict[str, ServingProcess]


class DeploymentError(Exception):
    """A plan cannot be deployed. The message is the endpoint's FailureReason, in SageMaker's words."""


@dataclass(frozen=True)
class Site:
    """Starts the processes of one endpoint.

    Attributes:
        context: The local cloud.
        account: The account of the endpoint.
        region: The region of the endpoint.
        endpoint: The endpoint's name.
    """

    context: Context
    account: str
    region: str
    endpoint: str

    def deploy(self, plan: EndpointPlan) -> Fleet:
        """Start a process for each variant and wait until all of them answer.

        Raises:
            DeploymentError: A role lacks a permission, an artifact is missing, or a process did not answer in time.
                No process is left running.
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
            DeploymentError: As in :meth:`deploy`.
        """
        process = self._start(variant)
        try:
            _wait(variant, process)
        except BaseException:
            process.retire()
            raise
        return process

    def role(self, variant: Variant) -> ExecutionRole:
        """SageMaker, acting in the role of the variant's model."""
        return ExecutionRole(self.context.roles, variant.role_arn, account=self.account, region=self.region)

    def watch(self, plan: EndpointPlan, alarms: Sequence[str]) -> None:
        """Check that the plan's roles may describe the alarms of a deployment, as SageMaker does in these roles.

        AWS: SageMaker Developer Guide, "Auto-Rollback Configuration and Monitoring".

        Raises:
            DeploymentError: A role's policies do not allow it.
        """
        for variant in plan.variants if alarms else ():
            try:
                self.role(variant).call("cloudwatch", "DescribeAlarms", AlarmNames=list(alarms))
            except AccessDenied as error:
                raise DeploymentError(f"The alarms of the deployment cannot be watched: {error}") from None

    def _start(self, variant: Variant) -> ServingProcess:
        role = self.role(variant)
        artifact = _prepare(role, variant)
        identity = uuid.uuid4().hex[:17]
        group = f"/aws/sagemaker/Endpoints/{self.endpoint}"
        stream = LogStream(self.account, self.region, group, f"{variant.name}/i-{identity}", role=role)
        folder = inside(self.context.place("endpoints"), self.endpoint, identity)
        variables = {**variant.environment, "AWS_REGION": self.region}
        return ServingProcess(self.context, stream, folder, artifact, variables)


def _prepare(role: ExecutionRole, variant: Variant) -> bytes:
    """Check the calls that SageMaker makes in the model's role before its container runs, and read the artifact.

    Raises:
        DeploymentError: The role's policies do not allow a call, or there is no artifact.
    """
    try:
        images.pull(role, variant.image)
        if variant.vpc:
            networks.join(role, variant.vpc["Subnets"], variant.vpc["SecurityGroupIds"], needs=networks.SAGEMAKER)
    except AccessDenied as error:
        raise DeploymentError(
            f"The role of the model of production variant {variant.name} lacks permissions: {error}"
        ) from None
    # hosting/usage.py reports the CPU use later, if the role may. Asked here too, it is in the request log at once.
    role.may("cloudwatch", "PutMetricData", Namespace=reports.NAMESPACE)
    try:
        artifact = role.read(variant.model_data_url)
    except AccessDenied as error:
        log.line(f"{variant.name}: {error}")
        artifact = None
    if artifact is None:
        raise DeploymentError(
            f'Failed to download model data for container "container_1" from URL: "{variant.model_data_url}". '
            "Please ensure that there is an object located at the URL and that the role passed to CreateModel has "
            "permissions to download the model."
        )
    return artifact


def end(fleet: Mapping[str, ServingProcess]) -> None:
    """End every process after its current requests."""
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
