"""Checks every request before it is dispatched: its signature and its permissions.

The check cannot be switched off. Every signature is verified. Clients are the account's root user unless they have
other keys. The root user is denied only what a bucket's policy denies to everyone. For all other principals the
policies decide, and an action without a permission table is refused. What the local cloud does not have is refused by
name, whoever asks (:mod:`localcloud.catalogue`).

Example (not run: it needs a running cloud)::

    refused = Enforcement(service_of, unsupported, roles, root_secret).refuse(environ)    # None: it may go on

Errors use each service's words and protocol: AWS General Reference, "Common errors"; IAM User Guide, "Troubleshoot
access denied error messages".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from moto.core.responses import boto3_service_name
from moto.core.utils import get_service_model
from moto.iam.models import get_account_id_from
from moto.s3.models import s3_backends
from werkzeug.exceptions import HTTPException

from localcloud import catalogue
from localcloud.constraints import OWN_ENUMS, refused_as, violations, wrong_token
from localcloud.errors import UnknownAction, UnsupportedPolicy
from localcloud.iam import documents, principals
from localcloud.iam.chunks import BadChunks
from localcloud.iam.derivation import asked_of, derive
from localcloud.iam.evaluation import Access, Context, Decision, Principal, Request
from localcloud.iam.principals import ANONYMOUS, PRINCIPAL, ROOT_KEY, BadKey
from localcloud.iam.roles import Roles, denial
from localcloud.iam.signatures import VIRTUAL_HOST, BadSignature, claimed, verify
from localcloud.reading import Buffered, parsed
from localcloud.refusals import Form, form_of, protocol, refusal

if TYPE_CHECKING:
    from botocore.model import Shape
    from flask import Response
    from moto.core.request import Request as HttpRequest

    from localcloud.constraints import Violation

#: Takes a service, an operation and its parameters. Returns why they are not supported, in a sentence.
Unsupported = Callable[[str, str, Mapping[str, Any]], str | None]
#: Where the WSGI environment has the operation of an allowed request, ``lambda:Invoke``, and its parameters.
OPERATION = "localcloud.operation"
#: This operation needs no signature. It has a signed token among its parameters.
WEB_IDENTITY = "AssumeRoleWithWebIdentity"
#: These services hold a request against the model themselves.
CHECKING = frozenset({"stepfunctions"})
#: All operations that need none, besides S3's.
UNSIGNED = (WEB_IDENTITY, "AssumeRoleWithSAML")
#: The root user may always do these. Otherwise nobody could remove a policy that denies everything (Amazon S3 User
#: Guide, "Bucket policies for Amazon S3").
POLICY_OPERATIONS = ("DeleteBucketPolicy", "GetBucketPolicy", "PutBucketPolicy")
#: boto3's names of services, by moto's.
BOTO3_NAMES = {
    **boto3_service_name,
    "applicationautoscaling": "application-autoscaling",
    "s3bucket_path": "s3",
    "sagemakermetrics": "sagemaker-metrics",
    "sagemakerruntime": "sagemaker-runtime",
    "servicequotas": "service-quotas",
}


class Enforcement:
    """Checks requests before they are dispatched.

    Args:
        service_of: Returns moto's name of the service that a request is for.
        unsupported: Takes boto3's name of a service, an operation and its parameters. Returns why the local cloud does
            not support them; None if it does.
        roles: Evaluates the policies.
        root_secret: The secret access key of the account's root user.
    """

    def __init__(
        self, service_of: Callable[[dict[str, Any]], str], unsupported: Unsupported, roles: Roles, root_secret: str
    ) -> None:
        self._service_of = service_of
        self._unsupported = unsupported
        self._roles = roles
        self._root_secret = root_secret

    def refuse(self, environ: dict[str, Any]) -> Response | None:
        """The error answer for a request that is not allowed; None if it is allowed."""
        sent = Buffered(environ)
        service = self._service(environ)
        answer = _Answers(service, form_of(environ))
        try:
            who = self._who(environ, sent.body)
        except BadKey as bad:
            return answer.bad_key(bad)
        except BadSignature as bad:
            return answer.bad_signature(bad)
        except BadChunks as bad:
            return answer.give(bad.code, str(bad), status=bad.status)
        environ[PRINCIPAL] = who
        strange = who is ANONYMOUS and service == "s3" and _bucket_name(environ) not in _buckets()
        if strange and (asked := catalogue.unsigned(sent.http)):
            return self._absent(*asked, answer)
        if who is ANONYMOUS and service == "s3" and _names_no_bucket(environ):
            return answer.give("NoSuchBucket", "The specified bucket does not exist", status=404)
        if catalogue.service_of(environ):
            return self._unknown(sent.http, answer)
        try:
            operation, parameters = parsed(sent, service)
        except (HTTPException, NotImplementedError):
            if who.kind == "root" and service == "s3":
                return None  # S3's forms and the questions of web pages have moto's answers
            return answer.unsigned() if who is ANONYMOUS else self._unknown(sent.http, answer)
        except Exception:
            if who.kind == "root":
                return None  # moto reads the request again and reports the error
            raise
        unsigned = who is ANONYMOUS and service != "s3" and operation not in UNSIGNED
        shape = get_service_model(service).operation_model(operation).input_shape
        own = OWN_ENUMS.get(service, frozenset())
        wrong = violations(shape, parameters, own=own) if service not in CHECKING else []
        # A request that AWS refuses has no part that could be supported.
        if unsupported := self._unsupported(service, operation, {} if wrong or unsigned else parameters):
            return answer.give("NotImplemented", unsupported)
        if unsigned:
            return answer.unsigned()
        if shape and wrong and operation in UNSIGNED:
            return answer.invalid(shape, wrong)
        if who.kind != "root" or _has_policy(service, environ):
            try:
                denied = self._judge(environ, service, who, operation, parameters)
            except BadKey as bad:
                return answer.bad_key(bad)
            except UnsupportedPolicy as unsupported:
                return answer.give("NotImplemented", str(unsupported))
            except UnknownAction as unknown:
                if who.kind != "root":
                    return answer.give("NotImplemented", str(unknown))
                denied = None
            if denied:
                return answer.denied(*denied)
        environ[OPERATION] = f"{service}:{operation}", parameters
        if shape and wrong:
            return answer.invalid(shape, wrong)
        refused = (
            wrong_token(service, parameters)
            or documents.refused(service, operation, parameters)
            or self._roles.registry.refused(service, partial(asked_of, environ, operation, parameters))
        )
        return answer.give(*refused) if refused else None

    def _who(self, environ: Mapping[str, Any], body: bytes) -> Principal:
        """The principal that signed the request; ``ANONYMOUS`` if it is not signed."""
        claim = claimed(environ)
        if claim is None:
            return ANONYMOUS
        who, secret = principals.holder_of(claim.key, claim.token, self._root_secret)
        verify(claim, environ, body, secret, datetime.now(UTC))
        return who

    def _judge(
        self,
        environ: dict[str, Any],
        service: str,
        who: Principal,
        operation: str,
        parameters: Mapping[str, Any],
    ) -> tuple[Request, Decision] | None:
        """The first access that the policies deny; None if they allow all."""
        claims: Context = {}
        if operation == WEB_IDENTITY:
            who, claims = principals.web_identity(
                parameters.get("WebIdentityToken") or "", _account(parameters), self._root_secret
            )
        if who.kind == "root" and operation in POLICY_OPERATIONS:
            return None
        for access in derive(self._roles.registry, environ, service, operation, parameters):
            request = Access(access.action, access.resources, {**access.context, **claims}).by(who)
            decision = self._roles.judge(request)
            if not decision.allowed:
                return request, decision
        return None

    def _unknown(self, http: HttpRequest, answer: _Answers) -> Response:
        """The answer to a request of another service, or of an operation that its service does not have."""
        asked = catalogue.asked_of(http) or (answer.service, f"{http.method} {http.path}")
        return self._absent(*asked, answer)

    def _absent(self, service: str, operation: str, answer: _Answers) -> Response:
        words = self._unsupported(service, operation, {}) or f"{service}:{operation} cannot be read"
        return answer.of(service).give("NotImplemented", words)

    def _service(self, environ: dict[str, Any]) -> str:
        """boto3's name of the service that a request is for."""
        found = self._service_of(environ)
        return BOTO3_NAMES.get(found, found)


