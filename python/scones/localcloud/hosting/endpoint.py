"""One endpoint: its status, its variants' processes, and how it comes from one configuration to the next.

Example::

    endpoint = Endpoint(Site(context, account, region, "scones"), plan, tags=[], captures=captures)
    endpoint.create()
    endpoint.update(other)

It stands in moto's ``endpoints`` in the place of moto's own, which is InService at birth and serves nothing.
"""

from __future__ import annotations

import random
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from moto.core.utils import utcnow
from moto.sagemaker.exceptions import AWSValidationException
from moto.sagemaker.utils import arn_formatter

from scones.localcloud.hosting import description
from scones.localcloud.hosting.capture import Captures
from scones.localcloud.hosting.deployment import DeploymentError, Fleet, Site, end
from scones.localcloud.hosting.plan import Plan, Variant
from scones.localcloud.hosting.serving import ServingProcess


class Endpoint:
    """An endpoint.

    Attributes:
        endpoint_name, arn, tags, creation_time, endpoint_status: As moto's other actions look for them.
        captures: Where captured events go.
    """

    def __init__(
        self,
        site: Site,
        plan: Plan,
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
        self._pending: tuple[Plan, datetime] | None = (plan, self.creation_time)
        self._fleet: Fleet = {}
        self._failure_reason: str | None = None
        self._lock = threading.RLock()

    # -- what it is asked to do; each returns at once and goes on in a thread

    def create(self) -> None:
        """Start the first plan: Creating, then InService or Failed."""
        self._deploy(self._plan, otherwise="Failed")

    def update(
        self, plan: Plan, *, deployment_config: Mapping[str, Any] | None = None, retain_deployment: bool = False
    ) -> None:
        """Go over to another plan: the running processes answer until the new ones can.

        Where those do not come to answer, the endpoint stays as it was, with FailureReason saying why.

        Raises:
            AWSValidationException: the endpoint is busy, or Failed.
        """
        with self._lock:
            self._must_be_in_service()
            self.endpoint_status = "Updating"
            self.last_modified_time = utcnow()
            self._failure_reason = None
            self._pending = (plan, self.last_modified_time)
            if not retain_deployment:
                self._deployment_config = deployment_config
        self._deploy(plan, otherwise="InService")

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
        """UpdateEndpointWeightsAndCapacities: what is not given stays.

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
            self._plan = replace(self._plan, variants=tuple(known.values()))
            self.last_modified_time = utcnow()

    def restart(self, variant: Variant, dead: ServingProcess) -> None:
        """Start a variant's process anew where it has died, as SageMaker restarts a container."""
        with self._lock:
            if self._fleet.get(variant.name) is not dead:
                return
            del self._fleet[variant.name]
            plan = self._plan

        def work() -> None:
            dead.retire()
            try:
                process = self._site.start(variant)
            except DeploymentError as error:
                dead.stream.write(f"the container could not be restarted: {error}")
                return
            with self._lock:
                # The weights may have changed meanwhile; another deployment has a process of its own.
                wanted = (
                    self.endpoint_status in ("InService", "Updating")
                    and self._plan.config_name == plan.config_name
                    and variant.name not in self._fleet
                )
                if wanted:
                    self._fleet[variant.name] = process
            if not wanted:
                process.retire()

        self._begin(work)

    def close(self) -> None:
        """End its processes at once."""
        with self._lock:
            fleet, self._fleet = self._fleet, {}
        end(fleet)

    # -- what is asked of it

    @property
    def plan(self) -> Plan:
        """The plan it runs."""
        return self._plan

    @contextmanager
    def lease(self, target: str | None) -> Iterator[tuple[Variant, ServingProcess | None, Plan]]:
        """The variant that a request goes to, its process, which is not ended meanwhile, and the plan.

        Args:
            target: TargetVariant; by default the weights decide.

        Yields:
            No process where that is being restarted.

        Raises:
            AWSValidationException: there is no such variant, or no weight.
        """
        with self._lock:
            plan = self._plan
            variants = [variant for variant in plan.variants if target in (None, variant.name)]
            if not variants:
                raise AWSValidationException(f"Variant {target} not found for Endpoint {self.endpoint_name}.")
            weights = [1.0] if target else [variant.weight for variant in variants]
            if not sum(weights):
                raise AWSValidationException(f"No variant of Endpoint {self.endpoint_name} has a weight above 0.")
            (chosen,) = random.choices(variants, weights)
            process = self._fleet.get(chosen.name)
            if process:
                process.reserve()
        try:
            yield chosen, process, plan
        finally:
            if process:
                process.release()

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
                "ProductionVariants": description.variants(self._plan, self.creation_time),
                "DataCaptureConfig": description.capture(self._plan),
                "FailureReason": self._failure_reason,
                "LastDeploymentConfig": self._deployment_config,
            }
            if self._pending:
                plan, since = self._pending
                answer["PendingDeploymentSummary"] = {
                    "EndpointConfigName": plan.config_name,
                    "ProductionVariants": description.variants(plan, since),
                    "StartTime": since,
                }
        return {name: value for name, value in answer.items() if value not in (None, [], {})}

    # -- inside

    def _must_be_in_service(self) -> None:
        if self.endpoint_status == "Failed":
            raise AWSValidationException(f'Cannot update endpoint "{self.arn}": it is Failed and can be deleted only.')
        if self.endpoint_status != "InService":
            raise AWSValidationException(f'Cannot update in-progress endpoint "{self.arn}".')

    def _deploy(self, plan: Plan, *, otherwise: str) -> None:
        """Start a plan's processes; InService with them, or ``otherwise`` with the reason and what there was."""

        def work() -> None:
            try:
                fleet = self._site.deploy(plan)
            except DeploymentError as error:
                self._settle(otherwise, reason=str(error))
                return
            with self._lock:
                old, self._fleet, self._plan = self._fleet, fleet, plan
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
                traceback.print_exc()
                self._settle("Failed", reason=f"The local cloud failed: {type(error).__name__}: {error}")

        threading.Thread(target=guarded, name=self.endpoint_name, daemon=True).start()


def _given(value: Any, otherwise: Any) -> Any:
    return otherwise if value is None else value
