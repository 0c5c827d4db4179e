"""One evaluation of an expression: the library's evaluator with AWS's limits and without the library's faults.

What the library (jsonata-python) gets wrong is mended here and in jsonata_functions.py. Its evaluator
keeps its state in one object per thread. So each evaluation makes an object of its own, and threads share a tree.
"""

from __future__ import annotations

import functools
import math
import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

import regex
from jsonata import parser
from jsonata.jexception import JException
from jsonata.jsonata import Jsonata
from jsonata.utils import Utils

from localcloud.stepfunctions.language.jsonata_functions import FUNCTIONS, checked
from localcloud.stepfunctions.language.jsonata_messages import LimitExceeded, named
from localcloud.stepfunctions.language.jsonata_values import hold, whole

MAX_DEPTH = 100  # AWS takes 1+1+…+1 with 100 terms and refuses 101
# AWS stops an expression after a second. The library is many times slower, so it gets more, counted in the thread's own
# time: a busy machine fails no expression.
MAX_SECONDS = 20.0
TOO_DEEP = "Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive"
TOO_SLOW = "Expression evaluation timeout: Check for infinite loop"
_CLOCK_EVERY = 64  # steps between two looks at the clock


class Pattern:
    """A regular expression. The library takes anything with these methods for one.

    AWS's are Java's. The regex module reads Java's syntax and stops at a time limit.
    """

    def __init__(self, pattern: str, flags: Any) -> None:
        options = (regex.IGNORECASE if flags.case_insensitive else 0) | (regex.MULTILINE if flags.multiline else 0)
        try:
            self._pattern = regex.compile(pattern, options | regex.ASCII)
        except (regex.error, RecursionError, OverflowError) as error:
            raise JException(f"Invalid regular expression: /{pattern}/: {error}", -1) from error

    def finditer(self, text: str) -> Iterator[Any]:
        try:
            for found in self._pattern.finditer(text, timeout=MAX_SECONDS):
                if not found[0]:
                    raise JException("D1004", -1, "")
                yield found
        except TimeoutError as error:
            raise LimitExceeded(TOO_SLOW) from error

    def search(self, text: str) -> Any:
        return next(self.finditer(text), None)

    sub = split = search  # never called: $replace and $split read finditer


def parse(text: str) -> Any:
    """The syntax tree of ``text``. Raises JException; the library fails with Python's errors on some texts."""
    try:
        return _parser().parse(text, Pattern)
    except JException as error:
        if error.error == "S0102":  # the library does not say which number
            number = re.match(r"[-+.\deE]+", text[error.location :])
            error.current = number and number[0]
        raise
    except KeyError as error:
        raise JException("S0204", -1, error.args[0]) from error
    except RecursionError as error:  # a RuntimeError, as JException is
        raise LimitExceeded(TOO_DEEP) from error
    except (IndexError, ValueError, TypeError, AttributeError, NotImplementedError) as error:
        open_comment = text.rfind("/*") > text.rfind("*/")
        raise JException("S0106" if open_comment else "S0207", -1) from error
    except RuntimeError as error:  # a function's signature that makes no sense
        raise named(str(error)) from error


def _parser() -> Any:
    """A parser of JSONata 2.0.6, AWS's version. It has no ``??`` and ``?:`` and stops at their second character."""
    found = parser.Parser()
    for operator in ("??", "?:"):
        found.symbol_table[operator].led = functools.partial(_refuse, operator[1])
    return found


def _refuse(operator: str, left: Any) -> NoReturn:
    raise JException("S0211", -1, operator)


def paired(text: str, lone: str) -> str:
    """``text`` with the two halves of a character that is written ``\\uD834\\uDD1E`` made one."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", lone)


class Bindings(Jsonata.Frame):
    """The variables of a block. The library's renames a function that is bound to a variable, for all expressions."""

    def bind(self, name: str, val: Any) -> None:
        self.bindings[name] = val

    def lookup(self, name: str) -> Any:
        frame: Any = self
        while frame is not None:
            if name in frame.bindings:
                return frame.bindings[name]
            frame = frame.parent
        return None


def _function_frame() -> Bindings:
    frame = Bindings(None)
    frame.bindings.update(FUNCTIONS)
    return frame


_FUNCTION_FRAME = _function_frame()


