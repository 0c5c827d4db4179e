"""A bucket policy's statement counts only when its Condition is met.

moto: ``iam/access_control.py``, ``IAMPolicyStatement.is_action_permitted`` answers DENIED when a condition is *not* met
(and knows no operator but StringEquals), so a bucket whose policy denies plain HTTP locks everyone out.

AWS: "If the condition is not met, the statement does not apply" (IAM User Guide, IAM JSON policy elements, Condition);
a key that the request lacks meets negated and ``...IfExists`` operators and ``"Null": "true"``, and no other. Every
request here counts as sent over TLS (``aws:SecureTransport``): it never leaves the machine.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from moto.iam.access_control import IAMPolicyStatement, PermissionResult

CONTEXT = {"aws:securetransport": "true", "s3:tlsversion": "1.3"}


def apply() -> None:
    unconditional = IAMPolicyStatement.is_action_permitted

    def is_action_permitted(
        self: IAMPolicyStatement,
        action: str,
        resource: str = "*",
        principal: str | None = None,
        incoming_condition_values: dict[str, str] | None = None,
    ) -> PermissionResult:
        given = CONTEXT | {name.lower(): value for name, value in (incoming_condition_values or {}).items()}
        condition = self._statement.get("Condition") or {}
        if not is_met(condition, given):
            return PermissionResult.NEUTRAL
        plain = IAMPolicyStatement({key: value for key, value in self._statement.items() if key != "Condition"})
        return unconditional(plain, action, resource, principal)

    IAMPolicyStatement.is_action_permitted = is_action_permitted


def is_met(condition: dict[str, dict[str, Any]], given: dict[str, str]) -> bool:
    """Whether a request with the keys ``given`` (in lower case) meets every operator of a Condition element."""
    return all(
        _operator_is_met(operator, given.get(key.lower()), [str(one) for one in _listed(expected)])
        for operator, keys in condition.items()
        for key, expected in keys.items()
    )


def _operator_is_met(operator: str, actual: str | None, expected: list[str]) -> bool:
    name = operator.rpartition(":")[2]  # without ForAllValues: or ForAnyValue:
    if name == "Null":
        return (actual is None) == (expected[0].lower() == "true")
    negated = "Not" in name
    if actual is None:
        return negated or name.endswith("IfExists")
    name = name.removesuffix("IfExists").replace("Not", "")
    if name.startswith("Numeric"):
        number = float(actual)
        comparison = {
            "NumericEquals": lambda bound: number == bound,
            "NumericLessThan": lambda bound: number < bound,
            "NumericLessThanEquals": lambda bound: number <= bound,
            "NumericGreaterThan": lambda bound: number > bound,
            "NumericGreaterThanEquals": lambda bound: number >= bound,
        }[name]
        return any(comparison(float(one)) for one in expected) != negated
    if name in ("Bool", "StringEqualsIgnoreCase"):
        return (actual.lower() in [one.lower() for one in expected]) != negated
    return any(fnmatchcase(actual, one) for one in expected) != negated


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
