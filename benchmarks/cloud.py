"""Measures the local cloud: executions, functions, the project's own workflow and its endpoint, beside MiniStack.

Example (not run: it starts clouds and takes minutes)::

    with tempfile.TemporaryDirectory() as folder, ours(Path(folder)) as server:
        deploy_chain(server)
        load = measure(server, "execution", CHAIN, clients=8, seconds=5.0)
    load.per_second

Both clouds get the same three functions, which do nothing, and the same state machine, which calls one after the other
with ``lambda:invoke``. The clients are processes (:mod:`benchmarks.callers`). Rounds with the two clouds take turns, so
that other work on the machine slows both alike. The figures are the medians of the rounds. The project's own workflow
runs in the local cloud only: the functions of lambdas/, the definition of asl/, and an endpoint that serves an
untrained network of the recipe, with data capture, X-Ray tracing and a log of all events.

The local cloud checks every signature and every permission throughout. MiniStack checks none.
"""

from __future__ import annotations

import base64
import io
import json
import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from benchmarks.callers import REGION, Done, Work
from benchmarks.serve import fresh, noise, processor_seconds
from imageclassification import files
from localcloud import control
from scones.errors import SconesError
from scones.service import definition, packaging

ROOT = Path(__file__).resolve().parents[1]
PINS = Path(__file__).with_name("ministack.txt")
LOCAL, FRESH, MINISTACK = "local cloud", "fresh local cloud", "MiniStack"
ACCOUNT = {LOCAL: "123456789012", FRESH: "123456789012", MINISTACK: "000000000000"}
REQUESTS = 5  # to the endpoint for each execution of a soak
IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
START_SECONDS, PAUSE = 60.0, 0.01
CHAIN, WORKFLOW, FUNCTION, ENDPOINT, BUCKET = "bench-chain", "bench-workflow", "bench-1", "bench", "bench-of-the-cloud"
HANDLER = "def handler(event, context):\n    return {'number': event.get('number', 0) + 1}\n"
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": [
    "lambda.amazonaws.com", "sagemaker.amazonaws.com", "states.amazonaws.com"]}}  # fmt: skip
ANYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


@dataclass(frozen=True)
class Server:
    """A cloud that runs.

    Attributes:
        name: :data:`LOCAL`, :data:`FRESH` or :data:`MINISTACK`.
        endpoint: Its URL.
        pid: The process id.
        access_key_id: The id of an access key.
        secret_access_key: The key's secret.
    """

    name: str
    endpoint: str
    pid: int
    access_key_id: str = "test"
    secret_access_key: str = field(default="test", repr=False)

    def client(self, service: str) -> Any:
        """boto3's client of a service."""
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
            config=Config(retries={"total_max_attempts": 1}, read_timeout=120),
        )


@dataclass(frozen=True)
class Load:
    """The figures of one kind of work with a number of clients: medians of the rounds.

    Attributes:
        server: The cloud.
        work: What was done: ``chain``, ``function``, ``workflow`` or ``endpoint``.
        clients: The number of clients at once.
        per_second: Pieces of work per second, of all clients together.
        p50: The median time of one piece of work in milliseconds, measured in the client.
        p99: The 99th percentile.
        processor: Milliseconds of CPU time of the server's own process for each piece of work; None if the system does
            not tell.
        done: The number of pieces of work in all rounds.
        refused: The number of requests that were refused, by status and code.
    """

    server: str
    work: str
    clients: int
    per_second: float
    p50: float
    p99: float
    processor: float | None
    done: int
    refused: Mapping[str, int]


@dataclass(frozen=True)
class State:
    """What a server's process takes: MB of memory, open descriptors, threads, child processes."""

    memory_mb: float
    descriptors: int
    threads: int
    children: int


@contextmanager
def ours(folder: Path, name: str = LOCAL) -> Iterator[Server]:
    """A local cloud of its own in a folder."""
    cloud = control.up(folder, port=0, tethered=True)
    try:
        yield Server(name, cloud.endpoint, cloud.pid, cloud.access_key_id, cloud.secret_access_key)
    finally:
        control.down(folder)


