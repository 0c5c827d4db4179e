"""The local cloud checks keys, sessions and web identities, and its refusals have AWS's words."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from localcloud.iam.principals import web_identity_token

from .conftest import eventually

ACCOUNT = "123456789012"
BUCKET = "tests-authorization"
READ_IMAGES = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/images/*"}
ISSUER = "token.actions.githubusercontent.com"


@pytest.fixture(scope="module")
def bucket(cloud: Any) -> str:
    cloud.client("s3").create_bucket(Bucket=BUCKET)
    for key in ("images/a.png", "other/a.png"):
        cloud.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"1")
    return BUCKET


@pytest.fixture
def client(cloud: Any) -> Callable[..., Any]:
    """Makes clients with keys other than the root user's: ``client("s3", Credentials)``."""

    def make(service: str, keys: dict[str, Any] | None, **options: Any) -> Any:
        config = Config(retries={"total_max_attempts": 1}, **({} if keys else {"signature_version": UNSIGNED}))
        keys = keys or {}
        return boto3.client(
            service,
            endpoint_url=cloud.endpoint,
            region_name="us-east-1",
            aws_access_key_id=keys.get("AccessKeyId"),
            aws_secret_access_key=keys.get("SecretAccessKey"),
            aws_session_token=keys.get("SessionToken"),
            config=config,
        )

    return make


@pytest.fixture
def user(cloud: Any) -> Callable[..., dict[str, Any]]:
    """Makes a user with these statements, and returns its keys."""

    def make(*statements: dict[str, Any]) -> dict[str, Any]:
        iam, name = cloud.client("iam"), f"tests-{uuid.uuid4().hex[:8]}"
        iam.create_user(UserName=name)
        if statements:
            document = json.dumps({"Version": "2012-10-17", "Statement": statements})
            iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document)
        return iam.create_access_key(UserName=name)["AccessKey"]

    return make


@pytest.fixture
def session(cloud: Any) -> Callable[..., dict[str, Any]]:
    """Assumes a role with these statements, and returns the session's keys."""

    def make(*statements: dict[str, Any], **options: Any) -> dict[str, Any]:
        arn = cloud.role(f"tests-{uuid.uuid4().hex[:8]}", *statements)
        return cloud.client("sts").assume_role(RoleArn=arn, RoleSessionName="me", **options)["Credentials"]

    return make


def refused(call: Callable[[], Any]) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as raised:
        call()
    answer = raised.value.response
    return answer["Error"]["Code"], answer["Error"].get("Message", ""), answer["ResponseMetadata"]["HTTPStatusCode"]


def test_a_session_may_do_what_its_role_may_and_nothing_else(bucket, client, session):
    keys = session(READ_IMAGES)
    s3 = client("s3", keys)
    assert s3.get_object(Bucket=bucket, Key="images/a.png")["Body"].read() == b"1"
    arn = client("sts", keys).get_caller_identity()["Arn"]
    resource = f"arn:aws:s3:::{bucket}/other/a.png"
    assert refused(lambda: s3.get_object(Bucket=bucket, Key="other/a.png")) == (
        "AccessDenied",
        f"User: {arn} is not authorized to perform: s3:GetObject on resource: {resource} "
        "because no identity-based policy allows the s3:GetObject action",
        403,
    )
    assert refused(lambda: s3.head_object(Bucket=bucket, Key="other/a.png"))[2] == 403
    assert refused(lambda: s3.put_object(Bucket=bucket, Key="images/b.png"))[0] == "AccessDenied"


def test_a_users_keys_are_judged_too(bucket, client, user):
    assert client("s3", user(READ_IMAGES)).get_object(Bucket=bucket, Key="images/a.png")
    denied = {**READ_IMAGES, "Effect": "Deny"}
    found = refused(lambda: client("s3", user(READ_IMAGES, denied)).get_object(Bucket=bucket, Key="images/a.png"))
    assert found[1].endswith("with an explicit deny in an identity-based policy")


@pytest.mark.parametrize(
    ("service", "call", "code", "status", "action"),
    [
        ("sagemaker", lambda to: to.list_models(), "AccessDeniedException", 400, "sagemaker:ListModels"),
        ("lambda", lambda to: to.list_functions(), "AccessDeniedException", 403, "lambda:ListFunctions"),
        ("iam", lambda to: to.list_roles(), "AccessDenied", 403, "iam:ListRoles"),
        ("ec2", lambda to: to.describe_vpcs(), "UnauthorizedOperation", 403, "ec2:DescribeVpcs"),
        ("sns", lambda to: to.list_topics(), "AuthorizationError", 403, "sns:ListTopics"),
        ("logs", lambda to: to.describe_log_groups(), "AccessDeniedException", 400, "logs:DescribeLogGroups"),
    ],
)
def test_each_service_refuses_in_its_own_form(client, user, service, call, code, status, action):
    keys = user()
    found = refused(lambda: call(client(service, keys)))
    assert (found[0], found[2]) == (code, status)
    assert f"is not authorized to perform: {action}" in found[1]


