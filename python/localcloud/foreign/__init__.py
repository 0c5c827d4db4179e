"""What other Pythons import: those of notebooks, of the AWS CLI, and of anybody's own environment.

This folder stands on their ``PYTHONPATH``, and nothing else of the project does. So its modules import nothing of it,
and have names that nobody else's have. ``invoke env`` and ``invoke notebook`` set it up.
"""
