"""What serves: the functions, the state machine and its executions, what the endpoint captures, two models at once.

Example::

    packaging.package(Path("lambdas"), Path("build/lambdas"))           # the functions' zips
    execution = workflow.start(sfn, state_machine_arn, "s3://BUCKET/images/bicycle.png")
    workflow.explain(workflow.follow(sfn, execution.arn))               # 'bicycle, 0.92 sure (threshold 0.8)'

Doors: :mod:`~scones.service.packaging` and :mod:`~scones.service.definition` (what Terraform deploys),
:mod:`~scones.service.workflow` (executions), :mod:`~scones.service.capture` (traffic), :mod:`~scones.service.ab` (two
models behind one endpoint).
"""