class JsonataEvaluation(Jsonata):
    """One evaluation. Variables are values as json_value() makes them."""

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self.environment = Bindings(_FUNCTION_FRAME)
        self.environment.bindings.update(variables)
        self.input = None
        self.timestamp = round(time.time() * 1000)  # $now() and $millis()
        self._depth = self._steps = 0
        self._deadline = time.thread_time() + MAX_SECONDS

    @property
    def parser(self) -> Any:
        return Jsonata.get_parser()

    def run(self, tree: Any) -> Any:
        """The result of ``tree``; None: nothing. Raises JException."""
        current = Jsonata.CURRENT
        current.jsonata = self  # the library's functions find it there when they call back
        try:
            return self.eval(tree, None, self.environment)
        except JException:
            raise
        except RecursionError as error:
            raise LimitExceeded(TOO_DEEP) from error
        except RuntimeError as error:
            raise named(str(error)) from error
        finally:
            del current.jsonata

    def create_frame(self, enclosing_environment: Any = None) -> Bindings:
        return Bindings(enclosing_environment)

    def get_per_thread_instance(self) -> JsonataEvaluation:
        return self

    def eval(self, expr: Any, input: Any, environment: Any) -> Any:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise LimitExceeded(TOO_DEEP)
        self._steps += 1
        if not self._steps % _CLOCK_EVERY and time.thread_time() > self._deadline:
            raise LimitExceeded(TOO_SLOW)
        evaluate = _EVALUATE.get(expr.type)
        result = evaluate(self, expr, input, environment) if evaluate is not None else None
        for predicate in expr.predicate or ():
            result = self.evaluate_filter(predicate.expr, result, environment)
        if expr.group is not None and expr.type != "path":
            result = self.evaluate_group_expression(expr.group, result, environment)
        if isinstance(result, Utils.JList) and result.sequence and not result.tuple_stream:
            if expr.keep_array:
                result.keep_singleton = True
            if not result:
                result = None
            elif len(result) == 1 and not result.keep_singleton:
                result = result[0]
        if isinstance(result, str):
            hold(len(result))
        elif isinstance(result, list):
            hold(8 * len(result))
        self._depth -= 1
        return result

    def evaluate_binary(self, expr: Any, input: Any, environment: Any) -> Any:
        left = self.eval(expr.lhs, input, environment)
        operator = expr.value
        if operator in ("and", "or"):  # the library hides Python's errors in these two
            if self.boolize(left) is (operator == "or"):
                return operator == "or"
            return self.boolize(self.eval(expr.rhs, input, environment))
        return _BINARY[operator](self, left, self.eval(expr.rhs, input, environment), operator)

    def evaluate_numeric_expression(self, lhs: Any, rhs: Any, op: str | None) -> Any:
        """The library divides by zero with Python's error, cuts a remainder to an integer, and has no infinity."""
        for code, side in (("T2001", lhs), ("T2002", rhs)):
            if side is not None and not Utils.is_numeric(side):
                raise JException(code, -1, op, side)
        if lhs is None or rhs is None:
            return None
        left, right = float(lhs), float(rhs)
        if op == "+":
            return whole(left + right)
        if op == "-":
            return whole(left - right)
        if op == "*":
            return whole(left * right)
        if right == 0:
            return math.nan if op == "%" or left == 0 else math.copysign(math.inf, left)
        return whole(left / right if op == "/" else math.fmod(left, right))

    def evaluate_includes_expression(self, lhs: Any, rhs: Any) -> bool:
        """The library finds 1 in [true]."""
        if lhs is None or rhs is None:
            return False
        return any(Utils.is_deep_equal(item, lhs) for item in (rhs if isinstance(rhs, list) else [rhs]))

    def evaluate_range_expression(self, lhs: Any, rhs: Any) -> Any:
        """The library's list of a range has no elements of its own."""
        for code, side in (("T2003", lhs), ("T2004", rhs)):
            if side is not None and (isinstance(side, bool) or not isinstance(side, int)):
                raise JException(code, -1, side)
        if lhs is None or rhs is None or lhs > rhs:
            return None
        size = rhs - lhs + 1
        if size > 1e7:
            raise JException("D2014", -1, size)
        hold(8 * size)
        return Utils.create_sequence_from_iter(range(lhs, rhs + 1))

    def evaluate_group_expression(self, expr: Any, input: Any, environment: Any) -> Any:
        """The library adds an element to an empty list of the data."""
        if isinstance(input, list) and not input:
            copied = Utils.create_sequence()
            copied.tuple_stream = isinstance(input, Utils.JList) and input.tuple_stream
            input = copied
        return super().evaluate_group_expression(expr, input, environment)

    def evaluate_variable(self, expr: Any, input: Any, environment: Any) -> Any:
        if expr.value == "":
            return input[0] if isinstance(input, Utils.JList) and input.outer_wrapper else input
        return environment.lookup(expr.value)

    def evaluate_function(self, expr: Any, input: Any, environment: Any, applyto_context: Any) -> Any:
        """The library's error of a call without a name gets the name that the expression calls."""
        try:
            return super().evaluate_function(expr, input, environment, applyto_context)
        except JException as error:
            if error.error in ("T0410", "T0411", "T0412") and error.expected is None:
                error.expected = expr.procedure.value
                error.current = error.current or 1
            raise

    def apply_inner(self, proc: Any, args: Any, input: Any, environment: Any) -> Any:
        if not self.is_function_like(proc):  # the library prints it before it fails
            raise JException("T1006", -1)
        return super().apply_inner(proc, args, input, environment)

    def validate_arguments(self, signature: Any, args: Any, context: Any) -> Any:
        if isinstance(signature, Jsonata.JFunction):
            return signature.validate(args, context)
        own = getattr(signature, "signature", None)  # of a function that the expression declares
        return args if own is None else checked(own, args, context, None)

    def evaluate_transform_expression(self, expr: Any, input: Any, environment: Any) -> Any:
        return Jsonata.JFunction(_Transformer(self, expr, environment), "<(oa):o>")


