"""A restart during an update, and a failed deployment, leave the right processes. Stand-ins replace the processes."""

from __future__ import annotations

import threading
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from localcloud.latency import AWS, NONE
from localcloud.sagemaker.hosting import deployment
from localcloud.sagemaker.hosting.deployment import Site
from localcloud.sagemaker.hosting.endpoint import Endpoint
from localcloud.sagemaker.hosting.plan import EndpointPlan, Variant
from localcloud.sagemaker.hosting.routing import Route, choose

from ..conftest import eventually

VARIANT = Variant("A", "image-classification:1", "s3://b/m", 1.0, 1, None, 60, {})
PLAN = EndpointPlan("config", (VARIANT, replace(VARIANT, name="B")), None)


class Process:
    """A stand-in for a serving process. It records whether it was ended."""

    def __init__(self) -> None:
        self.ended = False
        self.stream = SimpleNamespace(write=print)
        self.under_way = 0

    def retire(self) -> None:
        self.ended = True

    def reserve(self) -> int:
        self.under_way += 1
        return self.under_way

    def release(self) -> None:
        self.under_way -= 1


def test_a_container_that_is_restarted_while_weights_change_comes_back() -> None:
    go_on, dead, new = threading.Event(), Process(), Process()

    def start(variant: Variant) -> Process:
        go_on.wait(60)
        return new

    fleet = {"A": dead, "B": Process()}
    site: Any = SimpleNamespace(
        context=SimpleNamespace(backends=SimpleNamespace(keep=lambda touched: None), latency=NONE),
        endpoint="e",
        account="123456789012",
        region="us-east-1",
        watch=lambda *_: None,
        deploy=lambda plan: fleet,
        start=start,
    )
    endpoint = Endpoint(site, PLAN, tags=[], captures=SimpleNamespace())
    endpoint.create()
    eventually(lambda: endpoint.endpoint_status == "InService")
    endpoint.restart(VARIANT, dead)
    endpoint.scale([{"VariantName": "A", "DesiredWeight": 3.0}])
    go_on.set()

    def answers() -> bool:
        with endpoint.lease("A") as lease:
            return lease.process is new

    eventually(answers)
    assert not new.ended


def test_an_endpoint_of_a_slow_cloud_is_under_way_for_longer_than_a_look_of_terraforms() -> None:
    """The clock is in the test's hands: each state lasts until the test lets it end."""
    waits: list[float] = []
    begun, go_on = threading.Semaphore(0), threading.Semaphore(0)

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        begun.release()
        go_on.acquire(timeout=60)

    fleet = {"A": Process(), "B": Process()}
    site: Any = SimpleNamespace(
        context=SimpleNamespace(backends=SimpleNamespace(keep=lambda touched: None), latency=replace(AWS, sleep=sleep)),
        endpoint="e",
        account="123456789012",
        region="us-east-1",
        watch=lambda *_: None,
        deploy=lambda plan: fleet,
    )
    endpoint = Endpoint(site, PLAN, tags=[], captures=SimpleNamespace(flush=lambda: None))
    gone = threading.Event()
    for action, status in (
        (endpoint.create, "Creating"),
        (lambda: endpoint.update(replace(PLAN, config_name="other")), "Updating"),
        (lambda: endpoint.scale([{"VariantName": "A", "DesiredWeight": 3.0}]), "Updating"),
        (lambda: endpoint.delete(gone.set), "Deleting"),
    ):
        action()
        assert begun.acquire(timeout=60)
        assert endpoint.endpoint_status == status
        go_on.release()
        eventually(lambda: endpoint.endpoint_status == "InService" or gone.is_set())
    assert min(waits) > 10
    assert len(waits) == 4


def test_a_serverless_variant_answers_no_more_at_once_than_it_may() -> None:
    serverless = replace(VARIANT, serverless={"MemorySizeInMB": 1024, "MaxConcurrency": 2})
    routes: Any = [Route(EndpointPlan("config", (serverless,), None), {"A": Process()})]
    first, second, third = (choose(routes, None) for _ in range(3))
    assert [first.throttled, second.throttled, third.throttled] == [False, False, True]
    third.process.release()
    first.process.release()
    assert not choose(routes, None).throttled
    plain: Any = [Route(EndpointPlan("config", (VARIANT,), None), {"A": Process()})]
    assert not any(choose(plain, None).throttled for _ in range(9))


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), deployment.DeploymentError("missing")])
def test_a_deployment_that_fails_in_any_way_leaves_no_process(
    failure: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Process()
    outcomes = iter([first, failure])

    def start(self: Site, variant: Variant) -> Process:
        outcome = next(outcomes)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(Site, "_start", start)
    with pytest.raises(type(failure)):
        Site(SimpleNamespace(), "123456789012", "us-east-1", "e").deploy(PLAN)
    assert first.ended
