"""Lambda's Invoke: it checks the request, runs the function in a worker, writes its log and metrics, and answers."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from moto.awslambda.exceptions import LambdaClientError
from moto.core.utils import get_service_model

from localcloud import chain, incoming
from localcloud.arns import PARTITION
from localcloud.constraints import refused_as, violations
from localcloud.context import Context
from localcloud.iam.acting import Acting
from localcloud.iam.principals import PRINCIPAL, Keys, session_of
from localcloud.iam.roles import CannotAssume
from localcloud.identifiers import hexadecimal, new_uuid
from localcloud.lambda_ import lineage, log, names, packages, reports, routing, tracing
from localcloud.lambda_.environment import ExecutionEnvironment, FunctionAnswer, Settings
from localcloud.lambda_.gaps.configuration import logging_config
from localcloud.lambda_.gaps.layers import versions
from localcloud.lambda_.later.accepted import AcceptedEvent, LastAnswer
from localcloud.lambda_.later.processing import LaterInvocations, reserved_concurrency
from localcloud.lambda_.pool import Busy, Pool
from localcloud.lambda_.sandbox import Sandboxes, SandboxWanted

if TYPE_CHECKING:
    from moto.awslambda.models import LambdaBackend, LambdaFunction

MAXIMUM_REQUEST = 6_291_456
MAXIMUM_EVENT = 1_048_576  # for an asynchronous invocation
LONGEST_CLIENT_CONTEXT = 3583  # bytes of base64 (API Reference, Invoke)
#: The id of the request, which the function's context and its dead letter have too.
REQUEST_ID = "x-amzn-requestid"
RECURSION = (
    "Lambda has detected your function being invoked in a recursive loop with other AWS resources and stopped your "
    "function's invocation."
)
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


class _Malformed(LambdaClientError):
    code = 400


class _Forbidden(LambdaClientError):
    code = 403


class _Known(NamedTuple):
    """The settings of a function, and of what they were made."""

    number: int
    function: LambdaFunction
    keys: Keys
    settings: Settings


class Service:
    """Lambda of one local cloud."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._folder = context.place("functions")
        self._writing = threading.Lock()
        sandboxes = Sandboxes(self._folder / "sandbox")
        sandboxes.clear()
        self._pool = Pool(lambda settings: ExecutionEnvironment(settings, context.children, sandboxes))
        self._later = LaterInvocations(context, self._run_accepted)
        self.resume = self._later.resume
        self._code = packages.Unpacked(self._folder)
        self._known: dict[str, _Known] = {}

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
            given, qualifier = found.name, names.qualifier_of(found, qualifier)
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
            trace_header: The caller's X-Amzn-Trace-Id. AWS finds no loop through such a service, so the runs before
                are not counted.

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
        if refused := _refused(*which.items()):
            raise _Malformed(*refused)
        qualifier = which.get("Qualifier")
        if found := names.read(name):
            names.check_place(names.NameSender(region, account, session_of(role_arn, "execution").arn), found, "Invoke")
            name, qualifier = found.name, names.qualifier_of(found, qualifier)
        headers = {header: str(parameters[field]) for field, header in HEADERS.items() if parameters.get(field)}
        if new_chain := chain.without(trace_header, chain.LINEAGE):
            headers["x-amzn-trace-id"] = new_chain
        backend = lambda_backends[account][region]
        return self._invoke(backend, name, qualifier, headers, parameters.get("Payload"))

    def accept(self, arn: str, payload: str, *, trace_header: str | None = None) -> None:
        """Accept an event for another service in this process. The service has checked that it may send it.

        Args:
            arn: The ARN of a function, a version or an alias.
            payload: JSON text.
            trace_header: The caller's X-Amzn-Trace-Id.

        Raises:
            LambdaClientError: Invoke's errors.
        """
        from moto.awslambda.models import lambda_backends

        found = names.read(arn)
        if found is None or found.account is None or found.region is None or found.partition != PARTITION:
            raise _NotFound("ResourceNotFoundException", f"Function not found: {arn}")
        headers = {HEADERS["InvocationType"]: "Event"}
        if trace_header:
            headers["x-amzn-trace-id"] = trace_header
        self._invoke(lambda_backends[found.account][found.region], found.name, found.qualifier, headers, payload)

    def _invoke(
        self, backend: LambdaBackend, name: str, qualifier: str | None, headers: Mapping[str, str], body: Any
    ) -> tuple[int, dict[str, str], bytes]:
        function = routing.chosen(backend, name, qualifier)
        kind = headers.get("x-amz-invocation-type", "RequestResponse")
        event, context = _event(body, kind), _client_context(headers.get("x-amz-client-context"))
        answered = {"x-amz-executed-version": str(function.version), "content-type": "application/json"}
        if kind == "DryRun":
            return 204, {}, b""
        found = names.read_inner(name)
        arn = _invoked_arn(function, qualifier or (found.qualifier if found else None))
        trace_id = headers.get("x-amzn-trace-id")
        if kind == "Event":
            accepted = self._later.accept(arn, _text(body), trace=trace_id)
            return 202, {REQUEST_ID: accepted.request_id}, b""
        trace_id, before = lineage.stepped(trace_id, arn)
        if (
            before >= lineage.MOST_RUNS
            and lineage.recursive_loop(routing.latest(backend, function.function_name)) == lineage.TERMINATE
        ):
            reports.recursion_stopped(self._context.metrics, **_whose(function))
            raise LambdaClientError("RecursiveInvocationException", RECURSION)
        request_id = new_uuid()
        answered[REQUEST_ID] = request_id
        done, text = self.run(
            function, event, arn=arn, trace_id=trace_id, client_context=context, request_id=request_id
        )
        if done.error:
            answered["x-amz-function-error"] = "Unhandled"
        if headers.get("x-amz-log-type") == "Tail":
            answered["x-amz-log-result"] = base64.b64encode(text.encode()[-TAIL:]).decode()
        return 200, answered, done.payload

    def invoke_named(
        self,
        backend: LambdaBackend,
        which: tuple[str, str | None],
        body: Any,
        headers: Mapping[str, str],
        response_headers: dict[str, Any],
    ) -> bytes:
        """Invoke a function by its name or ARN for one of moto's other services, which has checked that it may.

        Args:
            which: The name or ARN, and the qualifier if the name has none.
            headers: ``x-amz-invocation-type`` is ``Event`` for an event that runs later.
            response_headers: Gets ``x-amz-function-error`` if the function fails.

        Raises:
            LambdaClientError: Invoke's errors.
        """
        given = {name.lower(): value for name, value in (headers or {}).items()}
        _, answered, payload = self._invoke(backend, *which, given, body)
        response_headers.update(answered)
        return payload

    def invoke_internally(
        self, function: LambdaFunction, body: Any, headers: Any, response_headers: dict[str, Any]
    ) -> bytes:
        """Invoke a version that one of moto's other services has found. See :meth:`invoke_named`."""
        name = function.function_arn
        backend = _backend(function)
        return self.invoke_named(backend, (name, None), body, headers, response_headers)

    def _run_accepted(self, function: LambdaFunction, event: AcceptedEvent) -> LastAnswer:
        """Run an event that was accepted, once.

        Raises:
            LambdaClientError: The function is throttled, or Lambda cannot assume its role.
        """
        given = json.loads(event.payload or "{}")
        done, _ = self.run(function, given, arn=event.arn, trace_id=event.trace, request_id=event.request_id)
        return LastAnswer(str(function.version), done.payload.decode(errors="replace"), failed=bool(done.error))

    def deliver(self, arn: str, event: Any, *, trace_header: str | None = None, dry: bool = False) -> bytes | None:
        """Invoke a function for an event source mapping, in Lambda's own name.

        Args:
            arn: The function's ARN, with its version or alias if the mapping has one.
            trace_header: The X-Amzn-Trace-Id of the event's sender.
            dry: Whether only to check that the function can run.

        Returns:
            The function's answer. None if it has failed.

        Raises:
            LambdaClientError: There is no such function, it cannot run here, or it is throttled.
        """
        from moto.awslambda.models import lambda_backends

        _, _, _, region, account, _, name, *qualifier = arn.split(":")
        headers = {HEADERS["InvocationType"]: "DryRun" if dry else "RequestResponse"}
        if trace_header:
            headers["x-amzn-trace-id"] = trace_header
        backend = lambda_backends[account][region]
        _, answered, payload = self._invoke(
            backend, name, qualifier[0] if qualifier else None, headers, json.dumps(event)
        )
        return None if "x-amz-function-error" in answered else payload

    def run(
        self,
        function: LambdaFunction,
        event: Any,
        *,
        arn: str,
        trace_id: str | None = None,
        client_context: str | None = None,
        request_id: str | None = None,
    ) -> tuple[FunctionAnswer, str]:
        """Run a function once and write its log, metrics and trace.

        Args:
            event: Any JSON value.
            arn: The ARN of the request, with its qualifier.
            trace_id: The caller's trace header. None starts an unsampled trace.
            client_context: Base64 of a JSON object.
            request_id: The invocation's id. None makes a new one.

        Returns:
            The answer and the text of its log.

        Raises:
            LambdaClientError: The function is throttled, or Lambda cannot assume its role.
        """
        request_id = request_id or new_uuid()
        whose: dict[str, Any] = {**_whose(function), "alias": _alias(function, arn)}
        try:
            with self._pool.worker(self._settings(function), reserved=_reserved(function)) as environment:
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

    def _settings(self, function: LambdaFunction) -> Settings:
        """What a function's worker needs. It is found again only if something in the cloud has changed meanwhile."""
        number, keys = self._context.backends.changes, self._keys(function)  # the number first: what changes now counts
        known = self._known.get(function.function_arn)
        if known is None or (known.number, known.function, known.keys) != (number, function, keys):
            made = self._made(function, keys)
            # The pool finds out by identity that nothing has changed.
            settings = known.settings if known is not None and known.settings == made else made
            self._known[made.arn] = known = _Known(number, function, keys, settings)
        return known.settings

    def _made(self, function: LambdaFunction, keys: Keys) -> Settings:
        layers = self._code.layers([layer.code_bytes for layer in versions(function)])
        code = self._code.function(function.code_bytes)
        return Settings(
            arn=function.function_arn,
            version=str(function.version),
            handler=function.handler,
            code_path=(code, *(f"{layers}/{folder}" for folder in packages.importable(function.run_time) if layers)),
            runtime_path=(self._code.runtime,),
            variables=self._variables(function, code, keys),
            wanted=SandboxWanted(function.run_time, int(function.memory_size), int(function.ephemeral_storage), layers),
        )

    def _keys(self, function: LambdaFunction) -> Keys:
        """The credentials of the function's role."""
        try:
            source = {"lambda:sourcefunctionarn": ":".join(function.function_arn.split(":")[:7])}
            return self._context.roles.mint(function.role, "lambda.amazonaws.com", function.function_name, about=source)
        except CannotAssume:
            message = "The role defined for the function cannot be assumed by Lambda."
            raise _Forbidden("AccessDeniedException", message) from None

    def _variables(self, function: LambdaFunction, code: str, keys: Keys) -> dict[str, str]:
        """The whole environment of a worker (AWS Lambda Developer Guide, Defined runtime environment variables)."""
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


