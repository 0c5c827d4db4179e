"""SageMaker training jobs that really train.

Example::

    install(Context(state, "http://127.0.0.1:5000", Children()))
"""

from scones.localcloud.context import Context


def install(context: Context) -> None:
    """Make moto's ``CreateTrainingJob`` run the algorithm in a process of its own."""
