"""The tenant's applications and the tokens that were issued to them."""

import base64
import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from .arm import ArmError
from .clock import Clock
from .config import FederatedCredential, LabConfig


@dataclass(slots=True)
class Account:
    """An application with its service principal; secrets and denied actions may change while the lab runs."""

    client_id: str
    object_id: str
    secrets: tuple[str, ...]
    federated: tuple[FederatedCredential, ...]
    actions: tuple[str, ...]
    denied_actions: tuple[str, ...]

    def may(self, action: str) -> bool:
        """Whether a pattern of what is given covers `action`, and none of what is denied does."""
        return _covered(self.actions, action) and not _covered(self.denied_actions, action)


def _covered(patterns: tuple[str, ...], action: str) -> bool:
    return any(fnmatchcase(action.casefold(), pattern.casefold()) for pattern in patterns)


@dataclass(slots=True)
class _Grant:
    account: Account
    audience: str
    expires: datetime


@dataclass(slots=True)
class Directory:
    """Accounts by client id, and live tokens."""

    clock: Clock
    tenant_id: str
    lifetime: timedelta
    audiences: frozenset[str]
    """Audiences that Resource Manager accepts, without a closing slash."""
    accounts: dict[str, Account]
    _grants: dict[str, _Grant] = field(default_factory=dict)
    _revoked: set[str] = field(default_factory=set)

    def issue(self, account: Account, audience: str) -> str:
        """A new bearer token, shaped like a JWT; only the directory can tell what it is worth."""
        now = self.clock.now()
        claims = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{self.tenant_id}/",
            "iat": int(now.timestamp()),
            "exp": int((now + self.lifetime).timestamp()),
            "appid": account.client_id,
            "oid": account.object_id,
            "tid": self.tenant_id,
        }
        token = ".".join((_part({"typ": "JWT", "alg": "none"}), _part(claims), secrets.token_urlsafe(24)))
        self._grants[token] = _Grant(account, audience, now + self.lifetime)
        return token

    def revoke_all(self) -> int:
        """Make all tokens invalid, as a revocation in the directory does; returns how many there were."""
        count = len(self._grants)
        self._revoked |= set(self._grants)
        self._grants.clear()
        return count

    def account_of(self, authorization: str | None, authority: str) -> Account:
        """Who sends this Authorization header. Raises ArmError 401 with a challenge, as Resource Manager does."""
        if not authorization or not authorization.casefold().startswith("bearer "):
            raise challenge(authority, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
        token = authorization[7:].strip()
        grant = self._grants.get(token)
        if grant is None:
            if token in self._revoked:
                raise revoked(authority)
            raise challenge(authority, "InvalidAuthenticationToken", "The access token is invalid.")
        if grant.expires <= self.clock.now():
            raise challenge(authority, "ExpiredAuthenticationToken", "The access token expiry UTC time is in the past.")
        if grant.audience.rstrip("/") not in self.audiences:
            text = f"The access token has been obtained for wrong audience or resource '{grant.audience}'."
            raise challenge(authority, "InvalidAuthenticationTokenAudience", text)
        return grant.account


def _part(value: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def challenge(authority: str, code: str, message: str) -> ArmError:
    """A 401 with the plain challenge, from which a client cannot recover by itself."""
    header = f'Bearer authorization_uri="{authority}", error="invalid_token", error_description="{message}"'
    return ArmError(401, code, message, {"WWW-Authenticate": header})


def revoked(authority: str) -> ArmError:
    """A 401 with a claims challenge (continuous access evaluation): clients fetch a new token and repeat the request.

    Source: site-recovery facts, section 5; https://learn.microsoft.com/entra/identity-platform/claims-challenge
    """
    claims = base64.b64encode(b'{"access_token":{"nbf":{"essential":true,"value":"1"}}}').decode()
    message = "The access token has expired or been revoked."
    header = f'Bearer authorization_uri="{authority}", error="insufficient_claims", claims="{claims}"'
    return ArmError(401, "ExpiredAuthenticationToken", message, {"WWW-Authenticate": header})


def build_directory(config: LabConfig, clock: Clock, base_urls: tuple[str, ...]) -> Directory:
    """The configured applications. Tokens for public Resource Manager and for the lab's own URLs are good here."""
    public = ("https://management.azure.com", "https://management.core.windows.net")
    accounts = {
        p.client_id: Account(p.client_id, p.object_id, p.secrets, p.federated, p.actions, p.denied_actions)
        for p in config.principals
    }
    lifetime = timedelta(seconds=config.token_seconds)
    return Directory(clock, config.tenant_id, lifetime, frozenset((*public, *base_urls)), accounts)
