"""Who may do what in the local cloud: AWS's policies, judged as IAM judges them. It knows no other service.

moto knows the ARNs of S3 only; every other service it judges with the resource ``*``, so that a statement that names
an ARN never matches. Here a request passes five steps, each a module::

    signatures   the request                          ->  the key that signed it, and whether the signature is right
    principals   the key                              ->  who asks
    derivation   operation, parameters, registry      ->  the accesses it needs: action, resources, context keys
    gathering    who asks, and for what, registry     ->  the policies that have a say
    evaluation   the request and the policies         ->  allowed or not, why, and by which statements

``policies`` and ``conditions`` read and match the policy language. These two, ``signatures`` and ``evaluation`` are
pure and know nothing of moto. What the services know of their operations and resources, they put into the ``registry``.
"""
