"""What is kept of KMS: private keys as the bytes of PKCS #8 (RFC 5958)."""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from localcloud.context import Context


def install(context: Context) -> None:
    """Write private keys as bytes."""
    for kind in (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey):
        context.pickling.write_as(kind, _reduced)


def read(content: bytes) -> Any:
    """A private key from its bytes."""
    return load_der_private_key(content, password=None)


def _reduced(key: Any) -> Any:
    return read, (key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),)