@pytest.mark.parametrize(
    ("service", "code", "status"),
    [
        ("s3", "InvalidAccessKeyId", 403),
        ("sqs", "UnrecognizedClientException", 400),
        ("iam", "InvalidClientTokenId", 403),
    ],
)
def test_a_key_that_nobody_has_is_refused(client, service, code, status):
    nobody = client(service, {"AccessKeyId": "AKIA" + "A" * 16, "SecretAccessKey": "x"})
    calls = {"s3": "list_buckets", "sqs": "list_queues", "iam": "list_roles"}
    found = refused(getattr(nobody, calls[service]))
    assert (found[0], found[2]) == (code, status)


def test_a_session_is_refused_without_its_own_token_and_when_it_has_expired(bucket, client, session):
    keys = session(READ_IMAGES, DurationSeconds=900)
    stolen = {**keys, "SessionToken": "another"}
    assert refused(lambda: client("s3", stolen).get_object(Bucket=bucket, Key="images/a.png"))[0] == "InvalidToken"
    without = {name: keys[name] for name in ("AccessKeyId", "SecretAccessKey")}
    assert refused(lambda: client("s3", without).get_object(Bucket=bucket, Key="images/a.png"))[0] == "InvalidToken"


def test_a_key_that_was_deleted_is_nobodys(cloud, client, user):
    keys = user({"Effect": "Allow", "Action": "*", "Resource": "*"})
    assert client("iam", keys).list_roles()["Roles"]
    cloud.client("iam").update_access_key(UserName=keys["UserName"], AccessKeyId=keys["AccessKeyId"], Status="Inactive")
    assert refused(client("iam", keys).list_roles)[0] == "InvalidClientTokenId"


