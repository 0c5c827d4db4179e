"""Every Resource is called or refused before an execution starts."""

from __future__ import annotations

import pytest

from localcloud.services import registered
from localcloud.stepfunctions.integrations.support import Support
from localcloud.stepfunctions.language.resources import resource

SUPPORT = Support(registered().tables)


def refusal(arn: str) -> str | None:
    named = resource(arn)
    assert named is not None
    return SUPPORT.refusal(named)


@pytest.mark.parametrize(
    "what",
    [
        "lambda:invoke.waitForTaskToken",
        "states:startExecution.sync:2",
        "sagemaker:createTrainingJob.sync",
        "sagemaker:updateEndpoint",
        "events:putEvents",
        "aws-sdk:sfn:startSyncExecution",
        "aws-sdk:sagemakerruntime:invokeEndpoint",
        "aws-sdk:cloudwatchlogs:putLogEvents",
        "aws-sdk:sqs:sendMessage.waitForTaskToken",
    ],
)
def test_what_the_cloud_does_is_called(what):
    assert refusal(f"arn:aws:states:::{what}") is None


@pytest.mark.parametrize(
    "what",
    [
        "sqs:sendMessages",
        "sns:publish.sync",
        "sagemaker:createModel.sync",
        "s3:getObject",
        "sagemaker:createTrainingJob.sync:2",
        "aws-sdk:s3:getObjects",
        "aws-sdk:sqs:SendMessage",
        "aws-sdk:sagemaker:createTrainingJob.sync",
    ],
)
def test_what_aws_does_not_have_is_refused_in_its_words(what):
    arn = f"arn:aws:states:::{what}"
    assert refusal(arn) == (
        f"The resource provided {arn} is not recognized. The value is not a valid resource ARN, or the resource is "
        "not available in this region."
    )


@pytest.mark.parametrize("what", ["glue:startJobRun.sync", "aws-sdk:dynamodb:putItem", "sagemaker:createProcessingJob"])
def test_what_this_cloud_does_not_do_is_refused_by_name(what):
    service = what.rpartition(":")[0]
    assert str(refusal(f"arn:aws:states:::{what}")).startswith(f"the local cloud does not support {service}")


def test_a_reader_and_a_writer_are_s3s():
    reader, writer = resource("arn:aws:states:::s3:getObject"), resource("arn:aws:states:::s3:putObject")
    assert reader is not None
    assert writer is not None
    assert SUPPORT.reader_refusal(reader, {"InputType": "CSV"}) is None
    assert "does not read InputType PARQUET" in str(SUPPORT.reader_refusal(reader, {"InputType": "PARQUET"}))
    assert "is not recognized" in str(SUPPORT.reader_refusal(writer, {}))
    assert SUPPORT.writer_refusal(writer) is None
    assert "is not recognized" in str(SUPPORT.writer_refusal(reader))
