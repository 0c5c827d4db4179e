"""Scones Unlimited's image classification workflow: data, training, registry, Terraform, state machine, captures.

The same code runs against AWS and against the local cloud in :mod:`localcloud`; which one is a matter of
endpoint and credentials (:mod:`scones.aws`), never of a branch.
"""
