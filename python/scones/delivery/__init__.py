"""Brings a change to an environment: checks it, plans it, and applies exactly the reviewed plans.

Example (not run: it needs a running cloud)::

    planned = planning.plan(environment, Path("build/plans/dev"), log=log)
    plans = merging.verify(environment, planned.folder, expected=planned.digest)
    merging.apply(environment, planned.folder, plans, log=log)

Doors: :mod:`~scones.delivery.pipeline` (plans and drift), :mod:`~scones.delivery.checks` (tools that judge the files).
"""
