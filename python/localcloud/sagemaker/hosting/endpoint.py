"""One endpoint: its status, its variants' processes, and how it comes from one configuration to the next.

Example::

    endpoint = Endpoint(Site(context, account, region, "scones"), plan, tags=[], captures=captures)
    endpoint.create()
    endpoint.update(other)

It stands in moto's ``endpoints`` in the place of moto's own, which is InService at birth and serves nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from moto.core.utils import utcnow
from moto.sagemaker.exceptions import AWSValidationException
from moto.sagemaker.utils import arn_formatter

from localcloud import log
from localcloud.sagemaker.hosting import description, reports
from localcloud.sagemaker.hosting.capture import Captures
from localcloud.sagemaker.hosting.deployment import DeploymentError, Fleet, Site, end
from localcloud.sagemaker.hosting.plan import EndpointPlan, Variant
from localcloud.sagemaker.hosting.rollout import AT_ONCE, RolledBack, Rollout, between, read_rollout, shift, tripped
from localcloud.sagemaker.hosting.routing import Lease, NoVariant, Pending, Route, choose
from localcloud.sagemaker.hosting.serving import ServingProcess
from localcloud.sagemaker.role import ExecutionRole


class Endpoint:
    """An endpoint.

    Attributes:
        endpoint_name, arn, tags, creation_time, endpoint_status: As moto's other actions look for them.
        captures: Where captured events go.
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
        self._site = site
        self._plan = plan
        self._deployment_config = deployment_config
        self._wanted: EndpointPlan | None = None  # what a change of weights or counts is about to make of the plan
        self._pending: Pending | None = Pending(plan, self.creation_time)
        self._fleet: Fleet = {}
        self._failure_reason: str | None = None
        self._lock = threading.RLock()

    # -- what it is asked to do; each returns at once and goes on in a thread

    def create(self) -> None:
        """Start the first plan: Creating, then InService or Failed."""
        self._deploy(self._pending, AT_ONCE, otherwise="Failed")

    def update(
        self, plan: EndpointPlan, *, deployment_config: Mapping[str, Any] | None = None, retain_deployment: bool = False
    ) -> None:
        """Go over to another plan: the running processes answer until the new ones can.

        Where those do not come to answer, or an alarm trips, the endpoint stays as it was, with FailureReason saying
        why.

        Raises:
            AWSValidationException: the endpoint is busy, or Failed.
            ValidationError: the deployment is one that the local cloud cannot do.
        """
        with self._lock:
            self._must_be_in_service()
            config = self._deployment_config if retain_deployment else deployment_config
            rollout = between(self._plan, plan, read_rollout(config))
            self.endpoint_status = "Updating"
            self.last_modified_time = utcnow()
            self._failure_reason = None
            self._pending = Pending(plan, self.last_modified_time)
            self._deployment_config = config
        self._deploy(self._pending, rollout, otherwise="InService")

    def delete(self, then: Callable[[], None]) -> None:
        """End its processes, its captured events written.

        Args:
            then: Called when it is gone.

        Raises:
            AWSValidationException: the endpoint is busy.
        """
        with self._lock:
            if self.endpoint_status not in ("InService", "Failed"):
                raise AWSValidationException(f'Cannot update in-progress endpoint "{self.arn}".')
            self.endpoint_status = "Deleting"
            self.last_modified_time = utcnow()
            fleet, self._fleet = self._fleet, {}

        def work() -> None:
            end(fleet)
            self.captures.flush()
            then()

        self._begin(work)

    def scale(self, wanted: list[dict[str, Any]]) -> None:
        """UpdateEndpointWeightsAndCapacities: what is not given stays. Updating, and InService when it is so.

        Raises:
            AWSValidationException: a variant is unknown or named twice, or the endpoint is busy.
        """
        with self._lock:
            self._must_be_in_service()
            known = {variant.name: variant for variant in self._plan.variants}
            names = [change["VariantName"] for change in wanted]
            for name in names:
                if names.count(name) > 1:
                    raise AWSValidationException(f'The variant name "{name}" was non-unique within the request.')
                if name not in known:
                    raise AWSValidationException(
                        f'The variant name(s) "{name}" is/are not present within endpoint configuration '
                        f'"{self._plan.config_name}".'
                    )
            for change in wanted:
                variant = known[change["VariantName"]]
                known[variant.name] = replace(
                    variant,
                    weight=_given(change.get("DesiredWeight"), variant.weight),
                    instance_count=_given(change.get("DesiredInstanceCount"), variant.instance_count),
                )
            self._wanted = replace(self._plan, variants=tuple(known.values()))
            self.endpoint_status = "Updating"
            self.last_modified_time = utcnow()

        def work() -> None:
            with self._lock:
                self._plan, self._wanted = self._wanted, None
                self._settle("InService")

        self._begin(work)

    def restart(self, variant: Variant, dead: ServingProcess) -> None:
        """Start a variant's process anew where it has died, as SageMaker restarts a container."""
        with self._lock:
            fleet = next((one.fleet for one in self._routes() if one.fleet.get(variant.name) is dead), None)
            if fleet is None:
                return
            del fleet[variant.name]

        def work() -> None:
            dead.retire()
            try:
                process = self._site.start(variant)
            except DeploymentError as error:
                dead.stream.write(f"the container could not be restarted: {error}")
                return
            with self._lock:
                # The fleet may have been ended meanwhile, or have got another process.
                wanted = variant.name not in fleet and any(fleet is one.fleet for one in self._routes())
                if wanted:
                    fleet[variant.name] = process
            if not wanted:
                process.retire()

        self._begin(work)

    def close(self) -> None:
        """End its processes at once."""
        with self._lock:
            fleets = [route.fleet for route in self._routes()]
            self._fleet = {}
        for fleet in fleets:
            end(fleet)

    # -- what is asked of it

    def role(self, variant: Variant) -> ExecutionRole:
        """What SageMaker does in the name of a variant's role."""
        return self._site.role(variant)

    @property
    def plan(self) -> EndpointPlan:
        """The plan it runs."""
        return self._plan

    @contextmanager
    def lease(self, target: str | None) -> Iterator[Lease]:
        """What a request goes to.

        Args:
            target: TargetVariant; by default the weights decide.

        Raises:
            AWSValidationException: there is no such variant, or no weight.
        """
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

    def report(self, variant: str, *, status: int, model_seconds: float, overhead_seconds: float) -> None:
        """Put what CloudWatch is told of one request; ``status`` is what the container answered."""
        reports.endpoint_invoked(
            self._site.context.metrics,
            endpoint=self.endpoint_name,
            variant=variant,
            status=status,
            model_seconds=model_seconds,
            overhead_seconds=overhead_seconds,
            account=self._site.account,
            region=self._site.region,
        )

    def summary(self) -> dict[str, Any]:
        """One of ListEndpoints' items."""
        return {
            "EndpointName": self.endpoint_name,
            "EndpointArn": self.arn,
            "CreationTime": self.creation_time,
            "LastModifiedTime": self.last_modified_time,
            "EndpointStatus": self.endpoint_status,
        }

    @property
    def response_object(self) -> dict[str, Any]:
        """DescribeEndpoint's answer, of one moment."""
        with self._lock:
            answer = {
                **self.summary(),
                "EndpointConfigName": self._plan.config_name,
                "ProductionVariants": description.variants(self._plan, self.creation_time, wanted=self._wanted),
                "ShadowProductionVariants": description.shadows(self._plan, self.creation_time),
                "DataCaptureConfig": description.capture(self._plan),
                "FailureReason": self._failure_reason,
                "LastDeploymentConfig": self._deployment_config,
            }
            if self._pending:
                answer["PendingDeploymentSummary"] = description.pending(
                    self._pending.plan, self._pending.since, self._pending.stage
                )
        return {name: value for name, value in answer.items() if value not in (None, [], {})}

    # -- inside

    def _must_be_in_service(self) -> None:
        if self.endpoint_status == "Failed":
            raise AWSValidationException(f'Cannot update endpoint "{self.arn}": it is Failed and can be deleted only.')
        if self.endpoint_status != "InService":
            raise AWSValidationException(f'Cannot update in-progress endpoint "{self.arn}".')

    def _routes(self) -> list[Route]:
        """What may answer a request: what the endpoint runs, and what is being deployed once it gets traffic."""
        pending = self._pending
        if pending is None or pending.fleet is None:
            return [Route(self._plan, self._fleet)]
        return [
            Route(self._plan, self._fleet, 1 - pending.share),
            Route(pending.plan, pending.fleet, pending.share),
        ]

    def _deploy(self, pending: Pending, rollout: Rollout, *, otherwise: str) -> None:
        """Bring a plan into service; or leave what there was, ``otherwise``, with the reason."""

        def give(fleet: Fleet, share: float) -> None:
            with self._lock:
                pending.fleet, pending.share, pending.stage = fleet, share, "Baking"

        def work() -> None:
            fleet: Fleet = {}
            try:
                fleet = self._site.deploy(pending.plan)
                self._site.watch(pending.plan, rollout.alarms)
                shift(
                    rollout,
                    give=partial(give, fleet),
                    alarm=lambda: tripped(self._site.account, self._site.region, rollout.alarms),
                )
            except (DeploymentError, RolledBack) as error:
                with self._lock:
                    pending.fleet = None
                    if otherwise == "InService":
                        self.endpoint_status = "RollingBack"
                end(fleet)
                self._settle(otherwise, reason=str(error))
                return
            except BaseException:
                pending.fleet = None
                end(fleet)
                raise
            with self._lock:
                old, self._fleet, self._plan = self._fleet, fleet, pending.plan
                pending.fleet, pending.stage = None, "Deleting"
            if old:
                time.sleep(rollout.termination_seconds)
            self._settle("InService")
            end(old)

        self._begin(work)

    def _settle(self, status: str, *, reason: str | None = None) -> None:
        with self._lock:
            self._pending = None
            self._failure_reason = reason
            self.endpoint_status = status
            self.last_modified_time = utcnow()

    def _begin(self, work: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001  an endpoint must not stay busy because of a fault of the cloud
                log.failure(error)
                self._settle("Failed", reason=f"The local cloud failed: {type(error).__name__}: {error}")

        threading.Thread(target=guarded, name=self.endpoint_name, daemon=True).start()


def _given(value: Any, otherwise: Any) -> Any:
    return otherwise if value is None else value
