"""Runs a transform job: it starts the container, sends it every record, and writes the answers.

The log group and its streams are those of AWS's documentation, "Log groups and streams that Amazon SageMaker AI logs":
``JOB/INSTANCE`` has the container's output, ``JOB/INSTANCE/data-log`` what became of each object.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from moto.core.exceptions import ServiceException

from localcloud import log
from localcloud.context import Context
from localcloud.ec2 import networks
from localcloud.iam.roles import AccessDenied
from localcloud.logs.stream import LogStream
from localcloud.paths import inside
from localcloud.s3 import objects
from localcloud.sagemaker import images, status_changes
from localcloud.sagemaker.hosting.plan import STARTUP_SECONDS
from localcloud.sagemaker.hosting.serving import NoAnswer, ServingProcess, StartError
from localcloud.sagemaker.training import sources
from localcloud.sagemaker.training.sources import Found, StagingError
from localcloud.sagemaker.transform import joining
from localcloud.sagemaker.transform.job import TransformJob
from localcloud.sagemaker.transform.request import PAYLOAD_MB
from localcloud.sagemaker.transform.splitting import BadInput, Cut, unzipped

LOG_GROUP = "/aws/sagemaker/TransformJobs"
ANSWER_SECONDS, RETRIES = 600, 3  # the defaults of ModelClientConfig
SEE_LOGS = "See job logs for more information"  # AWS's FailureReason (aws/sagemaker-python-sdk, issue 753)


class TransformFailure(Exception):
    """The job fails. The message is its FailureReason."""


class RecordRefused(Exception):
    """An object has no output, since the container did not answer a record of it."""


class Halted(Exception):
    """The job was asked to stop."""


def run(job: TransformJob, context: Context, keep: Callable[[], None]) -> None:
    """Run a job to its end. It ends even if the local cloud itself has a fault.

    Args:
        keep: Keeps the job as it is.
    """
    reason: str | None = None
    try:
        _run(job, context)
    except (TransformFailure, StagingError) as failure:
        reason = str(failure)
    except AccessDenied as error:
        reason = f"ClientError: {error}"
    except Halted:
        pass
    except Exception as error:  # noqa: BLE001  a fault of the cloud must not leave the job InProgress
        log.failure(error)
        reason = f"InternalServerError: the local cloud failed: {type(error).__name__}: {error}"
    if context.children.ending and not job.stopping.is_set():
        return  # the container ended with the cloud, and the job goes on with the next one
    if job.stopping.is_set():
        _take_back(job)
    job.end(reason)
    status_changes.transform_job(job)  # before: an event that is sent twice is better than one that is lost
    keep()


def _run(job: TransformJob, context: Context) -> None:
    if job.stopping.is_set():  # the cloud ended while the job was stopping
        raise Halted
    output = job.request["TransformOutput"]["S3OutputPath"]
    bucket, _ = objects.split(output)
    if not objects.has_bucket(job.account, bucket):
        raise TransformFailure(
            f"ClientError: Data upload failed:NoSuchBucket: The specified bucket does not exist: {bucket}"
        )
    artifact = _prepare(job)
    found = [one for one in sources.find(job, job.request["TransformInput"]) if not job.has_written(_output(job, one))]
    stream, data_log = (
        LogStream(job.account, job.region, LOG_GROUP, f"{job.log_stream}{suffix}", role=job.role)
        for suffix in ("", "/data-log")
    )
    data_log.create()
    client = job.request.get("ModelClientConfig") or {}
    process = ServingProcess(
        context,
        stream,
        inside(context.place("transform"), job.transform_job_name),
        artifact,
        _environment(job),
        answer_seconds=client.get("InvocationsTimeoutInSeconds") or ANSWER_SECONDS,
    )
    try:
        try:
            process.wait_ready(STARTUP_SECONDS)
        except StartError as error:
            raise TransformFailure(
                "AlgorithmError: The primary container did not pass the ping health check. "
                f"Please check CloudWatch logs for this job. The container said last: {error}"
            ) from error
        job.start()
        Transform(job, process, data_log).all(found)
    finally:
        process.retire()


def _prepare(job: TransformJob) -> bytes:
    """Check the calls that SageMaker makes in the model's role before its container runs, and read the artifact."""
    model, key = job.model, job.request["TransformResources"].get("VolumeKmsKeyId")
    images.pull(job.role, model.image)
    if model.vpc:
        networks.join(job.role, model.vpc["Subnets"], model.vpc["SecurityGroupIds"], needs=networks.SAGEMAKER)
    if key:
        job.role.lend(key)
    # SageMaker would report the instance's CPU and memory use. The local cloud has no instance and only asks.
    job.role.may("cloudwatch", "PutMetricData", Namespace=LOG_GROUP)
    try:
        artifact, why = job.role.read(model.model_data_url), ""
    except AccessDenied as error:
        artifact, why = None, f" {error}"
    if artifact is None:
        raise TransformFailure(
            f'ClientError: Failed to download model data for container "container_1" from URL: '
            f'"{model.model_data_url}". Please ensure that there is an object located at the URL and that the role '
            f"passed to CreateModel has permissions to download the model.{why}"
        )
    return artifact


