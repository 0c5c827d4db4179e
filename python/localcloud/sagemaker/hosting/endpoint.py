"""The actions on one endpoint: create, update, scale, delete. Each starts a thread and returns at once.

An endpoint replaces moto's object in ``endpoints``. moto's is InService at once and serves nothing.

Example (not run: it needs a running cloud)::

    endpoint = Endpoint(Site(context, account, region, "scones"), plan, tags=[], captures=captures)
    endpoint.create()
    endpoint.update(other)
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from moto.core.utils import utcnow
from moto.sagemaker.exceptions import AWSValidationException

from localcloud import log
from localcloud.sagemaker import status_changes
from localcloud.sagemaker.hosting.deployment import DeploymentError, Fleet, end
from localcloud.sagemaker.hosting.plan import EndpointPlan, Variant, rescale
from localcloud.sagemaker.hosting.rollout import AT_ONCE, RolledBack, Rollout, between, read_rollout, shift, tripped
from localcloud.sagemaker.hosting.routing import Pending
from localcloud.sagemaker.hosting.serving import ServingProcess
from localcloud.sagemaker.hosting.state import EndpointState


class Endpoint(EndpointState):
    """An endpoint."""

    def create(self) -> None:
        """Start the first plan. The status is Creating, then InService or Failed."""
        assert self._pending is not None  # a new endpoint's first plan is pending
        status_changes.endpoint(self)
        self._deploy(self._pending, AT_ONCE, otherwise="Failed")

    def update(
        self, plan: EndpointPlan, *, deployment_config: Mapping[str, Any] | None = None, retain_deployment: bool = False
    ) -> None:
        """Deploy another plan. The old processes answer until the new ones can.

        If the new processes do not answer, or an alarm goes off, the endpoint keeps its old plan and has a
        FailureReason.

        Args:
            retain_deployment: Whether the last update's deployment configuration is used again.

        Raises:
            AWSValidationException: The endpoint is not InService.
            ValidationError: The local cloud does not support the deployment configuration.
        """
        with self._lock:
            self._must_be_in_service()
            config = self._deployment_config if retain_deployment else deployment_config
            rollout = between(self._plan, plan, read_rollout(config))
            self.endpoint_status = "Updating"
            self.last_modified_time = utcnow()
            self._failure_reason = None
            self._pending = pending = Pending(plan, self.last_modified_time)
            self._deployment_config = config
        status_changes.endpoint(self)
        self._deploy(pending, rollout, otherwise="InService")

    def delete(self, then: Callable[[], None]) -> None:
        """End the processes and write the captured events.

        Args:
            then: Called afterwards.

        Raises:
            AWSValidationException: The endpoint is neither InService nor Failed.
        """
        with self._lock:
            if self.endpoint_status not in ("InService", "Failed"):
                raise AWSValidationException(f'Cannot update in-progress endpoint "{self.arn}".')
            self.endpoint_status = "Deleting"
            self.last_modified_time = utcnow()
            fleet, self._fleet = self._fleet, {}
        status_changes.endpoint(self)

        def work() -> None:
            end(fleet)
            self._site.context.latency.hold()
            self.captures.flush()
            then()
            status_changes.endpoint(self, "Deleted")
            self._site.context.backends.keep({("sagemaker", self._site.account, self._site.region)})

        self._begin(work)

    def scale(self, changes: list[dict[str, Any]]) -> None:
        """UpdateEndpointWeightsAndCapacities. The status is Updating, then InService.

        Args:
            changes: DesiredWeightsAndCapacities.

        Raises:
            AWSValidationException: A variant does not exist or has two changes, or the endpoint is not InService.
        """
        with self._lock:
            self._must_be_in_service()
            self._wanted = wanted = rescale(self._plan, changes)
            self.endpoint_status = "Updating"
            self.last_modified_time = utcnow()
        status_changes.endpoint(self)

        def work() -> None:
            self._site.context.latency.hold()
            with self._lock:
                self._plan, self._wanted = wanted, None
                self._settle("InService")

        self._begin(work)

    def restart(self, variant: Variant, dead: ServingProcess) -> None:
        """Replace a variant's process that has died, as SageMaker restarts a container."""
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
                # The fleet may have ended since, or may have another process for the variant.
                wanted = variant.name not in fleet and any(fleet is one.fleet for one in self._routes())
                if wanted:
                    fleet[variant.name] = process
            if not wanted:
                process.retire()

        self._begin(work)

    def close(self) -> None:
        """End the processes before returning, without a change of status."""
        with self._lock:
            fleets = [route.fleet for route in self._routes()]
            self._fleet = {}
        for fleet in fleets:
            end(fleet)

    def resume(self, gone: Callable[[], None]) -> None:
        """Go on after a restart of the cloud: start the processes again, and end what was under way.

        An update begins anew, so it finishes or rolls back. A rollback, a change of counts or weights, and a deletion
        come to their end.

        Args:
            gone: Called when a deletion has ended.
        """
        pending, status = self._pending, self.endpoint_status
        if status == "Deleting":
            gone()
        elif status == "Creating" and pending:
            self._deploy(pending, AT_ONCE, otherwise="Failed")
        elif status != "Failed":
            self._there.clear()
            self._begin(partial(self._restart, pending if status == "Updating" else None))

    def _restart(self, pending: Pending | None) -> None:
        self._plan, self._wanted = self._wanted or self._plan, None
        fleet: Fleet = {}
        try:
            fleet = self._site.deploy(self._plan)
        except DeploymentError as error:
            self._settle("Failed", reason=f"The processes did not start again: {error}")
            return
        finally:
            with self._lock:
                self._fleet = fleet
            self._there.set()
        if pending and pending.stage != "Deleting":
            rollout = between(self._plan, pending.plan, read_rollout(self._deployment_config))
            self._deploy(pending, rollout, otherwise="InService")
        else:
            self._settle("InService", reason=self._failure_reason)

    def _deploy(self, pending: Pending, rollout: Rollout, *, otherwise: str) -> None:
        """Deploy the pending plan. If that fails, keep the old plan, with the status ``otherwise`` and a reason."""

        def give(fleet: Fleet, share: float) -> None:
            with self._lock:
                pending.fleet, pending.share, pending.stage = fleet, share, "Baking"
            status_changes.endpoint(self)

        def work() -> None:
            fleet: Fleet = {}
            self._site.context.latency.hold()
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
                        self.endpoint_status, self._failure_reason = "RollingBack", str(error)
                self.keep()
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
            self.keep()
            if old:
                time.sleep(rollout.termination_seconds)
            self._settle("InService")
            end(old)

        self._begin(work)

    def _begin(self, work: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001  a fault of the cloud must not leave the endpoint in progress
                log.failure(error)
                self._settle("Failed", reason=f"The local cloud failed: {type(error).__name__}: {error}")

        threading.Thread(target=guarded, name=self.endpoint_name, daemon=True).start()
