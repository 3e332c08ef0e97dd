"""azure-identity's credentials of an endpoint, with a token that can be forgotten."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias, assert_never

from azure.core.credentials import AccessToken, AccessTokenInfo
from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline.transport import AsyncHttpTransport
from azure.identity.aio import ClientSecretCredential, WorkloadIdentityCredential

from .endpoint import AzureEndpoint, ClientSecret, WorkloadIdentity

SdkCredential: TypeAlias = ClientSecretCredential | WorkloadIdentityCredential


class RenewableCredential:
    """The endpoint's credential. `forget` drops tokens that the service refused although they seem valid."""

    def __init__(
        self, endpoint: AzureEndpoint, transport: Callable[[], AsyncHttpTransport[Any, Any]], retries: dict[str, Any]
    ) -> None:
        self._endpoint = endpoint
        self._transport = transport
        self._retries = retries
        self._current: SdkCredential | None = None

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """A token for `scopes`."""
        async with self._forgetting():
            return await self._login().get_token(*scopes, **options)

    async def get_token_info(self, *scopes: str, options: Any = None) -> AccessTokenInfo:
        """A token for `scopes`, with when to renew it."""
        async with self._forgetting():
            return await self._login().get_token_info(*scopes, options=options)

    async def forget(self) -> None:
        """Log in anew next time."""
        current, self._current = self._current, None
        if current is not None:
            await current.close()

    async def close(self) -> None:
        """Release what is held."""
        await self.forget()

    @asynccontextmanager
    async def _forgetting(self) -> AsyncIterator[None]:
        """After a refusal nothing is kept: the SDK holds the text of a projected token's file for minutes."""
        try:
            yield
        except ClientAuthenticationError:
            await self.forget()
            raise

    def _login(self) -> SdkCredential:
        if self._current is None:
            self._current = self._made()
        return self._current

    def _made(self) -> SdkCredential:
        endpoint = self._endpoint
        options: dict[str, Any] = {
            "authority": endpoint.addresses.authority,
            "disable_instance_discovery": not endpoint.is_discoverable,
            "transport": self._transport(),
            **self._retries,
        }
        match endpoint.credential:
            case ClientSecret(client_id, secret):
                return ClientSecretCredential(endpoint.tenant_id, client_id, secret, **options)
            case WorkloadIdentity(client_id, token_file):
                return WorkloadIdentityCredential(
                    tenant_id=endpoint.tenant_id, client_id=client_id, token_file_path=token_file, **options
                )
            case other:
                assert_never(other)
