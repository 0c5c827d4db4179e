"""The plan of a batch: arithmetic over the table of prices, with its time, its quotas, and what it takes as given."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from scones.cost import Prices, batch
from scones.cost.batch import plan
from scones.cost.usage import Function, Usage
from scones.errors import InputError
from scones.service.definition import images_a_child

PRICES = Prices.load()
USAGE = Usage("ml.m5.large", 1, (Function("classify-batch", 1024),), transitions=4)
MILLION = 1_000_000


def cost(found: batch.BatchPlan) -> dict[str, float]:
    return {line.what: round(line.cost, 3) for line in found.lines}


def test_a_million_images_by_the_map_are_children_and_the_functions_time() -> None:
    found = plan(MILLION, how="map", usage=USAGE, prices=PRICES, images_per_second=320.0)
    assert found.seconds == pytest.approx(5 + MILLION / 320)
    assert cost(found) == {
        "state transitions: the states, and each child's start": 0.625,  # 25,003 at $0.025 a thousand
        "children, which are Express executions": 0.025,  # 25,000 at $1 a million
        "children's time": 0.026,  # 25,000 s x 64 MB
        "calls of the function": 0.005,
        "the function's time": 0.333,  # 10 images of 0.1 s in each of 4 threads: 25,000 s x 1 GB
        "images read from S3": 0.4,
        "listing of the images": 0.005,
        "logs": 0.75,
    }
    assert found.cost == pytest.approx(sum(line.cost for line in found.lines))


def test_a_million_images_by_transform_are_instance_hours_and_an_object_for_each() -> None:
    found = plan(MILLION, how="transform", usage=USAGE, prices=PRICES, images_per_second=100.0)
    assert found.seconds == 240 + 10_000
    assert cost(found) == {
        "transform job: 1 x ml.m5.large": 0.327,  # 10,240 s at $0.115 an hour
        "images read from S3": 0.4,
        "listing of the images": 0.005,
        "logs": 0.05,
        "answers written to S3": 5.0,
    }


@pytest.mark.parametrize("how", ["map", "transform"])
def test_more_cpus_are_quicker_and_a_measured_rate_is_believed_before_an_assumed_one(how: Any) -> None:
    one = plan(MILLION, how=how, usage=USAGE, prices=PRICES)
    large = replace(USAGE, instance_type="ml.m5.xlarge")
    other = plan(MILLION, how=how, usage=large, prices=PRICES, instance_type="ml.m5.xlarge")
    assert one.seconds == pytest.approx(MILLION / 100, rel=0.05)
    assert other.seconds == pytest.approx(MILLION / 200, rel=0.05)
    assert any("100 images a second" in text for text in one.assumed)
    measured = plan(MILLION, how=how, usage=large, prices=PRICES, images_per_second=25.0)
    assert measured.seconds == pytest.approx(MILLION / 25, rel=0.05)
    assert not any("images a second" in text for text in measured.assumed)


def test_children_that_wait_for_a_slow_endpoint_cost_more_and_are_no_quicker() -> None:
    some = plan(MILLION, how="map", usage=USAGE, prices=PRICES, images_per_second=100.0)
    many = plan(MILLION, how="map", usage=USAGE, prices=PRICES, images_per_second=100.0, at_most=80)
    assert many.seconds == some.seconds
    assert cost(many)["the function's time"] == pytest.approx(10 * cost(some)["the function's time"], rel=0.01)


def test_few_children_are_slower_than_the_endpoint() -> None:
    found = plan(MILLION, how="map", usage=USAGE, prices=PRICES, images_per_second=1000.0, at_most=1)
    assert found.seconds == pytest.approx(5 + MILLION / 40)  # 4 images at once, 0.1 s each


def test_a_million_images_stay_within_every_quota_and_too_much_is_seen() -> None:
    for how in ("map", "transform"):
        found = plan(MILLION, how=how, usage=USAGE, prices=PRICES)
        assert all(quota.holds for quota in found.quotas)
        assert all(quota.source.startswith("https://docs.aws.amazon.com/") for quota in found.quotas)
    wide = plan(MILLION, how="map", usage=USAGE, prices=PRICES, at_most=2000)
    assert [quota.what for quota in wide.quotas if not quota.holds] == [
        "functions that run at once, all of the account's",
        "a call of the function, which begins no image later",
        "an Express execution",
    ]
    quick = plan(MILLION, how="transform", usage=USAGE, prices=PRICES, images_per_second=4000.0)
    assert [quota.what for quota in quick.quotas if not quota.holds] == ["writes below one prefix"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"images": 0}, "images must be 1 or more, not 0"),
        ({"at_most": 0}, "at_most must be 1 or more"),
        ({"instances": 0}, "instances must be 1 or more"),
        ({"how": "train"}, "by map or transform, not by 'train'"),
        ({"images_per_second": 0.0}, "more than 0"),
        ({"how": "transform", "instance_type": "ml.t2.medium"}, r"no price for ml\.t2\.medium"),
    ],
)
def test_what_no_batch_can_have_is_refused(given: dict[str, Any], message: str) -> None:
    asked: dict[str, Any] = {"images": 10, "how": "map", "usage": USAGE, "prices": PRICES} | given
    with pytest.raises(InputError, match=message):
        plan(asked.pop("images"), **asked)


def test_an_instance_type_whose_name_tells_no_cpus_is_refused() -> None:
    with pytest.raises(InputError, match=r"ml\.m5\.metal does not say how many CPUs"):
        batch.cpus("ml.m5.metal")


def test_the_state_machine_and_the_function_have_the_numbers_of_the_plan() -> None:
    """What the plan says of them is in their files."""
    from scones import settings

    definition = settings.ROOT / "asl" / "classify_batch.asl.json"
    function = settings.ROOT / "lambdas" / "classify_batch" / "handler.py"
    assert definition.read_text().count('"MaxItemsPerBatch": "{% ${images_a_child} %}"') == 2
    assert f"THREADS = {batch.THREADS} " in function.read_text()
    service = settings.ROOT / "terraform" / "stacks" / "service" / "batch.json"
    numbers = json.loads(service.read_text())
    assert numbers["memory_mb"] == batch.FUNCTION_MB
    assert (USAGE.classes, USAGE.images_a_child) == (2, images_a_child(2, numbers))
    assert pytest.approx(1000 * batch.KB_OF_A_PROBABILITY) == numbers["probability_bytes"]


def test_a_model_of_a_thousand_classes_has_more_children_which_stay_within_their_output() -> None:
    large = replace(USAGE, classes=1000, images_a_child=7)
    found = plan(MILLION, how="map", usage=large, prices=PRICES, images_per_second=320.0)
    (children,) = (line.quantity for line in found.lines if line.what.startswith("children, which"))
    assert children == 142_858
    (output,) = (quota for quota in found.quotas if quota.what == "a child's output")
    assert output.takes == pytest.approx(7 * 24.6)
    assert output.holds