def test_nobody_known_is_refused_but_where_a_bucket_lets_everybody_in(cloud, client):
    cloud.client("s3").create_bucket(Bucket="tests-open")
    cloud.client("s3").put_object(Bucket="tests-open", Key="a", Body=b"1")
    nobody = client("s3", None)
    assert refused(lambda: nobody.get_object(Bucket="tests-open", Key="a"))[0] == "AccessDenied"
    assert refused(client("sqs", None).list_queues)[0] == "MissingAuthenticationToken"
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::tests-open/*"}
    cloud.client("s3").put_bucket_policy(
        Bucket="tests-open", Policy=json.dumps({"Version": "2012-10-17", "Statement": [everybody]})
    )
    assert nobody.get_object(Bucket="tests-open", Key="a")["Body"].read() == b"1"


def test_an_address_that_a_session_signed_is_judged_as_the_session(bucket, client, session):
    from urllib.error import HTTPError
    from urllib.request import urlopen

    s3 = client("s3", session(READ_IMAGES))

    def fetch(key: str) -> bytes:
        return urlopen(s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key}), timeout=5).read()

    assert fetch("images/a.png") == b"1"
    with pytest.raises(HTTPError, match="403"):
        fetch("other/a.png")


def test_an_action_of_a_service_that_is_not_there_is_refused_by_name(client, user):
    everything = user({"Effect": "Allow", "Action": "*", "Resource": "*"})
    found = refused(lambda: client("dynamodb", everything).list_tables())
    assert found == ("NotImplemented", "the local cloud does not support dynamodb:ListTables", 400)


def test_a_role_is_taken_on_by_whom_it_trusts_only(cloud, client, user):
    iam, name = cloud.client("iam"), f"tests-{uuid.uuid4().hex[:8]}"
    keys = user({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"})
    trusted = {"AWS": f"arn:aws:iam::{ACCOUNT}:user/{keys['UserName']}"}
    trust = {"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}
    arn = iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )["Role"]["Arn"]
    assert client("sts", keys).assume_role(RoleArn=arn, RoleSessionName="me")["Credentials"]
    other = user({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"})
    assert refused(lambda: client("sts", other).assume_role(RoleArn=arn, RoleSessionName="me"))[0] == "AccessDenied"


@pytest.fixture(scope="module")
def pipeline(cloud: Any) -> str:
    """A role that GitHub's main branch of one repository may assume."""
    iam = cloud.client("iam")
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}"
    iam.create_open_id_connect_provider(Url=f"https://{ISSUER}", ClientIDList=["sts.amazonaws.com"])
    trust = {
        "Effect": "Allow",
        "Principal": {"Federated": provider},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {
                f"{ISSUER}:aud": "sts.amazonaws.com",
                f"{ISSUER}:sub": "repo:me/it:environment:dev",
                f"{ISSUER}:ref": "refs/heads/main",
            }
        },
    }
    yield iam.create_role(
        RoleName="tests-pipeline", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )["Role"]["Arn"]
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=provider)


CLAIMS = {"iss": f"https://{ISSUER}", "aud": "sts.amazonaws.com", "sub": "repo:me/it:environment:dev"}
CLAIMS |= {"ref": "refs/heads/main"}


def test_a_workflow_takes_on_its_role_by_its_token(cloud, client, pipeline):
    found = client("sts", None).assume_role_with_web_identity(
        RoleArn=pipeline,
        RoleSessionName="run-1",
        WebIdentityToken=web_identity_token(CLAIMS, cloud.running.secret_access_key),
    )
    assert (
        client("sts", found["Credentials"]).get_caller_identity()["Arn"].endswith(":assumed-role/tests-pipeline/run-1")
    )


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"sub": "repo:me/it:pull_request"}, "AccessDenied"),
        ({"sub": "repo:other/it:environment:dev"}, "AccessDenied"),
        ({"ref": "refs/heads/mine"}, "AccessDenied"),
        ({"aud": "somebody"}, "InvalidIdentityToken"),
        ({"iss": "https://elsewhere.example.com"}, "InvalidIdentityToken"),
        ({"exp": time.time() - 60}, "ExpiredToken"),
    ],
)
def test_another_token_is_refused(cloud, client, pipeline, changed, code):
    token = web_identity_token(CLAIMS | changed, cloud.running.secret_access_key)
    asked = {"RoleArn": pipeline, "RoleSessionName": "run-1", "WebIdentityToken": token}
    assert refused(lambda: client("sts", None).assume_role_with_web_identity(**asked))[0] == code


def test_a_function_has_its_roles_permissions(cloud, bucket, function):
    role = cloud.role("tests-reader", READ_IMAGES, {"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*"})
    code = (
        "import boto3\n"
        "def handler(event, context):\n"
        f"    return boto3.client('s3').get_object(Bucket={bucket!r}, Key=event)['Body'].read().decode()\n"
    )
    arn = function(code, Role=role)

    def ask(key: str) -> Any:
        return json.load(cloud.client("lambda").invoke(FunctionName=arn, Payload=json.dumps(key))["Payload"])

    assert ask("images/a.png") == "1"
    assert "assumed-role/tests-reader/" in ask("other/a.png")["errorMessage"]
    # The function may make neither a log group nor a stream, so there is no log.
    name = arn.rpartition(":")[2]
    groups = cloud.client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"]
    assert groups == []


def test_a_state_machine_calls_only_what_its_role_may_call(cloud, function, execute):
    allowed = function("def handler(event, context):\n    return 1\n")
    other = function("def handler(event, context):\n    return 2\n")
    role = cloud.role("tests-caller", {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": allowed})

    def run(arn: str) -> dict[str, Any]:
        task = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": arn}}
        return execute({"StartAt": "A", "States": {"A": {**task, "End": True}}}, roleArn=role)

    assert run(allowed)["status"] == "SUCCEEDED"
    found = run(other)
    assert found["error"] == "Lambda.AWSLambdaException"
    assert f"is not authorized to perform: lambda:InvokeFunction on resource: {other}" in found["cause"]


UNTRUSTED = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}


@pytest.fixture(scope="module")
def untrusting(cloud: Any) -> str:
    """A role that none of the tested services may assume."""
    document = json.dumps({"Version": "2012-10-17", "Statement": [UNTRUSTED]})
    return cloud.client("iam").create_role(RoleName="tests-untrusting", AssumeRolePolicyDocument=document)["Role"][
        "Arn"
    ]


def test_no_service_is_handed_a_role_that_does_not_trust_it(cloud, function, state_machine, untrusting):
    code, words, _ = refused(lambda: function("def handler(event, context): pass", Role=untrusting))
    assert (code, words) == (
        "InvalidParameterValueException",
        "The role defined for the function cannot be assumed by Lambda.",
    )
    code, words, _ = refused(
        lambda: state_machine({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}, roleArn=untrusting)
    )
    assert code == "AccessDeniedException"
    assert words.startswith("Neither the global service principal states.amazonaws.com, nor the regional one")
    container = {"Image": "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"}
    code, words, _ = refused(
        lambda: cloud.client("sagemaker").create_model(
            ModelName="untrusted", ExecutionRoleArn=untrusting, PrimaryContainer=container
        )
    )
    assert (code, f"Could not assume role {untrusting}" in words) == ("ValidationException", True)


def test_a_role_must_allow_what_tracing_and_log_delivery_need(cloud, function, state_machine):
    role = cloud.role("tests-bare", {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"})
    _, words, _ = refused(
        lambda: function("def handler(event, context): pass", Role=role, TracingConfig={"Mode": "Active"})
    )
    assert words == "The provided execution role does not have permissions to call PutTraceSegments on XRAY"
    destination = {"logGroupArn": f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/tests/bare:*"}
    logging = {"level": "ALL", "destinations": [{"cloudWatchLogsLogGroup": destination}]}
    _, words, _ = refused(
        lambda: state_machine(
            {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}, roleArn=role, loggingConfiguration=logging
        )
    )
    assert words == "The state machine IAM Role is not authorized to access the Log Destination"


def test_a_role_is_handed_over_by_whom_may_pass_it_only(cloud, client, user, function):
    role = cloud.role("tests-passed")
    create = {"Effect": "Allow", "Action": "states:*", "Resource": "*"}
    passing = {
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": role,
        "Condition": {"StringEquals": {"iam:PassedToService": "states.amazonaws.com"}},
    }
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})

    def make(name: str, *statements: dict[str, Any]) -> Any:
        states = client("stepfunctions", user(*statements))
        return states.create_state_machine(name=name, definition=definition, roleArn=role)

    code, words, _ = refused(lambda: make("tests-not-passed", create))
    assert (code, f"is not authorized to perform: iam:PassRole on resource: {role}" in words) == (
        "AccessDeniedException",
        True,
    )
    made = make("tests-passed", create, passing)
    eventually(lambda: cloud.client("stepfunctions").delete_state_machine(stateMachineArn=made["stateMachineArn"]))


def test_a_functions_environment_under_a_key_is_shown_to_those_only_who_may_decrypt_it(cloud, client, user, function):
    key = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    environment = {"Variables": {"SECRET": "it"}}
    arn = function("def handler(event, context): pass", KMSKeyArn=key, Environment=environment)
    read = {"Effect": "Allow", "Action": "lambda:GetFunction", "Resource": arn}
    decrypt = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": key}

    def shown(*statements: dict[str, Any]) -> dict[str, Any]:
        found = client("lambda", user(*statements)).get_function(FunctionName=arn)["Configuration"]
        return found["Environment"]

    assert shown(read, decrypt)["Variables"] == {"SECRET": "it"}
    assert shown(read)["Error"]["ErrorCode"] == "AccessDeniedException"
    assert "Variables" not in shown(read)


def test_an_alias_is_deleted_by_whom_may_do_so_to_its_key(cloud, client, user):
    def made(team: str) -> str:
        name = f"alias/tests-of-{team}"
        key = cloud.client("kms").create_key(Tags=[{"TagKey": "Team", "TagValue": team}])["KeyMetadata"]["KeyId"]
        cloud.client("kms").create_alias(AliasName=name, TargetKeyId=key)
        return name

    condition = {"StringEquals": {"aws:ResourceTag/Team": "ours"}}
    on_keys = {
        "Effect": "Allow",
        "Action": "kms:DeleteAlias",
        "Resource": "arn:aws:kms:*:*:key/*",
        "Condition": condition,
    }
    on_names = {"Effect": "Allow", "Action": "kms:DeleteAlias", "Resource": "arn:aws:kms:*:*:alias/tests-of-*"}
    kms = client("kms", user(on_names, on_keys))
    kms.delete_alias(AliasName=made("ours"))
    assert refused(lambda: kms.delete_alias(AliasName=made("theirs")))[0] == "AccessDeniedException"


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::123456789012:role/there-is-none",
        "arn:aws:iam::999999999999:role/x",
        "arn:aws:iam::123456789012:user/someone",
        "arn:aws:sqs:us-east-1:123456789012:queue",
    ],
)
def test_a_role_that_does_not_exist_is_assumed_by_nobody(cloud: Any, arn: str) -> None:
    """The root user's requests are not judged. AWS tells nobody whether there is such a role."""
    with pytest.raises(ClientError, match=f"is not authorized to perform: sts:AssumeRole on resource: {arn}"):
        cloud.client("sts").assume_role(RoleArn=arn, RoleSessionName="me")