class _Transformer(Jsonata.Transformer):
    """``|pattern|update, delete|``. The library's loses digits and nulls as it copies the data."""

    def call(self, input: Any, args: Any) -> Any:
        (source, *_) = args
        if source is None:
            return None
        result = FUNCTIONS["clone"].call(None, [source])
        found = self._jsonata.eval(self._expr.pattern, result, self._environment)
        for each in [] if found is None else found if isinstance(found, list) else [found]:
            update = self._jsonata.eval(self._expr.update, each, self._environment)
            if update is not None and not isinstance(update, dict):
                raise JException("T2011", self._expr.update.position, update)
            names = None
            if self._expr.delete is not None:
                names = self._jsonata.eval(self._expr.delete, each, self._environment)
            doomed = [] if names is None else names if isinstance(names, list) else [names]
            if not all(isinstance(name, str) for name in doomed):
                raise JException("T2012", self._expr.delete.position, names)
            if isinstance(each, dict):
                each.update(update or {})
                for name in doomed:
                    each.pop(name, None)
        return result


def _literal(self: JsonataEvaluation, expr: Any, input: Any, environment: Any) -> Any:
    value = expr.value
    return Utils.NULL_VALUE if value is None else paired(value, "surrogatepass") if isinstance(value, str) else value


_EVALUATE: dict[str, Callable[..., Any]] = {
    "path": JsonataEvaluation.evaluate_path,
    "binary": JsonataEvaluation.evaluate_binary,
    "unary": JsonataEvaluation.evaluate_unary,
    "name": JsonataEvaluation.evaluate_name,
    "string": _literal,
    "number": _literal,
    "value": _literal,
    "regex": _literal,
    "wildcard": lambda self, expr, input, environment: self.evaluate_wildcard(expr, input),
    "descendant": lambda self, expr, input, environment: self.evaluate_descendants(expr, input),
    "parent": lambda self, expr, input, environment: environment.lookup(expr.slot.label),
    "condition": JsonataEvaluation.evaluate_condition,
    "block": JsonataEvaluation.evaluate_block,
    "bind": JsonataEvaluation.evaluate_bind_expression,
    "function": lambda self, expr, input, environment: self.evaluate_function(expr, input, environment, Utils.NONE),
    "variable": JsonataEvaluation.evaluate_variable,
    "lambda": JsonataEvaluation.evaluate_lambda,
    "partial": JsonataEvaluation.evaluate_partial_application,
    "apply": JsonataEvaluation.evaluate_apply_expression,
    "transform": JsonataEvaluation.evaluate_transform_expression,
}
_NUMERIC: Callable[..., Any] = JsonataEvaluation.evaluate_numeric_expression
_EQUALITY: Callable[..., Any] = JsonataEvaluation.evaluate_equality_expression
_COMPARISON: Callable[..., Any] = JsonataEvaluation.evaluate_comparison_expression
_BINARY: dict[str, Callable[..., Any]] = {
    **dict.fromkeys("+-*/%", _NUMERIC),
    **dict.fromkeys(("=", "!="), _EQUALITY),
    **dict.fromkeys(("<", "<=", ">", ">="), _COMPARISON),
    "&": lambda self, left, right, operator: _text(left) + _text(right),
    "..": lambda self, left, right, operator: self.evaluate_range_expression(left, right),
    "in": lambda self, left, right, operator: self.evaluate_includes_expression(left, right),
}


def _text(value: Any) -> str:
    return "" if value is None else FUNCTIONS["string"].call(None, [value])
