"""Runs a training job: it downloads the input, runs the algorithm, follows its log, and uploads the output.

The algorithm is ``python -m imageclassification.train --root FOLDER``. The folder ``build/local/training/JOB`` stands
for a container's ``/opt/ml``. It is deleted when the job ends.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import tarfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.utils import utcnow
from moto.sagemaker.exceptions import ValidationError

from localcloud import log
from localcloud.children import inherited
from localcloud.context import Context
from localcloud.ec2 import networks
from localcloud.iam.roles import AccessDenied
from localcloud.logs.stream import LogStream, lines
from localcloud.paths import Outside, inside
from localcloud.s3 import objects
from localcloud.sagemaker import images
from localcloud.sagemaker.training import channels, pipes
from localcloud.sagemaker.training.checkpoints import Checkpoints
from localcloud.sagemaker.training.job import Job, Stopped
from localcloud.sagemaker.training.metrics import LogMetrics
from localcloud.sagemaker.training.sources import StagingError

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
ALGORITHM = "imageclassification.train"


class Failure(Exception):
    """The job failed. The message is its FailureReason."""


class Interrupted(Exception):
    """The algorithm ended because the cloud ends. The job goes on when the cloud is there again."""


def run(job: Job, context: Context) -> None:
    """Run a job to its end. It ends even if the local cloud itself has a fault."""
    root = inside(context.place("training"), job.training_job_name)
    try:
        _run(job, context, root)
    except Interrupted:
        return  # its folder has the checkpoint from which it goes on
    except Stopped:
        job.end("Stopped")
    except (Failure, StagingError) as failure:
        job.end("Failed", reason=str(failure))
    except Outside as error:  # AWS accepts '..' as a channel's name
        job.end("Failed", reason=f"ClientError: {error}")
    except Exception as error:  # noqa: BLE001  a fault of the cloud must not leave the job InProgress
        log.failure(error)
        job.end("Failed", reason=f"InternalServerError: the local cloud failed: {type(error).__name__}: {error}")
    shutil.rmtree(root, ignore_errors=True)


def _run(job: Job, context: Context, root: Path) -> None:
    request = job.request
    bucket, _ = objects.split(job.output)
    if not objects.has_bucket(job.account, bucket):  # fail now, and not after the training
        raise Failure(f"ClientError: Data upload failed:NoSuchBucket: The specified bucket does not exist: {bucket}")
    if job.stopping:  # the cloud ended while the job was stopping: what it has made so far is there
        _finish(job, root, 0)
        return
    shutil.rmtree(root / "input", ignore_errors=True)
    channels.write_configuration(request, root)
    # With the last of these folders, the algorithm writes a checkpoint after every epoch. It goes on from there after a
    # restart of the cloud.
    for folder in ("model", "output/data", "input/data", "checkpoints"):
        (root / folder).mkdir(parents=True, exist_ok=True)

    context.latency.hold()
    if job.stopping:
        raise Stopped
    _prepare(job)
    job.enter("Downloading")
    limit = job.seconds_left
    timer = None if limit is None else threading.Timer(limit, _out_of_time, args=(job,))
    if timer:
        timer.daemon = True
        timer.start()
    try:
        kept = request.get("CheckpointConfig")
        checkpoints = Checkpoints(job.role, kept["S3Uri"], root / "checkpoints") if kept else None
        if checkpoints:
            checkpoints.fill()
        piped = {}
        for channel in request.get("InputDataConfig") or []:
            name = channel["ChannelName"]
            if channels.input_mode(request, channel) == "Pipe":
                piped[name] = pipes.content(job, channel)
            else:
                channels.download(job, channel, inside(root, "input/data", name))
            if job.stopping:
                raise Stopped
        job.enter("Training")
        with checkpoints.copied() if checkpoints else contextlib.nullcontext(), _feeding(job, root, piped):
            code = _train(job, context, root)
            if context.children.ending and not job.stopping:
                raise Interrupted
    finally:
        if timer:
            timer.cancel()
    if code and not job.stopping:
        raise Failure(failure_reason(root / "output" / "failure", code))
    _finish(job, root, code)


def _finish(job: Job, root: Path, code: int) -> None:
    """Upload what the algorithm has made, and end the job.

    Args:
        code: The algorithm's exit code.
    """
    job.enter("Uploading")
    made = any((root / "model").glob("*"))
    if made or not (code or job.stopping):
        _upload(job, root / "model", job.artifact)
    if any((root / "output" / "data").glob("*")):
        _upload(job, root / "output" / "data", f"{job.output}/output.tar.gz")
    job.end("Stopped" if job.stopping else "Completed")


def _prepare(job: Job) -> None:
    """Check the calls that SageMaker makes in the job's role before the container runs.

    It pulls the image, joins the VPC and creates a grant on the volume's key.

    Raises:
        Failure: The role's policies do not allow one of them.
    """
    try:
        images.pull(job.role, job.request["AlgorithmSpecification"]["TrainingImage"])
        if vpc := job.request.get("VpcConfig"):
            networks.join(job.role, vpc["Subnets"], vpc["SecurityGroupIds"], needs=networks.SAGEMAKER)
        if key := job.request["ResourceConfig"].get("VolumeKmsKeyId"):
            job.role.lend(key)
    except AccessDenied as error:
        raise Failure(f"ClientError: {error}") from None


def _report(job: Job, new: Sequence[Mapping[str, Any]], context: Context) -> None:
    """Put a job's new metrics into CloudWatch."""
    where = {"account": job.account, "region": job.region}
    dimensions = {"TrainingJobName": job.training_job_name}
    for one in new:
        context.metrics.put(LOG_GROUP, one["MetricName"], dimensions, one["Value"], "None", **where)


