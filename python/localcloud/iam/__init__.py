"""Checks permissions as IAM does: AWS's policies decide about every request.

moto knows the ARNs of S3 only. For every other service it uses the resource ``*``, so a statement with an ARN never
matches. Here a request passes five steps, and each step is a module::

    signatures   the request                          ->  its access key, and whether the signature is right
    principals   the access key                       ->  the principal
    derivation   operation, parameters, registry      ->  the accesses it needs: action, resources, context keys
    gathering    principal, resources, registry       ->  the policies that apply
    evaluation   the request and the policies         ->  allowed or denied, the reason, and the statements that decided

``policies`` and ``conditions`` read and match the policy language. These two modules, ``signatures`` and ``evaluation``
are pure and do not use moto. This package knows the operations of IAM and STS only. The other services put their
operations and resources into the ``registry``.
"""