@lru_cache(maxsize=1024)
def _refused(*which: tuple[str, str]) -> tuple[str, str] | None:
    """The error code and the message for parameters that Invoke's model does not allow; None if it does."""
    shape = get_service_model("lambda").operation_model("Invoke").input_shape
    wrong = violations(shape, dict(which))
    return refused_as("lambda", "rest-json", shape, wrong) if wrong else None


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


def _client_context(given: str | None) -> str | None:
    """Invoke's ClientContext as it was given, once it is checked.

    Raises:
        LambdaClientError: It is no JSON object in base64, or it is too long.
    """
    if not given:
        return None
    if len(given) > LONGEST_CLIENT_CONTEXT:
        message = f"Client context must be no more than {LONGEST_CLIENT_CONTEXT} bytes when base64-encoded."
        raise LambdaClientError("InvalidRequestContentException", message)
    try:
        found = json.loads(base64.b64decode(given, validate=True))
        whole = isinstance(found, dict) and isinstance(found.get("client") or {}, dict)
    except ValueError:
        whole = False
    if not whole:
        message = "Client context must be a valid Base64-encoded JSON object."
        raise LambdaClientError("InvalidRequestContentException", message)
    return given


def _text(body: str | bytes | None) -> str:
    """A request's body as JSON text. Without a body it is an empty object."""
    return (body.decode() if isinstance(body, bytes) else body) or "{}"


def _reserved(function: LambdaFunction) -> int | None:
    """The reserved concurrency of a version's function."""
    if function.version == names.LATEST:
        return None if function.reserved_concurrency is None else int(function.reserved_concurrency)
    return reserved_concurrency(_backend(function), function.function_name)


def _backend(function: LambdaFunction) -> LambdaBackend:
    from moto.awslambda.models import lambda_backends

    return lambda_backends[function.account_id][function.region]


def _whose(function: LambdaFunction) -> dict[str, str]:
    return {"name": function.function_name, "account": function.account_id, "region": function.region}


def _alias(function: LambdaFunction, arn: str) -> tuple[str, str] | None:
    """The qualifier of a request's ARN, and the version that it runs. None without a qualifier."""
    qualifier = next(iter(arn.split(":")[7:]), None)
    return (qualifier, str(function.version)) if qualifier else None


def _invoked_arn(function: LambdaFunction, qualifier: str | None) -> str:
    """The ARN of the request, with its qualifier if it has one."""
    plain = f"arn:aws:lambda:{function.region}:{function.account_id}:function:{function.function_name}"
    return f"{plain}:{qualifier}" if qualifier else plain
