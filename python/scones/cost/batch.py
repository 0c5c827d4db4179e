"""A plan for many images at once: how long they take, what they cost, and which of AWS's quotas they come near.

Example::

    >>> usage = Usage("ml.m5.large", instances=1, functions=(), transitions=4)
    >>> found = plan(1_000_000, how="transform", usage=usage, prices=Prices.load(), images_per_second=100.0)
    >>> round(found.seconds), round(found.cost, 2)
    (10240, 5.78)

Two ways. ``map`` is the state machine with a Distributed Map: each child takes up to 40 images, and its function asks
the endpoint for each of them. ``transform`` is a Batch Transform job, which starts instances of its own and writes an
object for each image.

The plan is arithmetic. It asks no cloud. What it takes as given is in ``assumed``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from scones.cost.lines import Line
from scones.cost.prices import Prices
from scones.cost.usage import Usage
from scones.errors import InputError

How = Literal["map", "transform"]

# lambdas/classify_batch: how many of a child's images it asks for at once.
THREADS = 4
# The memory of the function, as in terraform/stacks/service/batch.json.
FUNCTION, FUNCTION_MB = "classify-batch", 512
# modules/batch: the default of at_most, and what a transform job sends at once.
TRANSFORM_TYPE = "ml.m5.large"
AT_MOST, PAYLOADS_AT_ONCE, PAYLOAD_MB = 8, 8, 6

# Assumed until somebody measures them in an account. An image waits in the function for S3 (about 30 ms) and for the
# endpoint (about 20 ms, and what it waits for others). The recipe's network, 20 layers of 28 x 28, takes 4 ms of one
# virtual CPU for an image alone and 2 ms for each of several; the rest is HTTP and the image.
ASSUMED_SECONDS_AN_IMAGE = 0.1
ASSUMED_IMAGES_A_SECOND_AND_CPU = 50.0
ASSUMED_START_SECONDS = 240.0  # until a transform job's instance serves
ASSUMED_MAP_START_SECONDS = 5.0  # until a map run has read its list and starts children
ASSUMED_KB_OF_LOGS = {"map": 1.5, "transform": 0.1}  # for an image: three functions' lines; the container's line
ASSUMED_KB_OF_A_ROW, KB_OF_A_PROBABILITY = 0.6, 0.024  # of JSON, in a child's output
CHILD_GB = 1 / 16  # an Express execution's memory comes in steps of 64 MB
PAGE = 1000  # objects in an answer of ListObjectsV2

# What stands before "xlarge" is a number of times four virtual CPUs.
SMALL_CPUS = {"medium": 2, "large": 2}

_DOCS = "https://docs.aws.amazon.com/"
_STATES = f"{_DOCS}step-functions/latest/dg/service-quotas.html"
_LAMBDA = f"{_DOCS}lambda/latest/dg/gettingstarted-limits.html"
_S3 = f"{_DOCS}AmazonS3/latest/userguide/optimizing-performance.html"
_TRANSFORM = f"{_DOCS}sagemaker/latest/APIReference/API_CreateTransformJob.html"
_SAGEMAKER = f"{_DOCS}general/latest/gr/sagemaker.html"


@dataclass(frozen=True)
class BatchQuota:
    """One of AWS's quotas, and how much of it a plan takes.

    Attributes:
        what: What it limits, for people.
        limit: The default of a new account; None if it depends on the account.
        takes: What the plan takes.
        unit: Of both.
        source: The page that has it.
    """

    what: str
    limit: float | None
    takes: float
    unit: str
    source: str

    @property
    def holds(self) -> bool:
        """Whether the plan stays within it. True if it depends on the account."""
        return self.limit is None or self.takes <= self.limit


@dataclass(frozen=True)
class BatchPlan:
    """What a batch takes.

    Attributes:
        how: ``map`` or ``transform``.
        images: Their number.
        seconds: How long it takes, from its start to its last result.
        lines: What it costs beyond the environment's own cost.
        quotas: The quotas that matter.
        assumed: What was taken as given, for people.
    """

    how: How
    images: int
    seconds: float
    lines: list[Line]
    quotas: tuple[BatchQuota, ...]
    assumed: tuple[str, ...]

    @property
    def cost(self) -> float:
        """The cost in US dollars."""
        return sum(line.cost for line in self.lines)


def plan(
    images: int,
    *,
    how: How,
    usage: Usage,
    prices: Prices,
    images_per_second: float | None = None,
    at_most: int = AT_MOST,
    instance_type: str = TRANSFORM_TYPE,
    instances: int | None = None,
) -> BatchPlan:
    """Plan a batch.

    Args:
        images: Their number.
        how: ``map`` or ``transform``.
        usage: The environment's. Its endpoint answers the map; its function has the memory that counts.
        images_per_second: What the endpoint, or the job's instances together, were measured to answer. None to assume.
        at_most: The number of children of the map at a time.
        instance_type: Of the transform job. Jobs do not take every type that endpoints take.
        instances: Of the transform job; None for 1.

    Raises:
        InputError: A number is too small, ``how`` is unknown, or the table has no price for the instance type.
    """
    if how not in get_args(How):
        raise InputError(f"a batch runs by {' or '.join(get_args(How))}, not by '{how}'")
    for name, value in (("images", images), ("at_most", at_most), ("instances", 1 if instances is None else instances)):
        if value < 1:
            raise InputError(f"{name} must be 1 or more, not {value}")
    if images_per_second is not None and not images_per_second > 0:
        raise InputError(f"images_per_second must be more than 0, not {images_per_second:g}")
    if how == "map":
        return _map(images, usage, prices, images_per_second, at_most)
    return _transform(images, prices, images_per_second, instance_type, instances or 1)


def cpus(instance_type: str) -> int:
    """The number of virtual CPUs of an instance type, which its name says.

    Raises:
        InputError: It does not.

    Example::

        >>> [cpus(name) for name in ("ml.m5.large", "ml.c5.xlarge", "ml.m5.12xlarge")]
        [2, 4, 48]
    """
    size = instance_type.rpartition(".")[2]
    times = size.removesuffix("xlarge")
    if size in SMALL_CPUS:
        return SMALL_CPUS[size]
    if size.endswith("xlarge") and (not times or times.isdecimal()):
        return 4 * int(times or 1)
    raise InputError(f"the name of the instance type {instance_type} does not say how many CPUs it has")


def _map(images: int, usage: Usage, prices: Prices, measured: float | None, at_most: int) -> BatchPlan:
    children = math.ceil(images / usage.images_a_child)
    under_way = min(at_most * THREADS, images)
    answered = measured or usage.instances * cpus(usage.instance_type) * ASSUMED_IMAGES_A_SECOND_AND_CPU
    rate = min(answered, under_way / ASSUMED_SECONDS_AN_IMAGE)
    waits = max(ASSUMED_SECONDS_AN_IMAGE, under_way / answered)  # those that are under way wait for the endpoint
    at_work = images * waits / THREADS  # seconds of all children together
    row_kb = ASSUMED_KB_OF_A_ROW + KB_OF_A_PROBABILITY * usage.classes
    memory = next((one.memory_mb for one in usage.functions if one.name == FUNCTION), FUNCTION_MB)
    lines = [
        Line(
            "state transitions: the states, and each child's start",
            len(("Take", "See", "Map")) + children,
            "transitions",
            prices.of("state_transition"),
        ),
        Line("children, which are Express executions", children, "requests", prices.of("express_request")),
        Line("children's time", at_work * CHILD_GB, "GB-seconds", prices.of("express_gb_second")),
        Line("calls of the function", children, "calls", prices.of("function_request")),
        Line("the function's time", at_work * memory / 1024, "GB-seconds", prices.of("function_arm_gb_second")),
        *_of_images(images, prices, "map"),
    ]
    quotas = (
        BatchQuota("functions that run at once, all of the account's", 1000, at_most, "calls", _LAMBDA),
        BatchQuota(
            "a call of the function, which begins no image later",
            35,
            waits * usage.images_a_child / THREADS,
            "seconds",
            _LAMBDA,
        ),
        BatchQuota("children of a map run at once", 10_000, at_most, "executions", _STATES),
        BatchQuota("map runs that are open", 1000, 1, "map runs", _STATES),
        BatchQuota("items that a map run reads", 100_000_000, images, "items", _STATES),
        BatchQuota("starts of Express executions", 6000, rate / usage.images_a_child, "a second", _STATES),
        BatchQuota("an Express execution", 300, waits * usage.images_a_child / THREADS, "seconds", _STATES),
        BatchQuota("the history of the execution: a child has its own", 25_000, 12, "events", _STATES),
        BatchQuota("a child's output", 256, usage.images_a_child * row_kb, "KiB", _STATES),
        BatchQuota("reads below one prefix", 5500, rate, "GET a second", _S3),
        BatchQuota(f"instances of {usage.instance_type} for endpoints", None, usage.instances, "instances", _SAGEMAKER),
    )
    assumed = (
        *(() if measured else (_speed("the endpoint", answered, usage.instance_type, usage.instances),)),
        f"{ASSUMED_SECONDS_AN_IMAGE:g} s for an image in the function, where {under_way} are under way at once",
        f"{ASSUMED_MAP_START_SECONDS:g} s until the first child starts",
        f"{ASSUMED_KB_OF_LOGS['map']:g} kB of logs for each image",
        "the endpoint runs anyway: its hours are no cost of the batch, nor are the captures of its traffic",
    )
    return BatchPlan("map", images, ASSUMED_MAP_START_SECONDS + images / rate, lines, quotas, assumed)


def _transform(images: int, prices: Prices, measured: float | None, instance_type: str, instances: int) -> BatchPlan:
    hour = prices.instance_hour("transform_hour", instance_type)
    rate = measured or instances * cpus(instance_type) * ASSUMED_IMAGES_A_SECOND_AND_CPU
    seconds = ASSUMED_START_SECONDS + images / rate
    lines = [
        Line(f"transform job: {instances} x {instance_type}", instances * seconds / 3600, "instance hours", hour),
        *_of_images(images, prices, "transform"),
        Line("answers written to S3", images, "requests", prices.of("s3_put")),
    ]
    quotas = (
        BatchQuota(
            "MaxConcurrentTransforms x MaxPayloadInMB", 100, PAYLOADS_AT_ONCE * PAYLOAD_MB, "MB at once", _TRANSFORM
        ),
        BatchQuota("reads below one prefix", 5500, rate, "GET a second", _S3),
        BatchQuota("writes below one prefix", 3500, rate, "PUT a second", _S3),
        BatchQuota(f"instances of {instance_type} for transform jobs", None, instances, "instances", _SAGEMAKER),
    )
    assumed = (
        *(() if measured else (_speed("the job", rate, instance_type, instances),)),
        f"{ASSUMED_START_SECONDS:g} s until the instances serve; they cost from their start",
        f"{ASSUMED_KB_OF_LOGS['transform']:g} kB of logs for each image",
    )
    return BatchPlan("transform", images, seconds, lines, quotas, assumed)


def _of_images(images: int, prices: Prices, how: How) -> Iterator[Line]:
    """What each image costs by either way."""
    yield Line("images read from S3", images, "requests", prices.of("s3_get"))
    yield Line("listing of the images", math.ceil(images / PAGE), "requests", prices.of("s3_put"))
    yield Line("logs", ASSUMED_KB_OF_LOGS[how] * images / 1e6, "GB", prices.of("log_gb"))


def _speed(who: str, rate: float, instance_type: str, instances: int) -> str:
    return (
        f"{rate:g} images a second for {who}, {instances} x {instance_type}: "
        f"{ASSUMED_IMAGES_A_SECOND_AND_CPU:g} for each virtual CPU"
    )
