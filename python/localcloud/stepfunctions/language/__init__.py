"""The Amazon States Language: a definition is checked and compiled into a program, and its fields are evaluated.

Everything here is pure: no clock, no input or output, no AWS.

Example::

    >>> from localcloud.stepfunctions.language.jsonpath import Path
    >>> Path("$.items[0].n").value({"items": [{"n": 3}]})
    3
"""
