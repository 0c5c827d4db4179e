"""The state of an alarm, by the rules that CloudWatch documents.

Example::

    >>> rule = Rule("GreaterThanThreshold", threshold=0, periods=3, breaching=2, missing="notBreaching")
    >>> judge([None, 1.0, None, 4.0, 0.0], rule, "OK").state    # two of the latest three values are above 0
    'ALARM'

AWS: Amazon CloudWatch User Guide, Evaluating an alarm, and Configuring how CloudWatch alarms treat missing data.
CloudWatch looks at more periods than the alarm has, and the latest periods with data count. Only if there are too few
of these, the alarm's treatment of missing data applies.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass

# The number of earlier periods that are looked at too. The guide's example looks at five periods for three.
FURTHER_PERIODS = 2
OPERATORS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}


@dataclass(frozen=True)
class Rule:
    """The condition of an alarm.

    Attributes:
        comparison: ComparisonOperator, one of ``OPERATORS``.
        threshold: The number that values are compared with.
        periods: EvaluationPeriods, the number of latest periods that count.
        breaching: DatapointsToAlarm, the number of them that must breach.
        missing: TreatMissingData: ``missing``, ``ignore``, ``breaching`` or ``notBreaching``.
    """

    comparison: str
    threshold: float
    periods: int
    breaching: int
    missing: str = "missing"


@dataclass(frozen=True)
class Judgement:
    """An alarm's state and its reason in CloudWatch's words."""

    state: str
    reason: str


def judge(values: Sequence[float | None], rule: Rule, state: str) -> Judgement:
    """Evaluate an alarm.

    Args:
        values: The value of each period, the oldest first: ``FURTHER_PERIODS`` earlier ones, then the alarm's own. None
            is a missing value.
        rule: The alarm's condition.
        state: The current state. TreatMissingData ``ignore`` may keep it.
    """
    breaches, words = OPERATORS[rule.comparison]
    real = [value for value in values if value is not None][-rule.periods :]
    bad = sum(breaches(value, rule.threshold) for value in real)
    absent = rule.periods - len(real)
    if not absent:
        return _judged(bad >= rule.breaching, real, bad, rule, words)
    match rule.missing:
        case "breaching":
            return _judged(bad + absent >= rule.breaching, real, bad, rule, words)
        case "notBreaching":
            return _judged(bad >= rule.breaching, real, bad, rule, words)
        case "ignore":
            if bad >= rule.breaching or bad < len(real):
                return _judged(bad >= rule.breaching, real, bad, rule, words)
            return Judgement(state, "Missing data is ignored: the state is kept.")
    if not real:
        reason = f"Insufficient Data: {rule.periods} datapoints were unknown."
        return Judgement("INSUFFICIENT_DATA", reason)
    return _judged(bad >= min(rule.breaching, len(real)), real, bad, rule, words)


def _judged(alarm: bool, real: Sequence[float], bad: int, rule: Rule, words: str) -> Judgement:
    if not real:
        how = "breaching" if alarm else "not breaching"
        reason = (
            f"no datapoints were received for {rule.periods} period(s) and missing datapoints are treated as {how}."
        )
    else:
        shown = ", ".join(f"{value:g}" for value in real)
        reason = f"{bad} out of the last {rule.periods} datapoints [{shown}] were {words} the threshold "
        reason += f"({rule.threshold:g})."
    return Judgement("ALARM" if alarm else "OK", f"Threshold Crossed: {reason}")
