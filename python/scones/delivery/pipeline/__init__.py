"""The steps of the pipeline, the same on a pull request as on a laptop: check, plan, apply just that, look for drift.

Example::

    folder = Path("build/plans/dev")
    planned = planning.plan(settings.load("dev"), folder)       # saved plans, their SHA-256, a summary to read
    merging.apply(settings.load("dev"), folder)                 # just those, or StalePlanError

`docs/pipeline.md` says how the workflow files use them, and what a saved plan holds.
"""
