"""Writes certificates as the bytes of DER, and JSON Web Keys as JSON. moto's ACM and Cognito have them.

Example::

    >>> from joserfc.jwk import RSAKey
    >>> pickling = Pickling()
    >>> install_web_keys(pickling)
    >>> key = RSAKey.generate_key(2048, private=True)
    >>> pickling.loads(pickling.dumps(key)).as_dict(private=True) == key.as_dict(private=True)
    True
"""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate, load_der_x509_certificate

from localcloud.durability.pickling import Pickling


def install(pickling: Pickling) -> None:
    """Write certificates as bytes."""
    pickling.write_as(Certificate, lambda found: (certificate, (found.public_bytes(Encoding.DER),)))


def install_web_keys(pickling: Pickling) -> None:
    """Write JSON Web Keys as JSON. Their library is read only when somebody uses Cognito."""
    from joserfc.jwk import RSAKey

    pickling.write_as(RSAKey, lambda found: (web_key, (found.as_dict(private=True),)))


def certificate(content: bytes) -> Certificate:
    """A certificate from its bytes."""
    return load_der_x509_certificate(content)


def web_key(content: dict[str, Any]) -> Any:
    """A private key from its JSON (RFC 7517)."""
    from joserfc.jwk import RSAKey

    return RSAKey.import_key(content)
