"""The steps of the pipeline: check, plan, apply the saved plans, look for drift.

Example (not run: it needs a running cloud)::

    environment, folder = settings.load("dev"), Path("build/plans/dev")
    planned = planning.plan(environment, folder)            # saves the plans, their SHA-256 and a summary
    plans = merging.verify(environment, folder)             # StalePlanError if one is out of date
    merging.apply(environment, folder, plans)

The steps are the same in a workflow and on a laptop. `docs/pipeline.md` explains how the workflow files use them, and
what a saved plan contains.
"""