@contextlib.contextmanager
def _feeding(job: Job, root: Path, piped: Mapping[str, Callable[[int], Iterator[bytes]]]) -> Iterator[None]:
    """Feed the channels in Pipe mode while the block runs.

    Raises:
        StagingError: A channel's objects cannot be read, or are not what the channel's fields say.
    """
    feeders = [pipes.Feeder(root / "input/data", name, give, job.interrupt) for name, give in piped.items()]
    try:
        yield
    except BaseException:
        job.interrupt()  # feeder.stop() waits for as long as a reader lives
        raise
    finally:
        for feeder in feeders:
            feeder.stop()
    failure = next((feeder.failure for feeder in feeders if feeder.failure), None)
    if failure:
        raise failure


def _train(job: Job, context: Context, root: Path) -> int:
    """Run the algorithm, put its output into the job's log, and return its exit code."""
    stream = LogStream(job.account, job.region, LOG_GROUP, job.log_stream, role=job.role)
    stream.create()
    metrics = LogMetrics()
    # Without this permission DescribeTrainingJob has the metrics, and CloudWatch does not. AWS reports no error.
    reported = job.role.may("cloudwatch", "PutMetricData", Namespace=LOG_GROUP)
    child = job.attend(
        lambda: context.algorithm.start(
            ALGORITHM, ["--root", str(root)], env=environment(job, os.environ), cwd=root, together=True
        )
    )
    assert child.stdout is not None  # a pipe
    assert child.stdin is not None  # a pipe too
    with child.stdout as output:
        for line in lines(output):
            stream.write(line)
            if new := metrics.read(line, utcnow()):
                job.record(metrics.final())
                if reported:
                    _report(job, new, context)
    code = child.wait()
    child.stdin.close()  # only now: the algorithm exits when it closes
    return code


def environment(job: Job, variables: Mapping[str, str]) -> dict[str, str]:
    """The environment of the algorithm's process.

    It has the machine's variables, the job's Environment and SageMaker's own variables. It lacks the machine's
    ``AWS_*`` and ``MOTO_*``, so that the algorithm cannot call the cloud.

    Example::

        >>> from types import SimpleNamespace
        >>> job = SimpleNamespace(request={}, region="us-east-1", training_job_name="scones-1", arn="arn:aws:…")
        >>> sorted(environment(job, {"PATH": "/bin", "AWS_PROFILE": "me"}))
        ['AWS_REGION', 'PATH', 'PYTHONUNBUFFERED', 'TRAINING_JOB_ARN', 'TRAINING_JOB_NAME']
    """
    return {
        **inherited(variables),
        "PYTHONUNBUFFERED": "1",
        **(job.request.get("Environment") or {}),
        "AWS_REGION": job.region,
        "TRAINING_JOB_NAME": job.training_job_name,
        "TRAINING_JOB_ARN": job.arn,
    }


def failure_reason(path: Path, code: int) -> str:
    """FailureReason in SageMaker's words: the content of ``output/failure`` and the exit code.

    A text that begins with neither ClientError nor AlgorithmError counts as an AlgorithmError.

    Example::

        >>> _ = Path("failure").write_text("ClientError: num_classes must be 2")
        >>> failure_reason(Path("failure"), 2)
        'ClientError: num_classes must be 2, exit code: 2'
        >>> failure_reason(Path("missing"), -9)
        'AlgorithmError: , exit code: 137'
    """
    text = path.read_text(errors="replace").strip() if path.exists() else ""
    if not text.startswith(("ClientError:", "AlgorithmError:")):
        text = f"AlgorithmError: {text}"
    return f"{text}, exit code: {code if code > 0 else 128 - code}"


def archive(folder: Path) -> bytes:
    """Pack a folder as ``tar.gz``, with its files at the root of the archive.

    Example::

        >>> Path("model").mkdir()
        >>> _ = Path("model/image-classification-0001.params").write_bytes(b"weights")
        >>> tarfile.open(fileobj=io.BytesIO(archive(Path("model")))).getnames()
        ['image-classification-0001.params']
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=6) as packed:
        for path in sorted(folder.iterdir()):
            packed.add(path, arcname=path.name)
    return buffer.getvalue()


def _upload(job: Job, folder: Path, uri: str) -> None:
    key = job.request["OutputDataConfig"].get("KmsKeyId")
    try:
        if key:
            job.role.encrypt(key)
        job.role.write(uri, archive(folder), kms_key_id=key)
    except (ServiceException, AccessDenied) as error:
        raise Failure(f"ClientError: Data upload failed:{error}") from error


def _out_of_time(job: Job) -> None:
    with contextlib.suppress(ValidationError):  # the job has just ended
        job.stop("MaxRuntimeExceeded")
