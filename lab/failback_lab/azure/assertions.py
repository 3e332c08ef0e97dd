"""Client assertions of federated credentials: tokens of another issuer by which an application logs in."""

import base64
import binascii
import json
from collections.abc import Iterable
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from .arm import Json
from .config import FederatedCredential


class AssertionRefusedError(Exception):
    """An assertion that no federated credential accepts; carries the directory's code and message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def check_assertion(assertion: str, trusted: Iterable[FederatedCredential], now: datetime) -> None:
    """Accept a JWT that one of `trusted` describes. Raises AssertionRefusedError."""
    claims = _claims(assertion)
    issuer, subject, audience = claims.get("iss"), claims.get("sub"), claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    match = [c for c in trusted if c.issuer == issuer and c.subject == subject and c.audience in audiences]
    if not match:
        text = "No matching federated identity record found for presented assertion"
        raise AssertionRefusedError(70021, f"{text} issuer '{issuer}', subject '{subject}', audience '{audience}'.")
    expires = claims.get("exp")
    if not isinstance(expires, int | float) or expires <= now.timestamp():
        raise AssertionRefusedError(700024, "Client assertion is not within its valid time range.")
    if not any(_is_signed(assertion, c) for c in match):
        raise AssertionRefusedError(700027, "The certificate or key used to sign the client assertion is not known.")


def _claims(assertion: str) -> Json:
    try:
        claims = json.loads(_decode(assertion.split(".")[1]))
    except (IndexError, ValueError, binascii.Error) as error:
        raise AssertionRefusedError(50027, "JWT token is invalid or malformed.") from error
    if not isinstance(claims, dict):
        raise AssertionRefusedError(50027, "JWT token is invalid or malformed.")
    return claims


def _decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _is_signed(assertion: str, credential: FederatedCredential) -> bool:
    if credential.public_key is None:
        return True
    key = load_pem_public_key(credential.public_key.read_bytes())
    signed, _, signature = assertion.rpartition(".")
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    try:
        key.verify(_decode(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, binascii.Error):
        return False
    return True