@contextmanager
def ministack(python: Path, folder: Path) -> Iterator[Server]:
    """A MiniStack in a folder.

    Args:
        python: The Python of an environment with MiniStack.

    Raises:
        SconesError: It did not start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    variables = {"GATEWAY_PORT": str(port), "MINISTACK_HOST": "127.0.0.1", "LAMBDA_EXECUTOR": "local"}
    with (folder / "ministack.log").open("w") as log:
        child = subprocess.Popen(
            [python.parent / "ministack"], cwd=folder, env={**kept, **variables}, stdout=log, stderr=log
        )
    try:
        endpoint = f"http://127.0.0.1:{port}"
        give_up = time.monotonic() + START_SECONDS
        while not _answers(endpoint):
            if child.poll() is not None or time.monotonic() > give_up:
                raise SconesError(f"MiniStack did not start: see {folder / 'ministack.log'}")
            time.sleep(0.1)
        yield Server(MINISTACK, endpoint, child.pid)
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _answers(endpoint: str) -> bool:
    try:
        with urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def deploy_chain(server: Server) -> None:
    """Make three functions and the state machine that calls one after the other."""
    role = role_of(server)
    functions = [f"bench-{number}" for number in (1, 2, 3)]
    for name in functions:
        function_of(server, role, name, _zip(HANDLER), {})
    states = {
        name: {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": name, "Payload.$": "$"},
            "OutputPath": "$.Payload",
            **({"Next": after} if after else {"End": True}),
        }
        for name, after in zip(functions, [*functions[1:], None], strict=True)
    }
    server.client("stepfunctions").create_state_machine(
        name=CHAIN, roleArn=role, definition=json.dumps({"StartAt": functions[0], "States": states})
    )


def deploy_workflow(server: Server, folder: Path, *, layers: int, shape: tuple[int, int, int]) -> None:
    """Make the project's own workflow: its functions, its state machine and an endpoint.

    Args:
        folder: The folder for the artifact.
        layers: The number of layers of the network that the endpoint serves.
        shape: The shape of its images.
    """
    role, s3 = role_of(server), server.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="image.png", Body=noise(shape[-1]))
    s3.put_object(
        Bucket=BUCKET,
        Key="model.tar.gz",
        Body=fresh(folder / "model.tar.gz", num_layers=layers, image_shape=shape).read_bytes(),
    )
    sagemaker = server.client("sagemaker")
    sagemaker.create_model(
        ModelName=ENDPOINT,
        ExecutionRoleArn=role,
        PrimaryContainer={"Image": IMAGE, "ModelDataUrl": f"s3://{BUCKET}/model.tar.gz"},
    )
    sagemaker.create_endpoint_config(
        EndpointConfigName=ENDPOINT,
        ProductionVariants=[{"VariantName": "AllTraffic", "ModelName": ENDPOINT, "InitialInstanceCount": 1,
                             "InstanceType": "ml.m5.large"}],
        DataCaptureConfig={"EnableCapture": True, "InitialSamplingPercentage": 100,
                           "DestinationS3Uri": f"s3://{BUCKET}/captures",
                           "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]},
    )  # fmt: skip
    sagemaker.create_endpoint(EndpointName=ENDPOINT, EndpointConfigName=ENDPOINT)
    template = (ROOT / "asl" / "classify_image.asl.json").read_text()
    package = f"arn:aws:sagemaker:{REGION}:{ACCOUNT[LOCAL]}:model-package/bench/1"
    variables = {
        "classify-image": {"ENDPOINT_NAME": ENDPOINT, "CLASS_LABELS": '["bicycle", "motorcycle"]',
                           "MODEL_PACKAGE": package},
        "filter-low-confidence": {"CONFIDENCE_THRESHOLD": "0"},
    }  # fmt: skip
    for name in definition.functions(template):
        code = packaging.build(ROOT / "lambdas" / name.replace("-", "_"))
        function_of(server, role, name, code, variables.get(name, {}), TracingConfig={"Mode": "Active"})
    group = f"/aws/vendedlogs/states/{WORKFLOW}"
    server.client("logs").create_log_group(logGroupName=group)
    group_arn = f"arn:aws:logs:{REGION}:{ACCOUNT[LOCAL]}:log-group:{group}:*"
    names = {name: name for name in definition.functions(template)}
    server.client("stepfunctions").create_state_machine(
        name=WORKFLOW,
        roleArn=role,
        definition=definition.render(template, definition.values("aws", REGION, ACCOUNT[LOCAL], names)),
        tracingConfiguration={"enabled": True},
        loggingConfiguration={"level": "ALL", "includeExecutionData": True,
                              "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group_arn}}]},
    )  # fmt: skip
    sagemaker.get_waiter("endpoint_in_service").wait(
        EndpointName=ENDPOINT, WaiterConfig={"Delay": 1, "MaxAttempts": 120}
    )


def role_of(server: Server) -> str:
    """The ARN of a role that may do anything. It is made when it is first asked for."""
    iam = server.client("iam")
    try:
        return str(iam.get_role(RoleName="bench")["Role"]["Arn"])
    except iam.exceptions.NoSuchEntityException:
        trust = {"Version": "2012-10-17", "Statement": [TRUST]}
        arn = iam.create_role(RoleName="bench", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        policy = {"Version": "2012-10-17", "Statement": [ANYTHING]}
        iam.put_role_policy(RoleName="bench", PolicyName="all", PolicyDocument=json.dumps(policy))
        return str(arn)


def function_of(
    server: Server, role: str, name: str, code: bytes, variables: Mapping[str, str], **options: Any
) -> None:
    server.client("lambda").create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.13",
        Handler="handler.handler",
        Timeout=60,
        MemorySize=256,
        Code={"ZipFile": code},
        Environment={"Variables": dict(variables)},
        **options,
    )


def _zip(code: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("handler.py", code)
    return buffer.getvalue()


def work_of(server: Server, work: str, *, clients: int, seconds: float, count: int | None = None) -> Work:
    """What the clients do for a kind of work of :class:`Load`."""
    machine = f"arn:aws:states:{REGION}:{ACCOUNT[server.name]}:stateMachine:"
    kind, target, body = {
        "chain": ("execution", machine + CHAIN, '{"number": 1}'),
        "workflow": ("execution", machine + WORKFLOW, json.dumps({"image_url": f"s3://{BUCKET}/image.png"})),
        "function": ("function", FUNCTION, '{"number": 1}'),
        "endpoint": ("endpoint", ENDPOINT, base64.b64encode(noise()).decode()),
    }[work]
    keys = (server.access_key_id, server.secret_access_key)
    return Work(kind, server.endpoint, *keys, target, body, clients, seconds, PAUSE, count)


def measure(
    servers: Sequence[Server],
    work: str,
    *,
    clients: int,
    seconds: float,
    rounds: int,
    count: int | None = None,
    on_round: Callable[[], None] = lambda: None,
) -> list[Load]:
    """Measure one kind of work in each cloud, in turns.

    Args:
        work: See :class:`Load`.
        clients: The number of clients at once.
        seconds: The length of a round.
        rounds: The number of rounds of each cloud.
        count: The number of pieces of work of a round, instead of the length.
        on_round: Called after every round.

    Raises:
        SconesError: A client lost its connection, or got an answer that is none.
    """
    for server in servers:  # the first calls start the functions' workers, and do not count
        _sent(work_of(server, work, clients=clients, seconds=0.0, count=2 * clients))
    found: dict[str, list[tuple[Done, float | None]]] = {server.name: [] for server in servers}
    for _ in range(rounds):
        for server in servers:
            before = processor_seconds(server.pid)
            done = _sent(work_of(server, work, clients=clients, seconds=seconds, count=count))
            after = processor_seconds(server.pid)
            used = None if before is None or after is None else after - before
            found[server.name].append((done, used))
            on_round()
    return [_load(name, work, clients, runs) for name, runs in found.items()]


def _sent(work: Work) -> Done:
    child = subprocess.run(
        [sys.executable, "-m", "benchmarks.callers"],
        cwd=ROOT,
        input=json.dumps(asdict(work)),
        capture_output=True,
        text=True,
        check=False,
    )
    if child.returncode:
        raise SconesError(f"the benchmark's clients failed: {child.stderr.strip().rpartition(chr(10))[2]}")
    done = Done(**json.loads(child.stdout))
    if done.broken:
        raise SconesError(f"{work.endpoint} broke {len(done.broken)} of {work.clients} connections: {done.broken[0]}")
    return done


def _load(name: str, work: str, clients: int, runs: Sequence[tuple[Done, float | None]]) -> Load:
    refused: dict[str, int] = {}
    for done, _ in runs:
        for code, times in done.refused.items():
            refused[code] = refused.get(code, 0) + times
    whole = [(done, used) for done, used in runs if done.taken]
    if not whole:
        raise SconesError(f"{name} did not do one {work} with {clients} clients: {refused}")
    processors = [1000 * used / len(done.taken) for done, used in whole if used is not None]
    return Load(
        name,
        work,
        clients,
        per_second=round(statistics.median(len(done.taken) / done.lasted for done, _ in whole), 1),
        p50=round(statistics.median(_quantile(done.taken, 0.5) for done, _ in whole) * 1000, 1),
        p99=round(statistics.median(_quantile(done.taken, 0.99) for done, _ in whole) * 1000, 1),
        processor=round(statistics.median(processors), 2) if processors else None,
        done=sum(len(done.taken) for done, _ in runs),
        refused=refused,
    )


def _quantile(values: Iterable[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def state(pid: int) -> State | None:
    """What a process takes now. None if the system does not tell (Linux: proc(5))."""
    try:
        status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        children = sum(map(_children, Path(f"/proc/{pid}/task").iterdir()))
        descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        memory, threads = int(status["VmRSS"].split()[0]) / 1024, int(status["Threads"])
        return State(round(memory, 1), descriptors, threads, children)
    except OSError:
        return None


def _children(thread: Path) -> int:
    try:
        return len((thread / "children").read_text().split())
    except OSError:  # it has just ended
        return 0


def idle(pid: int, seconds: float) -> float | None:
    """The share of a core that a process uses while nobody asks it anything, in percent."""
    before = processor_seconds(pid)
    time.sleep(seconds)
    after = processor_seconds(pid)
    return None if before is None or after is None else round(100 * (after - before) / seconds, 2)


@dataclass(frozen=True)
class Soak:
    """Much work without a pause, what the cloud's process takes before and after it, and how quick it is then.

    Attributes:
        loads: The figures of the workflow and the endpoint.
        then: The figures after it, of this cloud and of a fresh one, in turns: other work on the machine slows both.
        before: What the process took before all of it, and after a few calls.
        after: What it took at the end.
    """

    loads: tuple[Load, ...]
    then: tuple[Load, ...]
    before: State | None
    after: State | None


def soak(
    server: Server,
    fresh: Callable[[], AbstractContextManager[Server]],
    count: int,
    on_phase: Callable[[str], None] = lambda name: None,
) -> Soak:
    """Run so many executions of the workflow, and send five times as many requests to the endpoint, 8 at once.

    Args:
        server: A cloud with the workflow.
        fresh: Starts another one.
        count: The number of executions.
        on_phase: Called with what is done next.
    """
    for work in ("workflow", "endpoint"):
        _sent(work_of(server, work, clients=8, seconds=0.0, count=16))
    before = state(server.pid)
    loads: list[Load] = []
    for work, many in (("workflow", count), ("endpoint", REQUESTS * count)):
        on_phase(f"{work}: {many}")
        loads += measure([server], work, clients=8, seconds=0.0, rounds=1, count=many)
    after = state(server.pid)
    on_phase("beside a fresh cloud")
    with fresh() as other:
        beside = [measure([server, other], work, clients=8, seconds=5.0, rounds=5) for work in ("workflow", "endpoint")]
    return Soak(tuple(loads), tuple(load for pair in beside for load in pair), before, after)


def soak_table(found: Soak) -> Any:
    """The tables of a soak: the work, the process, and how quick the cloud is beside a fresh one."""
    from rich.console import Group
    from rich.table import Table

    shown = Table(title="The cloud's process", title_justify="left")
    for name in ("", "memory MB", "descriptors", "threads", "children"):
        shown.add_column(name, justify="right", no_wrap=True)
    for name, one in (("before", found.before), ("after", found.after)):
        if one is not None:
            shown.add_row(name, f"{one.memory_mb:.0f}", str(one.descriptors), str(one.threads), str(one.children))
    speed = Table(title="A second, with 8 clients", title_justify="left")
    for name in ("work", "then", "fresh", "ratio"):
        speed.add_column(name, justify="right", no_wrap=True)
    fresh = {load.work: load.per_second for load in found.then if load.server == FRESH}
    for load in found.then:
        if load.server != FRESH:
            ratio = load.per_second / fresh[load.work]
            speed.add_row(load.work, f"{load.per_second:.1f}", f"{fresh[load.work]:.1f}", f"{ratio:.2f}")
    return Group(table(found.loads), shown, speed)


def save_soak(path: Path, found: Soak) -> Path:
    """Writes the figures of a soak as JSON. Returns the path."""
    return files.write(path, json.dumps(asdict(found), indent=1) + "\n")


def ratios(loads: Sequence[Load]) -> dict[tuple[str, int], float]:
    """How many times as many pieces of work the local cloud does as MiniStack, by work and clients.

    Example::

        >>> one = Load(LOCAL, "chain", 8, 30.0, 0, 0, None, 9, {})
        >>> ratios([one, Load(MINISTACK, "chain", 8, 20.0, 0, 0, None, 9, {})])
        {('chain', 8): 1.5}
    """
    speeds = {(load.server, load.work, load.clients): load.per_second for load in loads}
    return {
        (work, clients): round(speed / other, 1)
        for (server, work, clients), speed in speeds.items()
        if server == LOCAL and (other := speeds.get((MINISTACK, work, clients)))
    }


def save(path: Path, loads: Sequence[Load], about: Mapping[str, Any]) -> Path:
    """Writes the figures as JSON. Returns the path."""
    content = {
        **about,
        "load_average": round(os.getloadavg()[0], 2),
        "loads": [asdict(load) for load in loads],
        "ratios": {f"{work} {clients}": ratio for (work, clients), ratio in ratios(loads).items()},
    }
    return files.write(path, json.dumps(content, indent=1) + "\n")


def table(loads: Sequence[Load]) -> Any:
    """The table of the figures: a row for each kind of work and number of clients."""
    from rich.table import Table

    others = {(load.work, load.clients): load for load in loads if load.server == MINISTACK}
    refused = any(load.refused for load in loads)
    notes = ["p50, p99: ms, measured in the client", "CPU: ms of the cloud's own process for each"]
    if others:
        notes.append("ratio: how many times as many per second as MiniStack does")
    shown = Table(title="The local cloud", title_justify="left", caption="\n".join(notes), caption_justify="left")
    shown.add_column("work", min_width=8)
    columns = ["clients", "per second", "p50", "p99", "CPU ms", *["MiniStack", "ratio"] * bool(others)]
    for name in [*columns, *["refused"] * refused]:
        shown.add_column(name, justify="right", no_wrap=True)
    found = ratios(loads)
    for load in loads:
        if load.server != LOCAL:
            continue
        which = load.work, load.clients
        shown.add_row(
            load.work,
            str(load.clients),
            f"{load.per_second:.1f}",
            f"{load.p50:.0f}",
            f"{load.p99:.0f}",
            "" if load.processor is None else f"{load.processor:.1f}",
            *(_beside(others.get(which), found.get(which)) if others else ()),
            *[str(sum(load.refused.values()) or "")] * refused,
        )
    return shown


def _beside(other: Load | None, ratio: float | None) -> tuple[str, str]:
    return ("", "") if other is None else (f"{other.per_second:.1f}", f"{ratio:.1f}")
