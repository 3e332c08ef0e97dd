"""Entra ID: OpenID metadata and the token endpoint for client_credentials, by secret or by federated assertion.

Source: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow and
https://learn.microsoft.com/entra/identity-platform/reference-error-codes
"""

import hmac
from collections.abc import Mapping
from uuid import uuid4

from .arm import Json, Reply
from .assertions import AssertionRefusedError, check_assertion
from .clock import wire_seconds
from .directory import Account, Directory

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# Resources that exist in every tenant although Resource Manager does not accept their tokens.
OTHER_RESOURCES = ("https://graph.microsoft.com",)


class _RefusedError(Exception):
    def __init__(self, status: int, error: str, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.error, self.code = status, error, code


class Entra:
    """Answers below `/{tenant}/`."""

    def __init__(self, directory: Directory, base_url: str) -> None:
        self._directory = directory
        self._base_url = base_url

    @property
    def authority(self) -> str:
        """URL of the tenant."""
        return f"{self._base_url}/{self._directory.tenant_id}"

    def metadata(self, tenant: str) -> Reply:
        """The OpenID configuration that azure-identity asks for when instance discovery is off."""
        if tenant.casefold() != self._directory.tenant_id.casefold():
            return self._error(_unknown_tenant(tenant))
        base = self.authority
        return Reply(
            {
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
                "jwks_uri": f"{base}/discovery/v2.0/keys",
                "response_modes_supported": ["query", "fragment", "form_post"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
                "scopes_supported": ["openid", "profile", "email", "offline_access"],
                "issuer": f"{base}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
                "tenant_region_scope": "AS",
            }
        )

    def keys(self) -> Reply:
        """The signing keys: none, for nobody but Resource Manager checks these tokens."""
        return Reply({"keys": []})

    def token(self, tenant: str, form: Mapping[str, str]) -> Reply:
        """A token, or the directory's error."""
        try:
            if tenant.casefold() != self._directory.tenant_id.casefold():
                raise _unknown_tenant(tenant)
            account = self._login(form)
            audience = self._audience(form.get("scope", ""))
        except _RefusedError as refused:
            return self._error(refused)
        seconds = int(self._directory.lifetime.total_seconds())
        token = self._directory.issue(account, audience)
        return Reply({"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token})

    def _login(self, form: Mapping[str, str]) -> Account:
        if form.get("grant_type") != "client_credentials":
            raise _RefusedError(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
        client_id = form.get("client_id", "")
        account = self._directory.accounts.get(client_id)
        if account is None:
            text = f"Application with identifier '{client_id}' was not found in the directory."
            raise _RefusedError(400, "unauthorized_client", 700016, text)
        if form.get("client_assertion_type") == ASSERTION_TYPE:
            try:
                check_assertion(form.get("client_assertion", ""), account.federated, self._directory.clock.now())
            except AssertionRefusedError as bad:
                raise _RefusedError(401, "invalid_client", bad.code, str(bad)) from bad
        elif not any(hmac.compare_digest(s, form.get("client_secret", "")) for s in account.secrets):
            text = (
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "
                f"not the client secret ID, for a secret added to app '{client_id}'."
            )
            raise _RefusedError(401, "invalid_client", 7000215, text)
        return account

    def _audience(self, scope: str) -> str:
        if not scope.endswith("/.default"):
            raise _RefusedError(400, "invalid_scope", 1002012, f"The provided value for scope {scope} is not valid.")
        audience = scope.removesuffix("/.default")
        known = (*self._directory.audiences, *OTHER_RESOURCES)
        if audience.rstrip("/") not in known:
            text = f"The resource principal named {audience} was not found in the tenant."
            raise _RefusedError(400, "invalid_resource", 500011, text)
        return audience

    def _error(self, refused: _RefusedError) -> Reply:
        trace, correlation = str(uuid4()), str(uuid4())
        stamp = wire_seconds(self._directory.clock.now()).replace("T", " ")
        tail = f" Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}"
        body: Json = {
            "error": refused.error,
            "error_description": f"AADSTS{refused.code}: {refused}{tail}",
            "error_codes": [refused.code],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"{self._base_url}/error?code={refused.code}",
        }
        return Reply(body, refused.status)


def _unknown_tenant(tenant: str) -> _RefusedError:
    text = (
        f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."
    )
    return _RefusedError(400, "invalid_tenant", 90002, text)
