"""The serving side: Lambda packages, executions of the state machine, captured traffic, two models on one endpoint.

Example (not run: it needs a running cloud)::

    packaging.package(Path("lambdas"), Path("build/lambdas"))           # the functions' zips
    execution = workflow.start(sfn, state_machine_arn, "s3://BUCKET/images/bicycle.png")
    workflow.explain(workflow.follow(sfn, execution.arn))               # 'bicycle, 0.92 sure (threshold 0.8)'

Doors: :mod:`~scones.service.packaging` and :mod:`~scones.service.definition` (what Terraform deploys),
:mod:`~scones.service.workflow` (executions), :mod:`~scones.service.capture` (traffic), :mod:`~scones.service.ab` (two
models behind one endpoint).
"""
