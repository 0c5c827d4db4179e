"""The steps. Each looks at what AWS answers, and can be taken again after an interruption.

Example (not run: it costs money on AWS)::

    hour = FirstHour(workplace.make(settings.load("dev")), notes)
    [trial.key for trial in hour.trials()]      # ['stacks', 'stop', 'service', 'ab', 'rollback', 'key', 'pipeline']
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from scones import aws
from scones.delivery.firsthour import borrowed, requests, workplace
from scones.delivery.firsthour.notes import Notes
from scones.delivery.firsthour.running import Attempt, NotTried
from scones.delivery.pipeline import merging, planning
from scones.errors import CheckError, TrainingError
from scones.model import registry
from scones.service import ab, packaging
from scones.settings import Environment
from scones.terraform import STACKS, Stack
from scones.terraform import down as taking
from scones.training import job, logs, quota
from scones.training.described import TrainingOutcome
from scones.training.preparing import Order, Preparation
from scones.training.progress import Progress

# A job whose model need not be good. The job that is stopped has the epochs of the recipe: it must not end by itself
# before its first epochs are seen in the log, which comes late.
SHORT = {"epochs": "4"}
# Requests to a comparison, and the share of the candidate in percent. Both variants answer, but for one time in 10^12.
ASKED, SHARE = 40, 50
# A very deep network for large images takes longer for each than workplace.LATENCY_MS, also on the fastest processors.
DEEP, LARGE = 152, (3, 224, 224)
# CloudWatch has a minute's metrics up to three minutes later, and the alarm looks at two minutes.
RINGS_WITHIN = 900.0


@dataclass(frozen=True)
class Tools:
    """What the steps use, which a test replaces.

    Attributes:
        client: Makes boto3 clients.
        stack: Makes the stack with a name.
        sleep: Waits between two looks.
        overrides: Hyperparameters of the job that is stopped, which differ from the recipe.
        say: Called with what is going on, for people.
    """

    client: Callable[..., Any] = aws.client
    stack: Callable[..., Stack] = Stack
    sleep: Callable[[float], None] = time.sleep
    overrides: Mapping[str, str] = field(default_factory=dict)
    say: Callable[[str], None] = lambda text: None


class FirstHour:
    """The steps in an environment of their own.

    Args:
        environment: Of :func:`scones.delivery.firsthour.workplace.make`. Its files are changed.
        notes: What an interrupted run has found.
        tools: What the steps use.
    """

    def __init__(self, environment: Environment, notes: Notes, tools: Tools = Tools()) -> None:
        self.environment, self.notes, self.tools = environment, notes, tools
        self.log = notes.path.with_name("terraform.log")

    def trials(self) -> list[Attempt]:
        """All steps, in order."""
        return [
            Attempt(
                "stacks",
                "Apply bootstrap and foundation, twice",
                self.apply_twice,
                proves="the names, policies and waits of S3, IAM and the registry: AWS takes them, and reads them back",
            ),
            Attempt(
                "stop",
                "Stop a training job midway, and go on from its checkpoint",
                self.stop_and_go_on,
                needs=("stacks",),
                proves="the algorithm's container, the quota, the role, and what a stopped job leaves behind",
            ),
            Attempt(
                "service",
                "Serve the model, twice applied",
                self.serve,
                needs=("stacks",),
                proves="the container serves our artifact; endpoint, functions and alarms read back as they were made",
            ),
            Attempt(
                "ab",
                "Start and stop a comparison of two models",
                self.compare,
                needs=("service",),
                proves="AWS takes a change of the set of variants while the endpoint serves",
            ),
            Attempt(
                "rollback",
                "Roll back while the served model makes its alarm ring",
                self.roll_back,
                needs=("service",),
                proves="an alarm of the old fleet does not turn the roll back around, and how late alarms ring",
            ),
            Attempt(
                "key",
                "Turn on a key of your own, and train with it",
                self.train_with_a_key,
                needs=("stacks",),
                proves="the key's policy and the training role suffice for SageMaker's own calls of KMS",
            ),
            Attempt(
                "pipeline",
                "Add a network and autoscaling as the pipeline does",
                self.through_the_pipeline,
                needs=("service",),
                proves="the apply role's policies suffice on AWS, with every dependent action",
            ),
        ]

    def apply_twice(self) -> str:
        """Apply the stacks that training needs. A second plan must be empty.

        Raises:
            TrainingError: a quota is too low for what comes later; nothing was made.
        """
        client = self.tools.client
        for doubt in (
            quota.check(self.environment, client=client),
            quota.check_endpoint(self.environment, candidate=True, client=client),
        ):
            if doubt:
                self.tools.say(doubt)
        for name in STACKS[:2]:
            self._apply(name)
        self._nothing_to_change(*STACKS[:2])
        return "both plans were empty after the apply"

    def stop_and_go_on(self) -> str:
        """Stop a job after its second epoch. Another one goes on from its checkpoint, and its model is registered."""
        stopped = self._job("stopped", self.tools.overrides)
        seen = self._stop_midway(stopped)
        before = job.resumable(self.environment, stopped, client=self.tools.client)
        left = self._objects(before.checkpoint_uri) + self._objects(f"s3://{self._bucket}/models/{stopped}/")
        if not left:
            raise CheckError(f"the stopped job '{stopped}' left neither a model nor a checkpoint")
        # The algorithm takes a checkpoint only of a job with the same hyperparameters.
        resumed = self._job("resumed", self.tools.overrides, checkpoint_uri=before.checkpoint_uri)
        done = self._follow(resumed)
        self._register(resumed)
        if not went_on(seen, done.progress.validation):
            raise CheckError(
                f"'{resumed}' began anew, though '{stopped}' left a checkpoint: its first epochs had the accuracies "
                f"{_numbers(done.progress.validation)}, those of the stopped job {_numbers(seen)}"
            )
        return (
            f"'{stopped}' was stopped after {len(seen)} epochs and left {left} objects; '{resumed}' went on from there"
        )

    def serve(self) -> str:
        """Deploy the model and ask it."""
        if "first" not in self.notes.facts:  # the step before did not hold
            name = self._job("short", SHORT)
            self._follow(name)
            self._register(name)
        self._serve(self.notes.number("first"))
        self._nothing_to_change("service")
        found = Counter(self._answers(5))
        return f"the plan was empty after the apply; {found.total()} images were answered"

    def compare(self) -> str:
        """Serve a second version beside the first one, and end the comparison."""
        second = self._second()
        ab.start(self.environment, second, share=SHARE, approve=True, client=self.tools.client)
        try:
            self._apply("service")
            during = Counter(self._answers(ASKED))
        finally:
            ab.stop(self.environment)
        self._apply("service")
        after = Counter(self._answers(5))
        if set(during) != {"AllTraffic", "Candidate"} or set(after) != {"AllTraffic"}:
            raise CheckError(f"during the comparison answered {dict(during)}, and after it {dict(after)}")
        shares = ", ".join(f"{name} {count}" for name, count in sorted(during.items()))
        return f"started and stopped while the endpoint served; of {ASKED} requests: {shares}"

    def roll_back(self) -> str:
        """Serve a model that is too slow, until its alarm rings. Then pin the first one again."""
        first, slow = self.notes.number("first"), self._slow()
        self._serve(slow)
        cloudwatch = self.tools.client(self.environment, "cloudwatch")

        def ask() -> None:
            self._answers(5)
            self.tools.sleep(1.0)

        began, prefix = time.monotonic(), f"{self._outputs['endpoint_name']}-rollback"
        rings = requests.until(
            lambda: bool(requests.ringing(cloudwatch, prefix)),
            seconds=RINGS_WITHIN,
            between=ask,
        )
        if not rings:
            raise CheckError(f"no alarm {prefix}-… rang within {RINGS_WITHIN:.0f} s of requests to a slow model")
        late, names = time.monotonic() - began, requests.ringing(cloudwatch, prefix)
        self.tools.say(f"{', '.join(names)} rings after {late:.0f} s; now back to version {first}")
        self._serve(first)
        found = Counter(self._answers(5))
        return f"{', '.join(names)} rang {late:.0f} s after the first request; version {first} serves again ({found})"

    def train_with_a_key(self) -> str:
        """Turn the key on, and train a model. Its artifact is encrypted with the key."""
        self.environment = workplace.change(self.environment, "foundation", customer_managed_key=True)
        self._apply("foundation")
        self._nothing_to_change("foundation")
        name = self._job("keyed", SHORT)
        done = self._follow(name)
        bucket, _, key = (done.job.artifact_uri or "").removeprefix("s3://").partition("/")
        head = self.tools.client(self.environment, "s3").head_object(Bucket=bucket, Key=key)
        wanted = self._outputs["kms_key_arn"]
        if head.get("SSEKMSKeyId") != wanted:
            raise CheckError(f"s3://{bucket}/{key} is encrypted with {head.get('SSEKMSKeyId')}, not with {wanted}")
        return f"'{name}' completed, and its model is encrypted with {wanted}"

    def through_the_pipeline(self) -> str:
        """Change the settings, and plan and apply them with the permissions of the pipeline's role."""
        self.environment = workplace.change(self.environment, "foundation", vpc={})
        scaling = {"min": 1, "max": 2, "requests_per_minute": 600}
        self.environment = workplace.change(self.environment, "service", endpoint_autoscaling=scaling)
        self._trust_a_repository()
        self._apply("bootstrap")
        workplace.commit(self.environment.root, "a network and autoscaling")
        role = self._stack("bootstrap").outputs()["github_role_arns"]["apply"]
        with borrowed.session(self.environment, role, client=self.tools.client, sleep=self.tools.sleep) as applying:
            for _ in range(2):  # the service is planned once the foundation, whose outputs it reads, has been applied
                planned = planning.plan(applying, self.notes.path.with_name("plans"), log=self.log)
                plans = merging.verify(applying, planned.folder, expected=planned.digest)
                merging.apply(applying, planned.folder, plans, log=self.log)
        self._nothing_to_change(*STACKS[1:])
        scaled = self.tools.client(self.environment, "application-autoscaling").describe_scalable_targets(
            ServiceNamespace="sagemaker", ResourceIds=[f"endpoint/{self._outputs['endpoint_name']}/variant/AllTraffic"]
        )["ScalableTargets"]
        if not scaled:
            raise CheckError("the endpoint is no scaling target, though the plan was applied")
        found = Counter(self._answers(5))
        as_role = role.rpartition("/")[2]
        return f"planned and applied as {as_role}; the model in the network answered {found.total()} images"

    def clean(self) -> str:
        """Take everything down. Raises the errors of :mod:`scones.terraform.down`."""
        role = borrowed.remove(self.environment, client=self.tools.client)
        did = [f"role {borrowed.name(self.environment)}: deleted"] if role else []
        steps = taking.steps(
            self.environment, everything=True, stack=lambda _, name: self._stack(name), client=self.tools.client
        )
        for step in steps:
            self.tools.say(step.what)
            did.append(f"{step.what}: {step.take()}")
        return "; ".join(did)

    def _stack(self, name: str) -> Stack:
        return self.tools.stack(self.environment, name, log=self.log, on_line=self.tools.say)

    @property
    def _outputs(self) -> Mapping[str, Any]:
        """The outputs of the applied stacks."""
        found = [self._stack(name).backend.read(name).outputs for name in STACKS[1:]]
        return {key: value for one in found for key, value in one.items()}

    @property
    def _bucket(self) -> str:
        return str(self._outputs["bucket"])

    def _apply(self, name: str) -> None:
        if name == "service":
            packaging.package(self.environment.root / "lambdas", self.environment.build / "lambdas")
        self._stack(name).apply()

    def _nothing_to_change(self, *names: str) -> None:
        if changed := [name for name in names if self._stack(name).plan()]:
            raise CheckError(f"a second plan is not empty: {', '.join(changed)}", hint=f"it is in {self.log}")

    def _serve(self, version: int) -> None:
        registry.pin(self.environment, version, approve=True, client=self.tools.client)
        self._apply("service")

    def _job(self, fact: str, overrides: Mapping[str, str], *, checkpoint_uri: str | None = None) -> str:
        """The name of a job, which is started unless an interrupted run has done so."""
        name = str(self.notes.facts.get(fact) or f"scones-{self.environment.name}-{fact}-{int(time.time())}")
        self.notes.keep(fact, name)
        try:
            job.describe(self.environment, name, client=self.tools.client)
        except TrainingError:
            self.tools.say(f"starting training job {name}")
            days = self.environment.service.get("log_retention_days", logs.KEPT_DAYS)
            logs.limit(self.tools.client(self.environment, "logs"), days)
            preparation = Preparation(self.environment, Order(overrides), client=self.tools.client)
            preparation.build()
            spec = replace(preparation.place(self._outputs), checkpoint_uri=checkpoint_uri)
            job.start(self.environment, spec, name=name, client=self.tools.client)
        return name

    def _follow(self, name: str) -> TrainingOutcome:
        return job.follow(self.environment, name, self._progress, client=self.tools.client, sleep=self.tools.sleep)

    def _stop_midway(self, name: str) -> Mapping[int, float]:
        """Stop a job after its second epoch. Returns the validation accuracy of its epochs.

        Raises:
            NotTried: it completed before. Its model is registered.
            TrainingError: it failed.
        """
        seen: dict[int, float] = {}

        def watch(progress: Progress) -> None:
            self._progress(progress)
            seen.update(progress.validation)
            if len(progress.validation) > 1 and progress.status == "InProgress":
                job.stop(self.environment, name, client=self.tools.client)

        try:
            job.follow(self.environment, name, watch, client=self.tools.client, sleep=self.tools.sleep)
        except TrainingError:
            if job.describe(self.environment, name, client=self.tools.client).status != "Stopped":
                raise
            return seen
        self._register(name)
        raise NotTried(f"the job '{name}' completed before it could be stopped; give it more epochs: --set epochs=300")

    def _progress(self, progress: Progress) -> None:
        epoch = f", epoch {progress.current} of {progress.epochs}" if progress.current is not None else ""
        self.tools.say(f"{progress.name}: {progress.secondary_status}{epoch}")

    def _objects(self, uri: str | None) -> int:
        bucket, _, prefix = (uri or "").removeprefix("s3://").partition("/")
        return self.tools.client(self.environment, "s3").list_objects_v2(Bucket=bucket, Prefix=prefix)["KeyCount"]

    def _register(self, name: str) -> None:
        from scones.training import registering

        version = registering.register(self.environment, name, client=self.tools.client)
        self.notes.keep("first", version.version)

    def _second(self) -> int:
        """A second version: the first one's artifact, registered as it is."""
        if "second" not in self.notes.facts:
            model = registry.read_pin(self.environment.pin_path)
            self._bring("second", model.artifact_uri)
        return self.notes.number("second")

    def _slow(self) -> int:
        """A version of a network that takes too long for an image. It is not trained."""
        if "slow" not in self.notes.facts:
            from imageclassification import artifact
            from imageclassification.network import Network
            from imageclassification.symbol import resnet

            classes = len(self.environment.classes)
            symbol = resnet(DEEP, classes, LARGE)
            parameters = Network.fresh(symbol, LARGE, seed=1).parameter_arrays()
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "model.tar.gz"
                shapes = [{"name": "data", "shape": [1, *LARGE]}]
                artifact.write(path, artifact.Artifact(symbol, parameters, shapes, epoch=1))
                self._bring("slow", str(path))
        return self.notes.number("slow")

    def _bring(self, fact: str, place: str) -> None:
        model = registry.ForeignModel(place, self.environment.classes, calibrate=False)
        version = registry.register_artifact(self.environment, model, client=self.tools.client)
        self.notes.keep(fact, version.version)

    def _answers(self, count: int) -> Sequence[str]:
        runtime = self.tools.client(self.environment, "sagemaker-runtime")
        return list(requests.answers(runtime, self._outputs["endpoint_name"], self._images(), count))

    def _images(self) -> list[Path]:
        return sorted((self.environment.build / "dataset" / "test").rglob("*.png"))[:20]

    def _trust_a_repository(self) -> None:
        """Make the pipeline's roles. An account has GitHub's identity provider once."""
        iam = self.tools.client(self.environment, "iam")
        known = [one["Arn"] for one in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]]
        ours = any("openid" in address for address in self._stack("bootstrap").backend.read("bootstrap").resources)
        provider = next((arn for arn in known if "token.actions.githubusercontent.com" in arn), None)
        self.environment = workplace.change(
            self.environment,
            "bootstrap",
            github_repository=workplace.REPOSITORY,
            github_oidc_provider_arn=None if ours else provider,
        )


def went_on(before: Mapping[int, float], after: Mapping[int, float]) -> bool:
    """Whether a job went on with the epochs of another one, by their validation accuracies.

    It begins with a later epoch, or its log repeats the other one's lines. One that begins anew has other accuracies,
    because it begins with other weights.

    Example::

        >>> went_on({0: 0.53, 1: 0.68}, {2: 0.57, 3: 0.78}), went_on({0: 0.53}, {0: 0.53, 1: 0.7})
        (True, True)
        >>> went_on({0: 0.53, 1: 0.68}, {0: 0.49, 1: 0.68})
        False
    """
    return min(after, default=0) > 0 or all(after.get(epoch) == accuracy for epoch, accuracy in before.items())


def _numbers(accuracies: Mapping[int, float]) -> str:
    return ", ".join(f"{accuracies[epoch]:.3f}" for epoch in sorted(accuracies)[:3]) or "none"
