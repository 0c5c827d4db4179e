"""Who may do what in the local cloud: AWS's policies, judged as IAM judges them.

moto knows the ARNs of S3 only; every other service it judges with the resource ``*``, so that a statement that names
an ARN never matches. Here a request passes four steps, each a module::

    derivation   environ, service, operation, parameters  ->  the accesses it needs: action, resources, context keys
    principals   the key that signed it                   ->  who asks
    gathering    who asks, and for what                   ->  the policies that have a say
    evaluation   the request and the policies             ->  allowed or not, why, and by which statements

``policies`` and ``conditions`` read and match the policy language; all but ``derivation`` and ``gathering`` are pure
and know nothing of moto.
"""
