"""A definition is parsed on its own: neither by what an invalid one left behind, nor together with another's.

moto: ``stepfunctions/parser/asl/parse/preprocessor.py``, ``Preprocessor._query_language_per_scope`` is one list for all
instances, so a rejected definition changes how every later one is read, and so do two parsed at the same time.

AWS: state machines are independent of each other.
"""

from __future__ import annotations

from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor


def apply() -> None:
    def __init__(self: Preprocessor) -> None:
        self._query_language_per_scope = []

    Preprocessor.__init__ = __init__
