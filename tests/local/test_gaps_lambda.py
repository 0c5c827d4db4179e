"""Lambda's configuration works as AWS documents, also where moto lacks it."""

from __future__ import annotations

CODE = "def handler(event, context): pass"


# lambda_/gaps/configuration.py


def test_the_logging_configuration_has_awss_defaults(cloud, function):
    client, arn = cloud.client("lambda"), function(CODE)
    name = arn.rpartition(":")[2]
    found = client.get_function_configuration(FunctionName=arn)
    assert found["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"}
    client.update_function_configuration(FunctionName=arn, LoggingConfig={"LogFormat": "JSON"})
    found = client.get_function_configuration(FunctionName=arn)
    assert found["LoggingConfig"] == {
        "LogFormat": "JSON",
        "LogGroup": f"/aws/lambda/{name}",
        "ApplicationLogLevel": "INFO",
        "SystemLogLevel": "INFO",
    }


def test_every_part_of_the_configuration_is_kept_and_updated(cloud, function):
    """Terraform sends these settings and reads them back. If one is missing, every plan shows a change."""
    first = {
        "DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:123456789012:first"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/tests/first"},
        "TracingConfig": {"Mode": "Active"},
        "EphemeralStorage": {"Size": 1024},
        "KMSKeyArn": "arn:aws:kms:us-east-1:123456789012:key/first",
    }
    second = {
        "DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:123456789012:second"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/tests/second"},
        "TracingConfig": {"Mode": "PassThrough"},
        "EphemeralStorage": {"Size": 512},
        "KMSKeyArn": "arn:aws:kms:us-east-1:123456789012:key/second",
    }
    client, arn = cloud.client("lambda"), function(CODE, **first)
    found = client.get_function_configuration(FunctionName=arn)
    assert {name: found[name] for name in first} == first
    client.update_function_configuration(FunctionName=arn, **second)
    found = client.get_function_configuration(FunctionName=arn)
    assert {name: found[name] for name in second} == second


def test_a_second_event_invoke_configuration_replaces_the_first(cloud, function):
    client, arn = cloud.client("lambda"), function(CODE)
    for attempts in (2, 0):
        client.put_function_event_invoke_config(FunctionName=arn, MaximumRetryAttempts=attempts)
    assert client.get_function_event_invoke_config(FunctionName=arn)["MaximumRetryAttempts"] == 0
