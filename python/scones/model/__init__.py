"""Trained models: their artifacts, their accuracy, and the version that is deployed.

Example (not run: it needs an AWS account)::

    path = artifacts.fetch(environment, "s3://BUCKET/models/job/output/model.tar.gz")
    runtime = aws.client(environment, "sagemaker-runtime")
    found = evaluation.evaluate(runtime, "scones-dev", dataset.images("test"), classes=("bicycle", "motorcycle"))
    found.accuracy                                  # 0.915
    registry.pin(environment, 2)                    # the next apply deploys version 2

The modules:

- :mod:`~scones.model.artifacts` downloads and uploads artifacts.
- :mod:`~scones.model.registry` registers and pins versions.
- :mod:`~scones.model.evaluation` and :mod:`~scones.model.measures` measure a model.
- :mod:`~scones.model.confidence` calibrates a model and proposes a threshold.
- :mod:`~scones.model.image` knows the algorithm's container image.
"""