def _environment(job: TransformJob) -> dict[str, str]:
    """The container's variables (Developer Guide, "Use Your Own Inference Code with Batch Transform")."""
    asked = job.request
    return {
        **job.model.environment,
        **(asked.get("Environment") or {}),
        "AWS_REGION": job.region,
        "SAGEMAKER_BATCH": "true",
        "SAGEMAKER_BATCH_STRATEGY": "SINGLE_RECORD" if asked.get("BatchStrategy") == "SingleRecord" else "MULTI_RECORD",
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": str(_parallel(job)),
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": str(asked.get("MaxPayloadInMB") or PAYLOAD_MB),
    }


def _parallel(job: TransformJob) -> int:
    return job.request.get("MaxConcurrentTransforms") or 1


def _output(job: TransformJob, found: Found) -> str:
    """The address of an object's output: the output path, the object's path below the prefix, and ``.out``."""
    return f"{job.request['TransformOutput']['S3OutputPath'].rstrip('/')}/{found.path}.out"


def _take_back(job: TransformJob) -> None:
    """Remove the outputs of a job that was stopped.

    AWS: API reference, StopTransformJob: the output of a job that is stopped is not stored. AWS removes it without
    DeleteObject, so it needs no permission.
    """
    for output, version in job.take_written().items():
        try:
            objects.delete(job.account, output, version=None if version == "null" else version)
        except ServiceException as error:  # the bucket is gone
            log.line(f"{job.transform_job_name}: {output} could not be removed: {error}")


