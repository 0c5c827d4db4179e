"""An endpoint's state: its plan, its processes and its status, and the answers of ListEndpoints and DescribeEndpoint.

The actions that change the state are in :mod:`localcloud.sagemaker.hosting.endpoint`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from moto.core.utils import utcnow
from moto.sagemaker.exceptions import AWSValidationException
from moto.sagemaker.utils import arn_formatter

from localcloud.context import MetricStore
from localcloud.sagemaker import status_changes
from localcloud.sagemaker.hosting import description, reports
from localcloud.sagemaker.hosting.capture import Captures
from localcloud.sagemaker.hosting.deployment import Fleet, Site
from localcloud.sagemaker.hosting.plan import EndpointPlan, Variant
from localcloud.sagemaker.hosting.reports import Invocation
from localcloud.sagemaker.hosting.routing import Lease, NoVariant, Pending, Route, choose
from localcloud.sagemaker.hosting.watchers import Watchers
from localcloud.sagemaker.role import ExecutionRole

#: How long a request waits for the processes of an endpoint after a restart of the cloud, in seconds.
RESTART_SECONDS = 120.0


class EndpointState:
    """The state of an endpoint. Threads may use it at once.

    moto's other actions read the attributes endpoint_name, arn, tags, creation_time and endpoint_status.

    Attributes:
        endpoint_status: EndpointStatus, such as InService.
        captures: Gets the captured events.
        watchers: Who asks for the status.
    """

    def __init__(
        self,
        site: Site,
        plan: EndpointPlan,
        *,
        tags: list[dict[str, str]],
        captures: Captures,
        deployment_config: Mapping[str, Any] | None = None,
    ) -> None:
        self.endpoint_name = site.endpoint
        self.arn = arn_formatter("endpoint", site.endpoint, site.account, site.region)
        self.tags = tags
        self.creation_time = self.last_modified_time = utcnow()
        self.endpoint_status = "Creating"
        self.captures = captures
        self.watchers = Watchers()
        self._site = site
        self._plan = plan
        self._deployment_config = deployment_config
        self._wanted: EndpointPlan | None = None  # the plan after a change of weights or counts, while it is applied
        self._pending: Pending | None = Pending(plan, self.creation_time)
        self._fleet: Fleet = {}
        self._failure_reason: str | None = None
        self._lock = threading.RLock()
        self._there = threading.Event()  # cleared after a restart of the cloud, until the processes answer again
        self._there.set()

    def __getstate__(self) -> dict[str, Any]:
        """What is kept of the endpoint: all but its processes, and who asked for its status."""
        pending = replace(self._pending, fleet=None) if self._pending else None
        return {**vars(self), "_fleet": {}, "_pending": pending, "watchers": Watchers()}

    def role(self, variant: Variant) -> ExecutionRole:
        """SageMaker, acting in the role of the variant's model."""
        return self._site.role(variant)

    @property
    def plan(self) -> EndpointPlan:
        """The current plan."""
        return self._plan

    @contextmanager
    def lease(self, target: str | None) -> Iterator[Lease]:
        """Reserve the processes of a request. The variant's process is released afterwards, the shadow's is not.

        Args:
            target: TargetVariant. None lets the weights decide.

        Raises:
            AWSValidationException: There is no such variant, or no variant has a weight.
        """
        self._there.wait(RESTART_SECONDS)
        with self._lock:
            try:
                lease = choose(self._routes(), target)
            except NoVariant as error:
                raise AWSValidationException(f"{error} Endpoint {self.endpoint_name}.") from None
        try:
            yield lease
        finally:
            if lease.process:
                lease.process.release()

    def report(self, invocation: Invocation) -> None:
        """Report the metrics of one request to CloudWatch."""
        site = self._site
        reports.endpoint_invoked(
            site.context.metrics, invocation, endpoint=self.endpoint_name, account=site.account, region=site.region
        )

    def containers(self) -> list[tuple[str, int]]:
        """The variants that run, production and shadow, each with the number of its process."""
        with self._lock:
            return [(name, process.pid) for name, process in self._fleet.items() if process.alive]

    def report_use(self, metrics: MetricStore, variant: str, percent: float) -> None:
        """Report the CPU use of a variant's container to CloudWatch, if the role of its model may."""
        site = self._site
        found = next((one for one in (*self._plan.variants, *self._plan.shadows) if one.name == variant), None)
        if found and self.role(found).may("cloudwatch", "PutMetricData", Namespace=reports.NAMESPACE):
            where = {"account": site.account, "region": site.region}
            reports.instance_used(metrics, percent, endpoint=self.endpoint_name, variant=variant, **where)

    def summary(self) -> dict[str, Any]:
        """The endpoint's item in ListEndpoints."""
        return {
            "EndpointName": self.endpoint_name,
            "EndpointArn": self.arn,
            "CreationTime": self.creation_time,
            "LastModifiedTime": self.last_modified_time,
            "EndpointStatus": self.endpoint_status,
        }

    @property
    def response_object(self) -> dict[str, Any]:
        """DescribeEndpoint's answer."""
        with self._lock:
            answer = {
                **self.summary(),
                "EndpointConfigName": self._plan.config_name,
                "ProductionVariants": description.variants(self._plan, self.creation_time, wanted=self._wanted),
                "ShadowProductionVariants": description.shadows(self._plan, self.creation_time),
                "DataCaptureConfig": description.capture(self._plan),
                # SageMaker gives the reason when it has finished.
                "FailureReason": None if self.endpoint_status == "RollingBack" else self._failure_reason,
                "LastDeploymentConfig": self._deployment_config,
            }
            if self._pending:
                answer["PendingDeploymentSummary"] = description.pending(
                    self._pending.plan, self._pending.since, self._pending.stage
                )
        return {name: value for name, value in answer.items() if value not in (None, [], {})}

    def _must_be_in_service(self) -> None:
        if self.endpoint_status == "Failed":
            raise AWSValidationException(f'Cannot update endpoint "{self.arn}": it is Failed and can be deleted only.')
        if self.endpoint_status != "InService":
            raise AWSValidationException(f'Cannot update in-progress endpoint "{self.arn}".')

    def _routes(self) -> list[Route]:
        """The current plan, and the pending plan if it gets traffic."""
        pending = self._pending
        if pending is None or pending.fleet is None:
            return [Route(self._plan, self._fleet)]
        return [
            Route(self._plan, self._fleet, 1 - pending.share),
            Route(pending.plan, pending.fleet, pending.share),
        ]

    def _settle(self, status: str, *, reason: str | None = None) -> None:
        """End a deployment or another change with a status."""
        with self._lock:
            self._pending = None
            self._failure_reason = reason
            self.endpoint_status = status
            self.last_modified_time = utcnow()
        self.keep()

    def keep(self) -> None:
        """Keep the endpoint as it is now, and tell EventBridge of a new status."""
        status_changes.endpoint(self)
        self._site.context.backends.keep({("sagemaker", self._site.account, self._site.region)})
