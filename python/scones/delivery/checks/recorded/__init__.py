"""Compares the local cloud's Step Functions with the answers of AWS that LocalStack has recorded.

github.com/localstack/localstack (Apache-2.0) has about 1,080 tests of Step Functions under
``tests/aws/services/stepfunctions``, each with AWS's answers in a snapshot file. LocalStack's tests can run against AWS
itself. :mod:`~scones.delivery.checks.recorded.running` runs those of a user's checkout in that mode against a local
cloud of their own. :mod:`~scones.delivery.checks.recorded.outcomes` reads what came of it. The comparison is strict: a
difference that LocalStack allows itself is a failure here.

``reasons.toml`` has the reasons for the failures that are known. Nothing of LocalStack is in this repository.
"""