@dataclass(frozen=True)
class Transform:
    """The work of one job while its container runs."""

    job: TransformJob
    process: ServingProcess
    data_log: LogStream

    def all(self, found: list[Found]) -> None:
        """Transform every object. An object that fails does not keep the others from their outputs.

        Raises:
            TransformFailure: An object failed.
            Halted: The job was asked to stop.
        """
        asked, parallel = self.job.request, _parallel(self.job)
        self._say(
            f"MaxConcurrentTransforms={parallel}, MaxPayloadInMB={asked.get('MaxPayloadInMB') or PAYLOAD_MB}, "
            f"BatchStrategy={'SINGLE_RECORD' if asked.get('BatchStrategy') == 'SingleRecord' else 'MULTI_RECORD'}"
        )
        with ThreadPoolExecutor(parallel) as senders, ThreadPoolExecutor(parallel) as readers:
            faults = list(readers.map(lambda one: self._object(one, senders), found))
        if self.job.stopping.is_set():
            raise Halted
        for fault in ("ClientError: Data upload failed", "AlgorithmError", "ClientError"):
            for one in faults:
                if one and one.startswith(fault):
                    raise TransformFailure(one)

    def _object(self, found: Found, senders: ThreadPoolExecutor) -> str | None:
        """Transform one object. Returns a FailureReason, or None if its output is written."""
        if self.job.stopping.is_set():
            return None
        try:
            content = self._answers(found.content(), senders)
        except Halted:
            return None
        except RecordRefused as refused:
            self._complain(found, str(refused))
            return f"AlgorithmError: {SEE_LOGS}"
        except (BadInput, joining.BadPath) as error:
            self._complain(found, f"ClientError: {error}")
            return f"ClientError: {SEE_LOGS}"
        except StagingError as error:
            self._complain(found, str(error))
            return str(error)
        output = _output(self.job, found)
        try:
            version = self.job.role.write(
                output, content, kms_key_id=self.job.request["TransformOutput"].get("KmsKeyId")
            )
        except (ServiceException, AccessDenied) as error:
            self._complain(found, f"ClientError: Data upload failed:{error}")
            return f"ClientError: Data upload failed:{error}"
        self.job.wrote(output, version)
        return None

    def _answers(self, content: bytes, senders: ThreadPoolExecutor) -> bytes:
        """The output for the content of one object.

        Raises:
            BadInput: It cannot be cut into payloads.
            BadPath: DataProcessing does not fit it.
            RecordRefused: The container refused a payload, or did not answer.
            Halted: The job was asked to stop.
        """
        asked, given = self.job.request, self.job.request["TransformInput"]
        processing = asked.get("DataProcessing") or {}
        before, after = processing.get("InputFilter") or "$", processing.get("OutputFilter") or "$"
        joins = processing.get("JoinSource") == "Input"
        if given.get("CompressionType") == "Gzip":
            content = unzipped(content)
        cut = Cut(
            split=given.get("SplitType") or "None",
            # A record is joined with the answer to it alone, so DataProcessing sends one record a request.
            single=asked.get("BatchStrategy") == "SingleRecord" or joins or (before, after) != ("$", "$"),
            largest=(asked.get("MaxPayloadInMB") or PAYLOAD_MB) << 20,
        )
        records = list(cut.payloads(content))
        waiting = [senders.submit(self._answer, joining.filtered(record, before)) for record in records]
        try:
            parts = []
            for record, answer in zip(records, waiting, strict=True):
                body = answer.result()
                part = joining.joined(record if joins else None, body, after)
                line = body.endswith(b"\n") or asked["TransformOutput"].get("AssembleWith") == "Line"
                parts.append(part if part.endswith(b"\n") or not line else part + b"\n")
            return b"".join(parts)
        finally:
            for answer in waiting:
                answer.cancel()

    def _answer(self, payload: bytes) -> bytes:
        """The container's answer to one payload.

        Raises:
            RecordRefused: The container refused it, or has failed more often than ModelClientConfig allows.
            Halted: The job was asked to stop.
        """
        asked = self.job.request
        headers = {
            "Content-Type": asked["TransformInput"].get("ContentType"),
            "Accept": asked["TransformOutput"].get("Accept"),
        }
        sent = {name: value for name, value in headers.items() if value}
        retries = (asked.get("ModelClientConfig") or {}).get("InvocationsMaxRetries", RETRIES)
        said = ""
        for _ in range(retries + 1):
            if self.job.stopping.is_set():
                raise Halted
            try:
                answer = self.process.invoke(payload, sent)
            except NoAnswer as error:
                said = f"Unable to get response from algorithm: {error}"
                if not self.process.alive:
                    break
                continue
            if 200 <= answer.status < 300:
                return answer.body
            said = (
                f"Bad HTTP status received from algorithm: {answer.status}\n\nMessage:\n"
                f"{answer.body.decode(errors='replace')}"
            )
            if answer.status < 500:
                break
        raise RecordRefused(said)

    def _complain(self, found: Found, text: str) -> None:
        for line in text.splitlines():
            self._say(f"{found.uri.removeprefix('s3://')}: {line}")

    def _say(self, text: str) -> None:
        moment = datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="milliseconds").partition("+")[0]
        self.data_log.write(f"{moment}:[sagemaker logs]: {text}")
