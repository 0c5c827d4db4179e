"""A trained model: where its file is, how good it is, and which version is deployed.

Example::

    path = artifacts.fetch(environment, "s3://BUCKET/models/job/output/model.tar.gz")
    found = evaluation.evaluate(runtime, "scones-dev", images, classes=("bicycle", "motorcycle"))
    found.accuracy                                  # 0.915
    registry.pin(environment, version=2)            # what Terraform deploys from now on

Doors: :mod:`~scones.model.artifacts` (files here and in S3), :mod:`~scones.model.registry` (versions),
:mod:`~scones.model.evaluation` and :mod:`~scones.model.measures` (how good), :mod:`~scones.model.confidence`
(calibration and the threshold), :mod:`~scones.model.image` (the algorithm's container image).
"""
