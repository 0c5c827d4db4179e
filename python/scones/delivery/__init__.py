"""How a change reaches an environment: checked, planned, reviewed, and applied as it was planned.

Example::

    planned = planning.plan(environment, Path("build/plans/dev"), log=log)
    plans = merging.verify(environment, planned.folder, expected=planned.digest)
    merging.apply(environment, planned.folder, plans, log=log)

Doors: :mod:`~scones.delivery.pipeline` (plans and drift), :mod:`~scones.delivery.checks` (tools that judge the files).
"""
