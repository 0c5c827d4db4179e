"""SageMaker endpoints that really answer.

Example::

    install(Context(state, "http://127.0.0.1:5000", Children()))
"""

from scones.localcloud.context import Context


def install(context: Context) -> None:
    """Make moto's endpoints load their models in serving processes and capture what passes through them."""
