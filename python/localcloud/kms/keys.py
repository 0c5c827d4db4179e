"""Keys by identifier, alias or ARN, their tags, and the permissions to use a key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from moto.kms.models import kms_backends

from localcloud import arns
from localcloud.iam.evaluation import Access
from localcloud.iam.needs import Given


def arn_of(key: str, account: str, region: str) -> str | None:
    """A key's ARN by its identifier, alias or ARN.

    None for a key that the account did not create, such as ``alias/aws/s3``.
    """
    if found := arns.read(key):
        region, account, key = found.region, found.account, found.resource
        if not found.is_of("kms", region, account):
            return None
    try:
        known = kms_backends[account][region]
    except KeyError:  # AWS has no such region
        return None
    key = key.removeprefix("key/")
    if key.startswith("alias/"):
        key = known.get_key_id_from_alias(key) or ""
    return known.keys[key].arn if key in known.keys else None


def tags(arn: str) -> Given:
    """The condition keys of a key's tags."""
    _, _, _, region, account, _ = arn.split(":", 5)
    return {f"aws:resourcetag/{key}".lower(): (value,) for key, value in tags_of(account, region, arn).items()}


def tags_of(account: str, region: str, arn: str) -> dict[str, str]:
    """A key's tags; none if there is no such key. An alias has none."""
    backend, name = kms_backends[account][region], arn.split(":", 5)[5].removeprefix("key/")
    return dict(backend.tagger.get_tag_dict_for_resource(name)) if name in backend.keys else {}


def attributes(arn: str) -> Given:
    """The condition keys of what a key is, and of its aliases. None if there is no such key."""
    _, _, _, region, account, name = arn.split(":", 5)
    backend, name = kms_backends[account][region], name.removeprefix("key/")
    key = backend.keys.get(name)
    if key is None:
        return {}
    aliases = tuple(sorted(key.aliases))
    found: Given = {
        "kms:keyorigin": (key.origin,),
        "kms:keyspec": (key.key_spec,),
        "kms:keyusage": (key.key_usage,),
        "kms:multiregion": (str(bool(key.multi_region)).lower(),),
    }
    return found | ({"kms:resourcealiases": aliases} if aliases else {})


def encryption_context(pairs: Mapping[str, str]) -> Given:
    """The condition keys of an encryption context.

    Example::

        >>> encryption_context({"aws:s3:arn": "arn:aws:s3:::images"})["kms:encryptioncontextkeys"]
        ('aws:s3:arn',)
    """
    if not pairs:
        return {}
    found: Given = {f"kms:encryptioncontext:{name}".lower(): (value,) for name, value in pairs.items()}
    return found | {"kms:encryptioncontextkeys": tuple(pairs)}


def uses(key: str, actions: Iterable[str], service: str, about: Mapping[str, str]) -> list[Access]:
    """The accesses that a service needs to use a key in a principal's name.

    Args:
        key: The key's ARN.
        actions: Actions such as ``kms:Decrypt``.
        service: The service that uses the key, ``s3.us-east-1.amazonaws.com``.
        about: The encryption context.
    """
    context = {
        "kms:calleraccount": (key.split(":")[4],),
        "kms:viaservice": (service,),
        **tags(key),
        **attributes(key),
        **encryption_context(about),
    }
    return [Access(action, (key,), context) for action in actions]
