"""Metric math over one period: arithmetic, comparisons, AND, OR, FILL, IF and ABS.

Example::

    >>> evaluate("100 * FILL(low, 0) / (low + passed)", {"low": 3.0, "passed": 1.0})
    75.0

AWS: Amazon CloudWatch User Guide, Using math expressions with CloudWatch metrics. A missing value makes the result
missing, and so does a division by zero. FILL replaces a missing value. AND, OR and comparisons return 1 or 0.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping

ARITHMETIC: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
COMPARISONS: dict[type, Callable[[float, float], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
FUNCTIONS = {"FILL": 2, "IF": 3, "ABS": 1}


class UnknownExpression(ValueError):
    """An expression that the local cloud cannot evaluate. The message names the part."""


def evaluate(expression: str, values: Mapping[str, float | None]) -> float | None:
    """The value of an expression in one period; None if it is missing.

    Args:
        expression: The expression, as AWS writes it.
        values: The metrics' values by their ids.

    Raises:
        UnknownExpression: The text is not an expression, or it uses something that the local cloud does not support.

    Example::

        >>> evaluate("IF(errors > 0 AND calls > 10, errors / calls, 0)", {"errors": 5.0, "calls": 20.0})
        0.25
    """
    # AWS writes AND, OR, && and ||, and powers as ^.
    text = re.sub(r"\bAND\b|&&", " and ", expression)
    text = re.sub(r"\bOR\b|\|\|", " or ", text).replace("^", "**").strip()
    try:
        tree = ast.parse(text, mode="eval")
    except SyntaxError as error:
        raise UnknownExpression(f"'{expression}' is not an expression of metric math: {error.msg}") from None
    return _value(tree.body, values)


def _value(node: ast.AST, values: Mapping[str, float | None]) -> float | None:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return float(number)
        case ast.Name(id=name):
            if name not in values:
                raise UnknownExpression(f"the expression uses the id '{name}', but no metric before it has this id")
            return values[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            found = _value(operand, values)
            return None if found is None else -found
        case ast.BinOp(op=op, left=left, right=right) if type(op) in ARITHMETIC:
            return _combined(ARITHMETIC[type(op)], _value(left, values), _value(right, values))
        case ast.Compare(ops=[op], left=left, comparators=[right]) if type(op) in COMPARISONS:
            return _combined(COMPARISONS[type(op)], _value(left, values), _value(right, values))
        case ast.BoolOp(op=op, values=parts):
            results = [_value(part, values) for part in parts]
            if None in results:
                return None
            return float(all(results) if isinstance(op, ast.And) else any(results))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if FUNCTIONS.get(name) == len(arguments):
            return _call(name, [_value(argument, values) for argument in arguments])
    raise UnknownExpression(f"the local cloud does not support '{ast.unparse(node)}' in metric math")


def _combined(function: Callable[[float, float], float], left: float | None, right: float | None) -> float | None:
    if left is None or right is None:
        return None
    try:
        return float(function(left, right))
    except ZeroDivisionError:
        return None


def _call(name: str, found: list[float | None]) -> float | None:
    match name:
        case "FILL":
            return found[1] if found[0] is None else found[0]
        case "IF":
            return None if found[0] is None else found[1] if found[0] else found[2]
        case _:
            return None if found[0] is None else abs(found[0])
