"""The work that is repeated with and without a statement: a training job, executions, updates.

Example (not run: it needs a running cloud)::

    workload = Workload(environment, outputs, "s3://bucket/datasets/0…0")
    workload.train("once")["TrainingJobStatus"]     # 'Completed'
    workload.execute()                              # [('SUCCEEDED', None), …, ('FAILED', 'ImageNotFoundError')]
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from scones import aws
from scones.errors import CheckError, WorkflowError
from scones.proof import sample
from scones.proof.matrix import NOT_ASKED
from scones.s3 import split
from scones.service import inbox, workflow
from scones.settings import Environment
from scones.training import job, request
from scones.training.spec import JobSpec

if TYPE_CHECKING:
    from localcloud.iam.policies import Statement

GONE = "images/not-there.png"
NOW = "2026-01-01T00:00:00.000Z"  # any time; the function computes the execution's duration from it
WAIT_SECONDS = 120.0
RETRIES_SECONDS = 60.0


@dataclass(frozen=True)
class Workload:
    """The work of the runtime's roles.

    Attributes:
        outputs: The stacks' outputs. Those of the service are present once it is applied.
        dataset: The data set's ``s3://`` URL.
    """

    environment: Environment
    outputs: Mapping[str, Any]
    dataset: str

    def needing(self, statement: Statement) -> Callable[[], object] | None:
        """The work that needs a statement of a runtime role and takes seconds. None for other statements."""
        _, role, policy, sid = statement.source.split("/")
        if policy == "trust" or statement.effect != "Allow":
            return None
        if role == f"scones-{self.environment.name}-training":
            return partial(self._train_without, sid)
        if role == f"{self.outputs['state_machine_arn'].rpartition(':')[2]}-states":
            return partial(_after, partial(self._update_machine, self.outputs["state_machine_arn"]), self.execute)
        if role in self.outputs["function_names"].values():
            # Only an arrival names its object's version.
            work = self.arrive if sid == "ReadVersions" else self.execute
            return partial(_after, partial(self._update_function, role), work)
        batch = self.outputs.get("batch")
        if batch and sid not in NOT_ASKED and role == f"{batch['state_machine_arn'].rpartition(':')[2]}-states":
            return partial(_after, partial(self._update_machine, batch["state_machine_arn"]), self.batch)
        if batch and role == batch["function_name"]:
            return partial(_after, partial(self._update_function, role), self.batch)
        return None

    def train(self, name: str) -> dict[str, Any]:
        """Run a training job of one epoch to its end. Returns DescribeTrainingJob's answer."""
        chosen = request.hyperparameters(
            self.environment, classes=len(self.environment.classes), samples=sample.TRAIN, overrides=sample.OVERRIDES
        )
        name = f"scones-{name}".replace("_", "-")
        spec = JobSpec.within(self.outputs, dataset_uri=self.dataset, hyperparameters=chosen)
        job.start(self.environment, spec, name=name)
        sagemaker = aws.client(self.environment, "sagemaker")

        def ended() -> dict[str, Any] | None:
            found = sagemaker.describe_training_job(TrainingJobName=name)
            return found if found["TrainingJobStatus"] in ("Completed", "Failed", "Stopped") else None

        return wait(ended, f"training job {name} did not end")

    def _train_without(self, sid: str) -> None:
        """Train without a statement. SageMaker refuses a job at once whose data its role cannot list."""
        with contextlib.suppress(aws.client(self.environment, "sagemaker").exceptions.ClientError):
            self.train(f"without-{sid}-{int(time.time())}")

    def execute(self) -> list[tuple[str, str | None]]:
        """Execute a small image, an image too large for a state, and a missing key.

        The function classify-image is also called with a missing key, because an image can be deleted after the first
        state has found it.

        Returns:
            The status and error of each execution, and of the call.
        """
        sfn, bucket = aws.client(self.environment, "stepfunctions"), self.outputs["bucket"]
        gone = {"image_url": f"s3://{bucket}/{GONE}", "s3_bucket": bucket, "s3_key": GONE, "content_type": "image/png"}
        gone |= {"image_data": None, "inferences": []}
        uris = (f"{self.dataset}/validation/0/000.png", f"s3://{bucket}/{sample.LARGE}", gone["image_url"])
        begun = [workflow.start(sfn, self.outputs["state_machine_arn"], uri, threshold=0.0) for uri in uris]
        ended = []
        for execution in begun:
            with contextlib.suppress(WorkflowError):  # an execution without a permission retries for minutes
                outcome = workflow.follow(sfn, execution.arn, timeout=RETRIES_SECONDS)
                ended.append((outcome.status, outcome.error))
        answer = aws.client(self.environment, "lambda").invoke(
            FunctionName=self.outputs["function_names"]["classify-image"],
            Payload=json.dumps({"execution": {"name": "by-hand", "started_at": NOW}, "input": gone}),
        )
        found = json.loads(answer["Payload"].read())
        return [*ended, ("FAILED" if "FunctionError" in answer else "SUCCEEDED", found.get("errorType"))]

    def batch(self) -> list[str]:
        """Classify a small image, one too large for a state and a missing one, by a listing and by a manifest.

        Returns:
            The statuses of the two executions.
        """
        sfn, s3, bucket = (
            *(aws.client(self.environment, name) for name in ("stepfunctions", "s3")),
            self.outputs["bucket"],
        )
        _, small = split(f"{self.dataset}/validation/0/000.png")
        rows = "".join(f"{bucket},{key},\n" for key in (small, sample.LARGE, GONE))
        manifest = {"bucket": bucket, "key": "batches/proof/manifest-1.csv"}
        s3.put_object(Bucket=bucket, Key=manifest["key"], Body=f"s3_bucket,s3_key,etag\n{rows}".encode())
        arn, ended = self.outputs["batch"]["state_machine_arn"], []
        for given in ({"bucket": bucket, "prefix": small}, {"manifest": manifest}):
            text = json.dumps({**given, "batch": "proof", "confidence_threshold": 0.0})
            execution = sfn.start_execution(stateMachineArn=arn, input=text)["executionArn"]
            with contextlib.suppress(WorkflowError):
                ended.append(workflow.follow(sfn, execution, timeout=RETRIES_SECONDS).status)
        return ended

    def transform(self) -> str:
        """Run a transform job of one image with the model for batches. Returns its status."""
        sagemaker, bucket = aws.client(self.environment, "sagemaker"), self.outputs["bucket"]
        name = f"scones-proof-{int(time.time() * 1000)}"
        source = {"S3DataType": "S3Prefix", "S3Uri": f"{self.dataset}/validation/0/000.png"}
        sagemaker.create_transform_job(
            TransformJobName=name,
            ModelName=self.outputs["batch"]["model_name"],
            TransformInput={"DataSource": {"S3DataSource": source}, "ContentType": "image/png"},
            TransformOutput={"S3OutputPath": f"s3://{bucket}/batches/proof/out"},
            TransformResources={"InstanceType": self.outputs["batch"]["transform_instance_type"], "InstanceCount": 1},
        )

        def ended() -> str | None:
            status = sagemaker.describe_transform_job(TransformJobName=name)["TransformJobStatus"]
            return None if status in ("InProgress", "Stopping") else status

        return wait(ended, f"transform job {name} did not end")

    def arrive(self) -> None:
        """Let an image and one too large for a state arrive, and tell a later end of the first one's execution.

        A redriven execution ends again. Its new result is written over the first one, which is read for that.

        Raises:
            CheckError: one of the results is not there.
        """
        arrival, bucket = self.outputs["arrival"], self.outputs["bucket"]
        names = [self._put(), self._put(f"s3://{bucket}/{sample.LARGE}")]
        s3, sqs = aws.client(self.environment, "s3"), aws.client(self.environment, "sqs")

        def result() -> dict[str, Any]:
            given = inbox.wait_for(s3, arrival, names, seconds=WAIT_SECONDS)
            if missing := [one for one in names if one not in given]:
                raise CheckError(f"what arrived as {', '.join(missing)} has no result within {WAIT_SECONDS:.0f} s")
            return given[names[0]]

        found = result()
        executions = self.outputs["state_machine_arn"].replace(":stateMachine:", ":execution:")
        begun, ended = (datetime.fromisoformat(found[moment]).timestamp() for moment in ("started_at", "ended_at"))
        detail = {
            "executionArn": f"{executions}:{found['execution']}",
            "name": found["execution"],
            "status": "ABORTED",
            "startDate": round(begun * 1000),
            "stopDate": round(ended * 1000) + 1000,
            "input": json.dumps(dict(zip(("s3_bucket", "s3_key"), split(found["image_url"]), strict=True))),
        }
        sqs.send_message(QueueUrl=arrival["queues"]["endings"]["url"], MessageBody=json.dumps({"detail": detail}))
        wait(lambda: result()["status"] == "ABORTED", f"a later end of the execution for {names[0]} has no result")

    def give_up(self) -> None:
        """Let nobody send to each of the queues for a moment, so that an event is a dead letter.

        Raises:
            CheckError: it is none.
        """
        sqs = aws.client(self.environment, "sqs")
        for name, queue in self.outputs["arrival"]["queues"].items():
            url = queue["url"]
            policy = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"]
            sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
            try:
                self._put()
                wait(partial(_is_dead, sqs, queue), f"no dead letter of the queue {name}")
            finally:
                sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})

    def _put(self, uri: str | None = None) -> str:
        """Put an image where it arrives: by default a small one. Returns its name."""
        s3, name = aws.client(self.environment, "s3"), f"{time.time_ns()}.png"
        bucket, prefix = split(self.outputs["arrival"]["uri"])
        source = split(uri or f"{self.dataset}/validation/0/000.png")
        s3.put_object(
            Bucket=bucket, Key=f"{prefix}{name}", Body=s3.get_object(Bucket=source[0], Key=source[1])["Body"].read()
        )
        return name

    def _update_machine(self, arn: str) -> None:
        """Set a state machine's logging again, because Step Functions then checks its permissions."""
        sfn = aws.client(self.environment, "stepfunctions")
        logging = sfn.describe_state_machine(stateMachineArn=arn)["loggingConfiguration"]
        with contextlib.suppress(sfn.exceptions.ClientError):
            sfn.update_state_machine(stateMachineArn=arn, loggingConfiguration=logging)

    def _update_function(self, name: str) -> None:
        """Set a function's tracing and network again, because Lambda then checks its permissions."""
        functions = aws.client(self.environment, "lambda")
        network = functions.get_function_configuration(FunctionName=name).get("VpcConfig") or {}
        kept = {key: network[key] for key in ("SubnetIds", "SecurityGroupIds") if network.get(key)}
        with contextlib.suppress(functions.exceptions.ClientError):
            functions.update_function_configuration(
                FunctionName=name, TracingConfig={"Mode": "Active"}, **({"VpcConfig": kept} if kept else {})
            )

    def captured(self) -> bool:
        """True if the endpoint has captured a request."""
        bucket, place = split(self.outputs["capture_uri"])
        s3 = aws.client(self.environment, "s3")
        return bool(s3.list_objects_v2(Bucket=bucket, Prefix=f"{place}/")["KeyCount"])


def _after(update: Callable[[], None], work: Callable[[], object]) -> object:
    update()
    return work()


def _is_dead(sqs: Any, queue: Mapping[str, Any]) -> bool:
    return inbox.load(sqs, queue).dead > 0


def wait(look: Callable[[], Any], otherwise: str) -> Any:
    """Call ``look`` until it returns a true value, and return that value.

    Raises:
        CheckError: there is none within WAIT_SECONDS. The message begins with ``otherwise``.
    """
    give_up = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < give_up:
        if found := look():
            return found
        time.sleep(0.2)
    raise CheckError(f"{otherwise} within {WAIT_SECONDS:.0f} s")
