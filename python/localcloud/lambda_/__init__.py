"""Lambda: functions run in warm worker processes, and invocations answer as AWS documents.

This package replaces two functions of moto. ``_invoke_lambda`` (``awslambda/models.py``) runs every call in a Docker
container of its own. ``invoke`` (``awslambda/responses.py``) answers ``FunctionError: Handled`` for every error, reads
the query parameter ``qualifier`` although boto3 sends ``Qualifier``, and runs the function synchronously even for an
asynchronous invocation or a dry run.

AWS: AWS Lambda API Reference, Invoke; Developer Guide, Understanding Lambda function errors, and Lambda quotas.
"""

from __future__ import annotations

from localcloud.context import Context
from localcloud.iam.registry import Registry
from localcloud.lambda_ import handover, invocation, kept, names, permissions, policies, secrecy, sources, tags
from localcloud.lambda_.gaps import (
    aliases,
    code,
    configuration,
    event_invoke_configs,
    last_modified,
    layers,
    locations,
    log_events,
    qualified_policies,
    quotas,
    recursion,
    revisions,
    runtimes,
    variables,
    vpc,
)


def register(registry: Registry) -> None:
    """Register the permissions that Lambda's operations need, and the lookup of functions' tags and policies."""
    registry.permissions(permissions.TABLES)
    registry.tags("lambda", tags.tags_of)
    registry.policies("lambda", policies.policy_of)
    for action, keys in permissions.UNJUDGED.items():
        registry.unjudged(action, keys)


def install(context: Context) -> None:
    """Register the permissions and replace moto's Lambda.

    The check of roles runs before every other part of CreateFunction, and names are read before all of it. So both are
    installed last.
    """
    register(context.registry)
    configuration.apply()
    last_modified.apply()
    quotas.apply()
    vpc.apply()
    variables.apply()
    runtimes.apply()
    layers.apply()  # it unzips what code has checked, so it is applied before
    code.apply()
    revisions.apply()
    locations.install(context)
    qualified_policies.apply()
    event_invoke_configs.apply(context.roles)
    aliases.apply()
    log_events.apply()
    recursion.apply()
    secrecy.install(context.roles)
    service = invocation.install(context)
    sources.install(context, service)
    handover.install(context.roles)
    kept.install(context)
    names.install()