class _Answers:
    """The error answers of one service, in its own words."""

    def __init__(self, service: str, form: Form | None) -> None:
        self.service = service
        self._form = form
        self._protocol = "json" if form else protocol(service)

    def of(self, service: str) -> _Answers:
        """The answers of another service to the same request."""
        return _Answers(service, self._form)

    def give(self, code: str, words: str, *, status: int = 400) -> Response:
        return refusal(self.service, code, words, status=status, form=self._form)

    def unsigned(self) -> Response:
        return self.give("MissingAuthenticationToken", "Missing Authentication Token", status=403)

    def denied(self, request: Request, decision: Decision) -> Response:
        words = denial(request, decision)
        if request.action.startswith("sts:AssumeRoleWith"):
            words = f"Not authorized to perform {request.action}"
        code, status = {
            "json": ("AccessDeniedException", 400),
            "rest-json": ("AccessDeniedException", 403),
            "ec2": ("UnauthorizedOperation", 403),
        }.get(self._protocol, ("AccessDenied", 403))
        if self.service == "sns":
            code = "AuthorizationError"
        if self._protocol == "ec2":
            words = f"You are not authorized to perform this operation. {words}"
        return self.give(code, words, status=status)

    def bad_key(self, bad: BadKey) -> Response:
        if bad.kind == "identity":
            return self.give("InvalidIdentityToken", str(bad))
        if self.service == "s3":
            code, words, status = {
                "unknown": (
                    "InvalidAccessKeyId",
                    "The AWS Access Key Id you provided does not exist in our records.",
                    403,
                ),
                "token": ("InvalidToken", "The provided token is malformed or otherwise invalid.", 400),
                "expired": ("ExpiredToken", "The provided token has expired.", 400),
            }[bad.kind]
            return self.give(code, words, status=status)
        if self._protocol == "ec2":
            return self.give("AuthFailure", "AWS was not able to validate the provided access credentials", status=401)
        by_json = "json" in self._protocol
        code = {
            ("expired", True): "ExpiredTokenException",
            ("expired", False): "ExpiredToken",
        }.get((bad.kind, by_json), "UnrecognizedClientException" if by_json else "InvalidClientTokenId")
        return self.give(code, str(bad), status=400 if self._protocol == "json" else 403)

    def invalid(self, shape: Shape, wrong: list[Violation]) -> Response:
        return self.give(*refused_as(self.service, self._protocol, shape, wrong))

    def bad_signature(self, bad: BadSignature) -> Response:
        """Sources: Amazon S3 API Reference, "Error responses"; AWS General Reference, "Common errors"."""
        if bad.problem == "unsupported":
            return self.give("NotImplemented", str(bad))
        if self.service == "s3":
            code, status = {
                "mismatch": ("SignatureDoesNotMatch", 403),
                "unsigned": ("AccessDenied", 403),
                "expired": ("AccessDenied", 403),
                "skewed": ("RequestTimeTooSkewed", 403),
                "payload": ("XAmzContentSHA256Mismatch", 400),
                "malformed": ("AuthorizationHeaderMalformed", 400),
                "query": ("AuthorizationQueryParametersError", 400),
            }[bad.problem]
            return self.give(code, str(bad), status=status)
        if self._protocol == "ec2":
            return self.give("AuthFailure", "AWS was not able to validate the provided access credentials", status=401)
        by_json = "json" in self._protocol
        if bad.problem in ("malformed", "query"):
            code = "IncompleteSignatureException" if by_json else "IncompleteSignature"
        else:
            code = "InvalidSignatureException" if by_json else "SignatureDoesNotMatch"
        return self.give(code, str(bad), status=400 if self._protocol == "json" else 403)


