"""Lambda's Invoke: it checks the request, runs the function in a worker, writes its log and metrics, and answers."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError

from localcloud import incoming
from localcloud import log as cloudlog
from localcloud.context import Context
from localcloud.iam.acting import Acting
from localcloud.iam.principals import PRINCIPAL
from localcloud.iam.roles import CannotAssume
from localcloud.identifiers import hexadecimal, new_uuid
from localcloud.lambda_ import log, names, packages, reports, tracing
from localcloud.lambda_.accepted import Accepted
from localcloud.lambda_.environment import ExecutionEnvironment, FunctionAnswer, Settings
from localcloud.lambda_.gaps.configuration import logging_config
from localcloud.lambda_.pool import Busy, Pool
from localcloud.lambda_.sandbox import Sandboxes, Wanted

if TYPE_CHECKING:
    from moto.awslambda.models import LambdaBackend, LambdaFunction

MAXIMUM_REQUEST = 6_291_456
MAXIMUM_EVENT = 1_048_576  # for an asynchronous invocation
TAIL = 4096  # bytes of the log that LogType Tail returns
# Invoke's parameters that are headers of the request (Lambda API Reference, Invoke).
HEADERS = {
    "InvocationType": "x-amz-invocation-type",
    "LogType": "x-amz-log-type",
    "ClientContext": "x-amz-client-context",
}

WSGI_HEADERS = {name: f"HTTP_{name.upper().replace('-', '_')}" for name in ("x-amzn-trace-id", *HEADERS.values())}
DEFAULT_REGION = "us-east-1"


class _RequestTooLarge(LambdaClientError):
    code = 413


class _TooManyRequests(LambdaClientError):
    code = 429


class _NotFound(LambdaClientError):
    code = 404


class _Forbidden(LambdaClientError):
    code = 403


class Service:
    """Lambda of one local cloud."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._folder = context.state / "functions"
        self._writing = threading.Lock()
        sandboxes = Sandboxes(self._folder / "sandbox")
        sandboxes.clear()
        self._pool = Pool(lambda settings: ExecutionEnvironment(settings, context.children, sandboxes))
        self._accepted = Accepted(context.database)
        self._code = packages.Unpacked(self._folder)
        self._known: dict[str, Settings] = {}

    def answer(self, environ: Mapping[str, Any], parameters: Mapping[str, Any]) -> tuple[int, dict[str, str], bytes]:
        """Answer an Invoke request that came over HTTP: status, headers, body.

        Raises:
            LambdaClientError: Invoke's errors.
        """
        from moto.awslambda.models import lambda_backends

        who, (region, _) = environ[PRINCIPAL], incoming.scope(environ) or (DEFAULT_REGION, "lambda")
        given = str(parameters["FunctionName"])
        found = names.read(given)
        qualifier = parameters.get("Qualifier")
        if found is not None:
            names.check_place(names.NameSender(region, who.account, who.arn), found, "Invoke")
            qualifier = names.qualifier_of(found, qualifier)
            given = f"{found.name}:{qualifier}" if qualifier else found.name
        headers = {name: environ[key] for name, key in WSGI_HEADERS.items() if key in environ}
        body = environ["wsgi.input"].read()
        return self._invoke(lambda_backends[who.account][region], given, qualifier, headers, body)

    def call(
        self,
        role_arn: str,
        parameters: Mapping[str, Any],
        *,
        account: str,
        region: str,
        trace_header: str | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        """Answer an Invoke of another service in this process, which acts in a role's name.

        Args:
            role_arn: The role. Its permission is checked.
            parameters: Invoke's parameters by the API's names. Payload is JSON text.
            account: The account of the caller.
            region: The region of the call.
            trace_header: The caller's X-Amzn-Trace-Id.

        Returns:
            Status, headers with names in lower case, and the payload.

        Raises:
            AccessDenied: The role may not invoke the function.
            CannotAssume: The service may not assume the role.
            LambdaClientError: Invoke's errors.
        """
        from moto.awslambda.models import lambda_backends

        name = str(parameters["FunctionName"])
        which = {name: str(parameters[name]) for name in ("FunctionName", "Qualifier") if parameters.get(name)}
        self._context.roles.require_call(
            role_arn, "lambda", "Invoke", which, region=region, session="execution", often=True
        )
        parts = name.split(":")
        if parts[0] == "arn" and parts[3:5] != [region, account]:
            raise _NotFound("ResourceNotFoundException", f"Function not found: {name}")
        headers = {header: str(parameters[field]) for field, header in HEADERS.items() if parameters.get(field)}
        if trace_header:
            headers["x-amzn-trace-id"] = trace_header
        backend = lambda_backends[account][region]
        return self._invoke(backend, name, parameters.get("Qualifier"), headers, parameters.get("Payload"))

    def _invoke(
        self, backend: LambdaBackend, name: str, qualifier: str | None, headers: Mapping[str, str], body: Any
    ) -> tuple[int, dict[str, str], bytes]:
        function = backend.get_function(name, qualifier)
        kind = headers.get("x-amz-invocation-type", "RequestResponse")
        event = _event(body, kind)
        _refuse_what_cannot_run(function)
        answered = {"x-amz-executed-version": str(function.version), "content-type": "application/json"}
        if kind == "DryRun":
            return 204, {}, b""
        arn = _invoked_arn(function, qualifier)
        if kind == "Event":
            self._run_later(function, event, arn)
            return 202, {}, b""
        context = headers.get("x-amz-client-context")
        done, text = self.run(function, event, arn=arn, trace_id=headers.get("x-amzn-trace-id"), client_context=context)
        if done.error:
            answered["x-amz-function-error"] = "Unhandled"
        if headers.get("x-amz-log-type") == "Tail":
            answered["x-amz-log-result"] = base64.b64encode(text.encode()[-TAIL:]).decode()
        return 200, answered, done.payload

    def invoke_internally(
        self, function: LambdaFunction, body: Any, headers: Any, response_headers: dict[str, Any]
    ) -> bytes:
        """Invoke a function for one of moto's other services: S3 notifications, EventBridge, queues."""
        event = _event(body, "RequestResponse")
        if {name.lower(): value for name, value in (headers or {}).items()}.get("x-amz-invocation-type") == "Event":
            self._run_later(function, event, function.function_arn)
            return b""
        done, _ = self.run(function, event, arn=function.function_arn)
        if done.error:
            response_headers["x-amz-function-error"] = "Unhandled"
        return done.payload

    def run(
        self,
        function: LambdaFunction,
        event: Any,
        *,
        arn: str,
        trace_id: str | None = None,
        client_context: str | None = None,
    ) -> tuple[FunctionAnswer, str]:
        """Run a function once and write its log, metrics and trace.

        Args:
            event: Any JSON value.
            arn: The ARN of the request, with its qualifier.
            trace_id: The caller's trace header. None starts an unsampled trace.
            client_context: Base64 of a JSON object.

        Returns:
            The answer and the text of its log.

        Raises:
            LambdaClientError: The function is throttled, or Lambda cannot assume its role.
        """
        request_id = new_uuid()
        reserved = function.reserved_concurrency
        whose = {"name": function.function_name, "account": function.account_id, "region": function.region}
        try:
            with self._pool.worker(
                self._settings(function), reserved=int(reserved) if reserved is not None else None
            ) as environment:
                done = environment.call(
                    event,
                    request_id=request_id,
                    arn=arn,
                    timeout=float(function.timeout),
                    trace_id=trace_id or f"Root=1-{hexadecimal(8)}-{hexadecimal(24)};Sampled=0",
                    client_context=client_context,
                )
                stream = environment.log_stream
        except Busy as busy:
            reports.function_throttled(self._context.metrics, **whose)
            raise _TooManyRequests("TooManyRequestsException", f"Rate Exceeded. ({busy.reason})") from None
        reports.function_ran(self._context.metrics, seconds=done.seconds, failed=bool(done.error), **whose)
        entries = log.entries(function, request_id, done)
        role = Acting(
            self._context.roles, function.role, function.account_id, function.region, session=function.function_name
        )
        tracing.function_ran(role, function, trace_id, seconds=done.seconds, failed=bool(done.error))
        with self._writing:  # two concurrent first calls would both create the log group
            log.write(function, stream, entries, role=role)
        return done, "".join(entries)

    def forget(self, arn: str) -> None:
        """End the workers of a deleted function."""
        self._pool.drop(arn)
        for known in [known for known in list(self._known) if known == arn or known.startswith(f"{arn}:")]:
            self._known.pop(known, None)

    def _run_later(self, function: LambdaFunction, event: Any, arn: str) -> None:
        self._begin(self._accepted.add(arn, event), function, event, arn)

    def _begin(self, number: int, function: LambdaFunction, event: Any, arn: str) -> None:
        def run() -> None:
            try:
                self.run(function, event, arn=arn)
            except Exception as error:  # noqa: BLE001 - the caller has its answer already: the log is the only place
                cloudlog.failure(error)
            self._accepted.done(number)

        threading.Thread(target=run, daemon=True).start()

    def resume(self) -> None:
        """Run the events that were accepted and had not run when the cloud ended."""
        from moto.awslambda.models import lambda_backends

        for number, arn, event in self._accepted.waiting():
            _, _, _, region, account, _, name, *qualifier = arn.split(":")
            try:
                function = lambda_backends[account][region].get_function(name, qualifier[0] if qualifier else None)
            except LambdaClientError:  # it was deleted
                self._accepted.done(number)
            else:
                self._begin(number, function, event, arn)

    def _settings(self, function: LambdaFunction) -> Settings:
        from moto.awslambda.models import lambda_backends

        backend = lambda_backends[function.account_id][function.region]
        layers = self._code.layers(
            [backend.layers_versions_by_arn(layer["Arn"]).code_bytes for layer in function.layers]
        )
        code = self._code.function(function.code_bytes)
        made = Settings(
            arn=function.function_arn,
            version=str(function.version),
            handler=function.handler,
            code_path=(code, *(f"{layers}/{folder}" for folder in packages.importable(function.run_time) if layers)),
            runtime_path=(self._code.runtime,),
            variables=self._variables(function, code),
            wanted=Wanted(function.run_time, int(function.memory_size), int(function.ephemeral_storage), layers),
        )
        # The pool finds out by identity that nothing has changed.
        known = self._known.get(made.arn)
        if known != made:
            known = self._known[made.arn] = made
        return known

    def _variables(self, function: LambdaFunction, code: str) -> dict[str, str]:
        """The whole environment of a worker (AWS Lambda Developer Guide, Defined runtime environment variables)."""
        try:
            keys = self._context.roles.mint(function.role, "lambda.amazonaws.com", function.function_name)
        except CannotAssume:
            message = "The role defined for the function cannot be assumed by Lambda."
            raise _Forbidden("AccessDeniedException", message) from None
        logging = logging_config(function)
        given = {name: str(value) for name, value in function.environment_vars.items()}
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin:/opt/bin",
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            **given,
            "_HANDLER": function.handler,
            "AWS_REGION": function.region,
            "AWS_DEFAULT_REGION": function.region,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
            "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
            "AWS_LAMBDA_FUNCTION_VERSION": str(function.version),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_FORMAT": logging["LogFormat"],
            "AWS_LAMBDA_LOG_LEVEL": logging.get("ApplicationLogLevel", ""),
            "AWS_LAMBDA_LOG_GROUP_NAME": function.logs_group_name,
            "LAMBDA_TASK_ROOT": code,
            "AWS_ACCESS_KEY_ID": keys.access_key_id,
            "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
            "AWS_SESSION_TOKEN": keys.session_token,
            # The function reaches this cloud and ignores the user's own AWS configuration.
            "AWS_ENDPOINT_URL": self._context.endpoint,
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
        }


def _event(body: str | bytes | None, kind: str) -> Any:
    size, limit = len(body.encode() if isinstance(body, str) else body or b""), MAXIMUM_REQUEST
    if kind == "Event":
        limit = MAXIMUM_EVENT
    if size > limit:
        message = f"Request must be smaller than {limit} bytes for the InvokeFunction operation"
        raise _RequestTooLarge("RequestEntityTooLargeException", message)
    try:
        return json.loads(body or "{}")
    except ValueError as error:
        message = f"Could not parse request body into json: {error}"
        raise LambdaClientError("InvalidRequestContentException", message) from None


def _refuse_what_cannot_run(function: LambdaFunction) -> None:
    if function.package_type != "Zip" or not (function.run_time or "").startswith("python"):
        what = function.run_time or f"package type {function.package_type}"
        raise InvalidParameterValueException(
            f"the local cloud runs zip packages of Python functions only: {function.function_name} is {what}"
        )


def _invoked_arn(function: LambdaFunction, qualifier: str | None) -> str:
    """The ARN of the request, with its qualifier if it has one."""
    plain = f"arn:aws:lambda:{function.region}:{function.account_id}:function:{function.function_name}"
    return f"{plain}:{qualifier}" if qualifier else plain
