"""One transform job: its request, its model, its status, and which objects it has written."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from moto.core.utils import utcnow
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.utils import arn_formatter

from localcloud.iam.roles import Roles
from localcloud.sagemaker.hosting.plan import Variant
from localcloud.sagemaker.role import ExecutionRole

FAILURE_REASON_LENGTH = 1024
UNPROCESSED = {"InputFilter": "$", "OutputFilter": "$", "JoinSource": "None"}  # what a request without it means


class TransformJob:
    """A transform job. It replaces moto's object in ``transform_jobs``.

    moto's other actions (DescribeTransformJob, ListTags) read response_object, arn and tags.

    Attributes:
        request: CreateTransformJob's parameters.
        model: The model as it was when the job was created, so that it may be deleted while the job runs, as on AWS.
        role: SageMaker, acting in the model's role.
        log_stream: The name of the stream to which the container writes.
        transform_job_status: InProgress, Stopping, Completed, Failed or Stopped.
        failure_reason: FailureReason. None unless the job has failed.
        stopping: Is set when the job was asked to stop.
    """

    def __init__(self, request: Mapping[str, Any], model: Variant, *, roles: Roles, account: str, region: str) -> None:
        self.request = dict(request)
        self.model = model
        self.role = ExecutionRole(roles, model.role_arn, account=account, region=region)
        self.account, self.region = account, region
        self.transform_job_name: str = request["TransformJobName"]
        self.arn = arn_formatter("transform-job", self.transform_job_name, account, region)
        self.tags = list(request.get("Tags") or [])
        self.creation_time = utcnow()
        self.last_modified_time = self.creation_time
        self.transform_start_time: datetime | None = None
        self.transform_end_time: datetime | None = None
        self.transform_job_status = "InProgress"
        self.failure_reason: str | None = None
        self.log_stream = f"{self.transform_job_name}/i-{uuid.uuid4().hex[:17]}-{int(time.time())}"
        self.stopping = threading.Event()
        self._lock = threading.RLock()
        self._written: dict[str, str] = {}

    def __getstate__(self) -> dict[str, Any]:
        with self._lock:
            return {name: value for name, value in vars(self).items() if name not in ("_lock", "stopping")} | {
                "_written": dict(self._written)
            }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.RLock(), stopping=threading.Event())
        if self.transform_job_status == "Stopping":
            self.stopping.set()

    @property
    def runs(self) -> bool:
        """Whether the job has not ended."""
        return self.transform_job_status in ("InProgress", "Stopping")

    def start(self) -> None:
        """The container runs now. A job that goes on after a restart of the cloud keeps its time."""
        with self._lock:
            self.transform_start_time = self.transform_start_time or utcnow()
            self.last_modified_time = utcnow()

    def stop(self) -> None:
        """Ask the job to stop.

        Raises:
            ValidationError: The job has ended already.
        """
        with self._lock:
            if not self.runs:
                raise ValidationError(
                    f"The request was rejected because the transform job is in status {self.transform_job_status}."
                )
            self.transform_job_status = "Stopping"
            self.last_modified_time = utcnow()
            self.stopping.set()

    def end(self, reason: str | None = None) -> None:
        """End the job: Stopped if it was asked to stop, else Failed with a reason or Completed without one."""
        with self._lock:
            self.transform_job_status = "Stopped" if self.stopping.is_set() else "Failed" if reason else "Completed"
            if self.transform_job_status == "Failed" and reason:
                self.failure_reason = reason[:FAILURE_REASON_LENGTH]
            self.last_modified_time = self.transform_end_time = utcnow()

    def wrote(self, output: str, version: str) -> None:
        """Note that an output is in S3.

        Args:
            output: Its address.
            version: The id of its version.
        """
        with self._lock:
            self._written[output] = version

    def has_written(self, output: str) -> bool:
        """Whether :meth:`wrote` has noted an output."""
        return output in self._written

    def take_written(self) -> dict[str, str]:
        """The outputs so far, with the ids of their versions, which are no longer the job's."""
        with self._lock:
            taken, self._written = self._written, {}
            return taken

    @property
    def response_object(self) -> dict[str, Any]:
        """DescribeTransformJob's answer."""
        with self._lock:
            asked = self.request
            answer = {
                **{name: value for name, value in asked.items() if name != "Tags"},
                "TransformInput": {"CompressionType": "None", "SplitType": "None", **asked["TransformInput"]},
                "TransformOutput": {"AssembleWith": "None", "KmsKeyId": "", **asked["TransformOutput"]},
                "DataProcessing": {**UNPROCESSED, **(asked.get("DataProcessing") or {})},
                "TransformJobArn": self.arn,
                "TransformJobStatus": self.transform_job_status,
                "FailureReason": self.failure_reason,
                "CreationTime": self.creation_time,
                "TransformStartTime": self.transform_start_time,
                "TransformEndTime": self.transform_end_time,
            }
        return {name: value for name, value in answer.items() if value not in (None, [], {})}

    @property
    def summary(self) -> dict[str, Any]:
        """The job in ListTransformJobs' answer."""
        with self._lock:
            answer = {
                "TransformJobName": self.transform_job_name,
                "TransformJobArn": self.arn,
                "CreationTime": self.creation_time,
                "TransformEndTime": self.transform_end_time,
                "LastModifiedTime": self.last_modified_time,
                "TransformJobStatus": self.transform_job_status,
                "FailureReason": self.failure_reason,
            }
        return {name: value for name, value in answer.items() if value is not None}