def _has_policy(service: str, environ: Mapping[str, Any]) -> bool:
    """Whether the request is for a bucket with a policy."""
    if service != "s3":
        return False
    bucket = _buckets().get(_bucket_name(environ))
    return bucket is not None and bucket.policy is not None


def _names_no_bucket(environ: Mapping[str, Any]) -> bool:
    """Whether a request is for a bucket that does not exist. S3 says so to everybody. moto's pages are such paths."""
    name = _bucket_name(environ)
    creates = environ["REQUEST_METHOD"] == "PUT" and not environ.get("PATH_INFO", "").strip("/").count("/")
    return bool(name) and name not in _buckets() and not creates


def _bucket_name(environ: Mapping[str, Any]) -> str:
    """The bucket in a request's host, else in its path; empty if it names none."""
    in_host = VIRTUAL_HOST.fullmatch(environ.get("HTTP_HOST", ""))
    return in_host["name"] if in_host else environ.get("PATH_INFO", "").partition("/")[2].partition("/")[0]


def _buckets() -> Mapping[str, Any]:
    return s3_backends[get_account_id_from(ROOT_KEY)]["aws"].buckets


def _account(parameters: Mapping[str, Any]) -> str:
    found = re.match(r"arn:[\w-]+:iam::(\d{12}):", parameters.get("RoleArn") or "")
    return found[1] if found else get_account_id_from("")
