"""Executions: a stack of frames that events drive, and the history they write.

Everything here is pure: the time is an argument, and what must happen outside is an effect that the caller carries out.

Example::

    >>> from localcloud.stepfunctions.engine.frames import Facts, Run
    >>> from localcloud.stepfunctions.engine.machine import Machine
    >>> from localcloud.stepfunctions.language.compiler import compile_definition
    >>> program = compile_definition('{"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": 1, "End": true}}}')
    >>> machine = Machine(program, Run(Facts("arn:e", "e", "arn:m", "m", "arn:role", 0.0)))
    >>> machine.start({}, now=0.0)
    >>> machine.run.status, machine.run.output
    ('SUCCEEDED', 1)
"""
