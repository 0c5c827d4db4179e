"""The proof's steps. Each role of the project does its work, and the local cloud records the requests."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localcloud import control
from localcloud.errors import LocalCloudError
from localcloud.iam import record
from scones import aws, settings
from scones.errors import CheckError
from scones.model.image import image_uri
from scones.model.registry import PinnedModel, write_pin
from scones.proof import sample
from scones.proof.granted import granted, of_resources, taken_away
from scones.proof.matrix import matrix
from scones.proof.outcome import ProofOutcome, Removal
from scones.proof.sessions import session
from scones.proof.workload import Workload, wait
from scones.s3 import delete_versions, split
from scones.service import packaging
from scones.settings import Environment
from scones.steps import Step, Steps
from scones.terraform import Stack

if TYPE_CHECKING:
    from rich.console import Console

REPOSITORY = "owner/scones"
GONE_ERROR = "ImageNotFoundError"


class Proof:
    """The proof, in a copy of the project with its own local cloud.

    Args:
        root: The project's folder.
        console: Shows the steps.
        values: Values that differ from environment ``local``, by stack, such as ``{"foundation": {"vpc": {}}}``.
    """

    def __init__(self, root: Path, console: Console, *, values: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self.root, self.console, self.values = root, console, values or {}
        self.folder = root / "build" / "proof"
        self.state = self.folder / "project" / "build" / "local"
        self.log = root / "build" / "proof-terraform.log"
        self.outputs: dict[str, Any] = {}
        self._todo: list[tuple[str, str, Callable[[Step], None]]] = [
            ("", "Start a local cloud of its own", self._start),
            ("", "Apply the bootstrap stack, as the account's owner", self._bootstrap),
            ("apply foundation", "Apply the foundation, as the pipeline", self._apply_foundation),
            ("train", "Train on a few images", self._train),
            ("apply service", "Apply the service, as the pipeline", self._apply_service),
            ("execute", "Execute the state machine", self._execute),
            ("update foundation", "Change the foundation, as the pipeline", self._update_foundation),
            ("train again", "Train with what has changed", self._train),
            ("update service", "Change the service and its model, as the pipeline", self._update_service),
            ("execute again", "Execute with what has changed", self._execute),
            ("batch", "Classify batches, if they are on", self._batch),
            ("give up", "Let EventBridge give up what it cannot deliver", self._give_up),
            ("go off", "Make an alarm go off", self._go_off),
            ("change a tag", "Change a tag of everything, as the pipeline", self._retag),
            ("plan", "Plan every change, as a pull request", self._plan),
            ("without", "Take the runtime's statements away, one by one", self._take_away),
            ("destroy", "Destroy service and foundation, as the pipeline", self._destroy),
        ]

    def run(self) -> ProofOutcome:
        """Run all steps, and find the statements that each of them needs.

        Raises:
            LocalCloudError: another proof is running in this checkout.
            SconesError: a step failed.
        """
        if running := control.status(self.state):
            raise LocalCloudError(
                f"another proof is running in {self.folder}, with a cloud at {running.endpoint}",
                hint="wait for it to end",
            )
        shutil.rmtree(self.folder, ignore_errors=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.log.write_text("")
        with Steps(self.console, [title for _, title, _ in self._todo]) as steps:
            self.outcome = ProofOutcome(steps.steps)
            try:
                for name, title, body in self._todo:
                    if name:
                        record.begin_step(self.state, name)
                    with steps.step(title) as step:
                        body(step)
                self._conclude()
            finally:
                self._end()
        return self.outcome

    def _end(self) -> None:
        """Keep the recorded requests, and throw the cloud away."""
        if (self.state / record.JUDGED).exists():
            shutil.copy(self.state / record.JUDGED, self.folder)
        control.reset(self.state)

    # -- steps

    def _start(self, step: Step) -> None:
        copy = self.folder / "project"
        for name in ("terraform", "asl", "lambdas"):
            shutil.copytree(self.root / name, copy / name, ignore=shutil.ignore_patterns(".terraform*", "__pycache__"))
        (copy / "build").mkdir(parents=True)
        (self.root / "build" / "terraform").mkdir(parents=True, exist_ok=True)
        (copy / "build" / "terraform").symlink_to(self.root / "build" / "terraform")
        packaging.package(copy / "lambdas", copy / "build" / "lambdas")
        self.environment = settings.load("local", root=copy, variables={})
        # The bootstrap stack reads these files to decide what its roles may do.
        self._set({"bootstrap": {"github_repository": REPOSITORY}, **self.values})
        step.found = control.up(self.state, port=0, tethered=True).endpoint

    def _bootstrap(self, step: Step) -> None:
        self._stack("bootstrap").apply()
        roles = self._stack("bootstrap").outputs()["github_role_arns"]
        place = f"repo:{REPOSITORY}:environment:{self.environment.name}"
        record.begin_step(self.state, "take on the roles")
        self.applying = session(self.environment, roles["apply"], place)
        self.planning = session(self.environment, roles["plan"], f"repo:{REPOSITORY}:pull_request")
        step.found = ", ".join(arn.rpartition("/")[2] for arn in roles.values())

    def _apply_foundation(self, step: Step) -> None:
        # First without options, because switching them on is a step of its own.
        for stack in self.values:
            shutil.copy(self.root / "terraform/environments/local" / f"{stack}.tfvars.json", self.environment.folder)
        # The pipeline may not delete data.
        self._set({"foundation": {"force_destroy": False}})
        self._apply("foundation")
        step.found = f"s3://{self.outputs['bucket']}"

    def _train(self, step: Step) -> None:
        s3, bucket = aws.client(self.environment, "s3"), self.outputs["bucket"]
        self.workload = Workload(self.environment, self.outputs, sample.put(s3, bucket))
        trained = self.workload.train(f"proof-{int(time.time())}")
        if trained["TrainingJobStatus"] != "Completed":
            raise CheckError(f"the training job failed: {trained['FailureReason']}")
        self.artifact = trained["ModelArtifacts"]["S3ModelArtifacts"]
        step.found = self.artifact

    def _apply_service(self, step: Step) -> None:
        self._pin(1)
        self._apply("service")
        step.found = self.outputs["endpoint_name"]

    def _update_foundation(self, step: Step) -> None:
        self._set(self.values)
        self._apply("foundation")
        step.found = ", ".join(self.values.get("foundation", {})) or "no options"

    def _update_service(self, step: Step) -> None:
        self._pin(2)
        self._apply("service")
        step.found = ", ".join(self.values.get("service", {})) or "another model"

    def _execute(self, step: Step) -> None:
        """Execute a small and a large image, and a missing key, which must not look like a missing permission."""
        found = self.workload.execute()
        expected = [("SUCCEEDED", None), ("SUCCEEDED", None), ("FAILED", GONE_ERROR), ("FAILED", GONE_ERROR)]
        if found != expected:
            raise CheckError(f"the executions ended as {found}", hint=f"the cloud's log: {self.state / control.LOG}")
        if self.outputs["arrival"]:
            self.workload.arrive()
        wait(self.workload.captured, "the request was not captured")
        step.found = "images passed; a missing image was reported as missing"

    def _batch(self, step: Step) -> None:
        if not self.outputs.get("batch"):
            step.found = "batches are off"
            return
        found = [*self.workload.batch(), self.workload.transform()]
        if found != ["SUCCEEDED", "SUCCEEDED", "Completed"]:
            raise CheckError(f"the batches ended as {found}", hint=f"the cloud's log: {self.state / control.LOG}")
        step.found = "a listing, a manifest and a transform job"

    def _give_up(self, step: Step) -> None:
        if self.outputs["arrival"]:
            self.workload.give_up()
        step.found = "a dead letter in each queue of them" if self.outputs["arrival"] else "no arrivals"

    def _go_off(self, step: Step) -> None:
        """Set an alarm to ALARM, and check that CloudWatch publishes to its topic."""
        cloudwatch = aws.client(self.environment, "cloudwatch")
        found = cloudwatch.describe_alarms(AlarmNamePrefix=f"scones-{self.environment.name}")["MetricAlarms"]
        alarm = next((one for one in found if one["AlarmActions"]), None)
        if alarm is None:
            raise CheckError("the service has no alarm that publishes to a topic")
        cloudwatch.set_alarm_state(AlarmName=alarm["AlarmName"], StateValue="ALARM", StateReason="to see it told")

        def told() -> bool:
            return any(
                one.step == "go off" and one.request.action == "sns:Publish" and one.decision.allowed
                for one in record.read(self.state)
            )

        wait(told, f"alarm {alarm['AlarmName']} published nothing")
        step.found = alarm["AlarmName"]

    def _retag(self, step: Step) -> None:
        for stack in ("foundation", "service"):
            retag(self._stack(stack).folder, stack)
            self._apply(stack)
        step.found = "ManagedBy"

    def _plan(self, step: Step) -> None:
        for name in ("foundation", "service"):
            if self._stack(name, self.planning).plan():
                raise CheckError(f"the plan of stack '{name}' is not empty", hint=f"see {self.log}")
        step.found = "no changes"

    def _destroy(self, step: Step) -> None:
        self._stack_down("service")
        s3 = aws.client(self.environment, "s3")
        # Otherwise S3 would log the requests that destroy this bucket to the next one.
        s3.put_bucket_logging(Bucket=self.outputs["bucket"], BucketLoggingStatus={})
        for bucket in s3.list_buckets()["Buckets"]:
            if bucket["Name"].startswith(self.outputs["bucket"]):
                delete_versions(s3, bucket["Name"])
        self._stack_down("foundation")

    def _stack_down(self, name: str) -> None:
        stack = self._stack(name, self.applying)
        stack.init()
        stack.run("destroy", "-input=false", "-auto-approve")

    # -- removing statements

    def _take_away(self, step: Step) -> None:
        iam = aws.client(self.environment, "iam")
        prefix = f"scones-{self.environment.name}"
        roles = granted(iam, prefix)
        s3, sns, kms, sqs = (aws.client(self.environment, service) for service in ("s3", "sns", "kms", "sqs"))
        self.statements = roles + of_resources(s3, sns, kms, sqs, prefix)
        for statement in roles:
            again = self.workload.needing(statement)
            if again is None:
                continue
            name = f"without {statement.source}"
            record.begin_step(self.state, name)
            with taken_away(iam, statement):
                again()
            role = statement.source.split("/")[1]
            refused = [
                f"{one.request.action} {one.request.resources[0]}"
                for one in record.read(self.state)
                if one.step == name and not one.decision.allowed and f"/{role}/" in f"{one.request.principal.arn}/"
            ]
            self.outcome.removals.append(Removal(statement.source, refused[0] if refused else ""))
        record.begin_step(self.state, "after")
        missed = sum(bool(one.refused) for one in self.outcome.removals)
        step.found = f"{missed} of {len(self.outcome.removals)} were missed at once"

    # -- what steps share

    def _stack(self, name: str, environment: Environment | None = None) -> Stack:
        return Stack(environment or self.environment, name, log=self.log)

    def _apply(self, name: str) -> None:
        self._stack(name, self.applying).apply()
        self.outputs |= self._stack(name).outputs()

    def _set(self, values: Mapping[str, Mapping[str, Any]]) -> None:
        """Set Terraform variables of stacks in the copy's environment."""
        for stack, given in values.items():
            path = self.environment.folder / f"{stack}.tfvars.json"
            held = json.loads(path.read_text()) if path.exists() else {}
            path.write_text(json.dumps({**held, **given}))
        self.environment = settings.load("local", root=self.environment.root, variables={})

    def _pin(self, version: int) -> None:
        s3 = aws.client(self.environment, "s3")
        bucket, key = split(self.artifact)
        content = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        account, group = aws.account_id(self.environment), self.outputs["model_package_group_name"]
        write_pin(
            self.environment.pin_path,
            PinnedModel(
                package_arn=f"arn:aws:sagemaker:{self.environment.region}:{account}:model-package/{group}/{version}",
                version=version,
                image_uri=image_uri(self.environment.region),
                artifact_uri=self.artifact,
                artifact_sha256=hashlib.sha256(content).hexdigest(),
                class_labels=self.environment.classes,
                metrics={},
                dataset_fingerprint=sample.FINGERPRINT,
                git_commit="",
            ),
        )

    def _conclude(self) -> None:
        judged = [one for one in record.read(self.state) if one.request.principal.kind != "root"]
        plain = [one for one in judged if not one.step.startswith("without")]
        self.outcome.requests = len(plain)
        self.outcome.order = tuple(dict.fromkeys(one.step for one in plain))
        self.outcome.refused = sorted(
            {
                f"{one.step}: {one.request.principal.arn} {one.request.action} {one.request.resources[0]}"
                for one in plain
                if not one.decision.allowed
            }
        )
        self.outcome.rows = matrix(plain, self.statements)


def retag(folder: Path, stack: str) -> None:
    """Change a tag of all resources of a stack with an override file of the provider's block.

    Terraform: Override Files, https://developer.hashicorp.com/terraform/language/files/override
    """
    # An override replaces a nested block as a whole, so this one has all tags.
    tags = {
        "Project": settings.PROJECT,
        "Environment": "${var.environment}",
        "Stack": stack,
        "ManagedBy": "Terraform",
        "Workload": f"{settings.PROJECT}-${{var.environment}}",
    }
    override = {"provider": {"aws": {"default_tags": {"tags": tags}}}}
    (folder / "retag_override.tf.json").write_text(json.dumps(override))
