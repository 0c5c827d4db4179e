"""How a training job runs: input in, the algorithm's process, its log and metrics, output out.

Example::

    threading.Thread(target=run, args=(job, context), daemon=True).start()

The algorithm is ``python -m imageclassification.train --root FOLDER`` over a folder laid out as a container's
``/opt/ml``, ``build/local/training/JOB``, which is gone when the job has ended.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from moto.core.exceptions import ServiceException
from moto.core.utils import utcnow
from moto.sagemaker.exceptions import ValidationError

from localcloud import log
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
    """The job failed; the message is its FailureReason."""


def run(job: Job, context: Context) -> None:
    """Take a job from Starting to its end; whatever happens, it does end."""
    root = inside(context.state, "training", job.training_job_name)
    try:
        _run(job, context, root)
    except Stopped:
        job.end("Stopped")
    except (Failure, StagingError) as failure:
        job.end("Failed", reason=str(failure))
    except Outside as error:  # AWS lets a channel be called '..'
        job.end("Failed", reason=f"ClientError: {error}")
    except Exception as error:  # noqa: BLE001  a job must not stay InProgress because of a fault of the cloud
        log.failure(error)
        job.end("Failed", reason=f"InternalServerError: the local cloud failed: {type(error).__name__}: {error}")
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _run(job: Job, context: Context, root: Path) -> None:
    request = job.request
    bucket, _ = objects.split(job.output)
    if not objects.has_bucket(job.account, bucket):  # known now, rather than when all is done
        raise Failure(f"ClientError: Data upload failed:NoSuchBucket: The specified bucket does not exist: {bucket}")
    shutil.rmtree(root, ignore_errors=True)
    channels.write_configuration(request, root)
    for folder in ("model", "output/data", "input/data"):
        (root / folder).mkdir(parents=True)

    _prepare(job)
    job.enter("Downloading")
    limit = (request.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds")
    timer = threading.Timer(limit, _out_of_time, args=(job,)) if limit else None
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
    finally:
        if timer:
            timer.cancel()
    if code and not job.stopping:
        raise Failure(failure_reason(root / "output" / "failure", code))

    job.enter("Uploading")
    if not code or any((root / "model").iterdir()):
        _upload(job, root / "model", job.artifact)
    if any((root / "output" / "data").iterdir()):
        _upload(job, root / "output" / "data", f"{job.output}/output.tar.gz")
    job.end("Stopped" if job.stopping else "Completed")


def _prepare(job: Job) -> None:
    """What SageMaker does with the job's role before its container runs: pull the image, join its network.

    Raises:
        Failure: the role does not allow it.
    """
    try:
        images.pull(job.role, job.request["AlgorithmSpecification"]["TrainingImage"])
        if vpc := job.request.get("VpcConfig"):
            networks.join(job.role, vpc["Subnets"], vpc["SecurityGroupIds"], needs=networks.SAGEMAKER)
        if key := job.request["ResourceConfig"].get("VolumeKmsKeyId"):
            job.role.lend(key)
    except AccessDenied as error:
        raise Failure(f"ClientError: {error}") from None


def _report(job: Job, context: Context) -> None:
    """Put the metrics that are new into CloudWatch, as SageMaker does with the job's role."""
    where = {"account": job.account, "region": job.region}
    dimensions = {"TrainingJobName": job.training_job_name}
    for one in job.metrics:
        context.metrics.put(LOG_GROUP, one["MetricName"], dimensions, one["Value"], "None", **where)


@contextlib.contextmanager
def _feeding(job: Job, root: Path, piped: Mapping[str, Callable[[int], Iterator[bytes]]]) -> Iterator[None]:
    """Feed the channels in Pipe mode while the algorithm runs.

    Raises:
        StagingError: a channel's bytes could not be had, for a reason that is the job's owner's.
    """
    feeders = [pipes.Feeder(root / "input/data", name, give, job.interrupt) for name, give in piped.items()]
    try:
        yield
    except BaseException:
        job.interrupt()  # a reader that is still there would keep its feeder
        raise
    finally:
        for feeder in feeders:
            feeder.stop()
    failure = next((feeder.failure for feeder in feeders if feeder.failure), None)
    if failure:
        raise failure


def _train(job: Job, context: Context, root: Path) -> int:
    """Run the algorithm to its end, putting what it prints into the job's log; its exit code."""
    name = f"{job.training_job_name}/algo-1-{int(time.time())}"
    stream = LogStream(job.account, job.region, LOG_GROUP, name, role=job.role)
    stream.create()
    metrics = LogMetrics()
    # Without it the metrics are SageMaker's own only, and nobody is told.
    reported = job.role.may("cloudwatch", "PutMetricData", Namespace=LOG_GROUP)
    child = job.attend(
        lambda: context.children.spawn(
            [sys.executable, "-m", ALGORITHM, "--root", str(root)],
            env=environment(job, os.environ),
            cwd=root,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    )
    with child.stdout as output:
        for line in lines(output):
            stream.write(line)
            if metrics.read(line, utcnow()):
                job.record(metrics.final())
                if reported:
                    _report(job, context)
    code = child.wait()
    child.stdin.close()  # only now: closing it earlier tells the algorithm that the cloud has gone
    return code


def environment(job: Job, variables: Mapping[str, str]) -> dict[str, str]:
    """The algorithm's variables: the machine's, the job's own, what SageMaker sets; nothing that leads to the cloud."""
    kept = {name: value for name, value in variables.items() if not name.startswith(("AWS_", "MOTO_"))}
    return {
        **kept,
        "PYTHONUNBUFFERED": "1",
        **(job.request.get("Environment") or {}),
        "AWS_REGION": job.region,
        "TRAINING_JOB_NAME": job.training_job_name,
        "TRAINING_JOB_ARN": job.arn,
    }


def failure_reason(path: Path, code: int) -> str:
    """FailureReason as SageMaker words it: what the algorithm left in ``output/failure``, and its exit code.

    What does not say whose fault it is, is the algorithm's.
    """
    text = path.read_text(errors="replace").strip() if path.exists() else ""
    if not text.startswith(("ClientError:", "AlgorithmError:")):
        text = f"AlgorithmError: {text}"
    return f"{text}, exit code: {code if code > 0 else 128 - code}"


def archive(folder: Path) -> bytes:
    """A folder's content as ``tar.gz``, the files at its root."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=6) as packed:
        for path in sorted(folder.iterdir()):
            packed.add(path, arcname=path.name)
    return buffer.getvalue()


def _upload(job: Job, folder: Path, uri: str) -> None:
    try:
        job.role.write(uri, archive(folder), kms_key_id=job.request["OutputDataConfig"].get("KmsKeyId"))
    except (ServiceException, AccessDenied) as error:
        raise Failure(f"ClientError: Data upload failed:{error}") from error


def _out_of_time(job: Job) -> None:
    with contextlib.suppress(ValidationError):  # it ended at this very moment
        job.stop("MaxRuntimeExceeded")
