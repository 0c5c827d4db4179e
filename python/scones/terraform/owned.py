"""What an environment's tasks have made in SageMaker outside of Terraform: jobs, by name, tag or role, and their logs.

Example (not run: it needs an AWS account)::

    jobs = OwnedJobs(environment, aws.client(environment, "sagemaker"), role)
    jobs.stop()             # 2
    jobs.unfinished()       # ['tune-dev-260101-120000', 'my-own-name']

A job may have a name of one's own (``--name``), and a tuning job's trials are called after it. A job with the tag
Workload belongs to the environment that the tag names. Without the tag, its name or the training role says it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from scones.settings import TRAINING_LOGS, Environment

# The kinds of jobs, by their names in boto3's operations. Tuning jobs come first, because they start training jobs.
_KINDS = {
    "HyperParameterTuningJob": "hyper_parameter_tuning_job",
    "TrainingJob": "training_job",
    "TransformJob": "transform_job",
}
_TAG = "Workload"


@dataclass(frozen=True)
class OwnedJobs:
    """The jobs of an environment.

    Attributes:
        sagemaker: A boto3 SageMaker client.
        role: The ARN of the environment's training role. None if the foundation is not applied.
    """

    environment: Environment
    sagemaker: Any
    role: str | None

    def stop(self) -> int:
        """Ask all running jobs to stop, tuning jobs first. Returns their number."""
        stopped = 0
        for kind, operation in _KINDS.items():
            for name in self._of(kind, "InProgress"):
                try:
                    getattr(self.sagemaker, f"stop_{operation}")(**{f"{kind}Name": name})
                except ClientError as error:
                    if error.response["Error"]["Code"] != "ValidationException":
                        raise
                    continue  # the job has ended since it was listed
                stopped += 1
        return stopped

    def unfinished(self) -> list[str]:
        """The names of the jobs that run or stop."""
        return [name for kind in _KINDS for status in ("InProgress", "Stopping") for name in self._of(kind, status)]

    def _of(self, kind: str, status: str) -> Iterator[str]:
        pages = self.sagemaker.get_paginator(f"list_{_KINDS[kind]}s").paginate(StatusEquals=status)
        for job in [one for page in pages for one in page[f"{kind}Summaries"]]:
            name = job[f"{kind}Name"]
            if self._is_ours(kind, name, job[f"{kind}Arn"]):
                yield name

    def _is_ours(self, kind: str, name: str, arn: str) -> bool:
        """Whether a job is the environment's: by its tag, else by its name, else by its role."""
        pages = self.sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
        tags = {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
        if _TAG in tags:
            return tags[_TAG] == self.environment.workload
        if self.environment.owns(name):
            return True
        if self.role is None:
            return False
        job = getattr(self.sagemaker, f"describe_{_KINDS[kind]}")(**{f"{kind}Name": name})
        trials = [job.get("TrainingJobDefinition"), *job.get("TrainingJobDefinitions", ())]
        return self.role in [job.get("RoleArn"), *(trial["RoleArn"] for trial in trials if trial)]


def delete_logs(environment: Environment, logs: Any, sagemaker: Any) -> int:
    """Delete the logs of an environment's training jobs, and the log group if no other job has one there.

    Args:
        logs: A boto3 CloudWatch Logs client.
        sagemaker: A boto3 SageMaker client.

    Returns:
        The number of jobs.
    """
    jobs: set[str] = set()
    others = False
    try:
        streams = [
            stream["logStreamName"]
            for page in logs.get_paginator("describe_log_streams").paginate(logGroupName=TRAINING_LOGS)
            for stream in page["logStreams"]
        ]
    except logs.exceptions.ResourceNotFoundException:
        return 0
    wanted = {"Filters": [{"Name": f"Tags.{_TAG}", "Operator": "Equals", "Value": environment.workload}]}
    pages = sagemaker.get_paginator("search").paginate(Resource="TrainingJob", SearchExpression=wanted)
    tagged = {one["TrainingJob"]["TrainingJobName"] for page in pages for one in page["Results"]}
    for stream in streams:
        job = stream.partition("/")[0]
        if environment.owns(job) or job in tagged:
            logs.delete_log_stream(logGroupName=TRAINING_LOGS, logStreamName=stream)
            jobs.add(job)
        else:
            others = True
    if not others:
        logs.delete_log_group(logGroupName=TRAINING_LOGS)
    return len(jobs)
