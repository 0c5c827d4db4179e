"""Checks permissions as IAM does: AWS's policies decide about every request.

moto knows the ARNs of S3 only. For every other service it uses the resource ``*``, so a statement with an ARN never
matches. Here a request passes six steps, and each step is a module::

    signatures   the request                          ->  its access key, and whether the signature is right
    principals   the access key                       ->  the principal
    derivation   operation, parameters, registry      ->  the accesses it needs: action, resources, context keys
    gathering    principal, resources, registry       ->  the policies that apply
    lookups      the request, the policies' keys      ->  the condition keys of what there is: tags, ids, objects
    evaluation   the request and the policies         ->  allowed or denied, the reason, and the statements that decided

``documents`` refuses a policy that cannot be read, where it is put. ``simulation`` evaluates policies without a
request. ``policies`` and ``conditions`` read and match the policy language. These, ``signatures`` and ``evaluation``
are pure and do not use moto. This package knows the operations of IAM and STS only. The other services put their
operations and resources into the ``registry``.
"""
