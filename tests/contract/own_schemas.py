"""Schemas of what the published descriptions leave out, made from recorded traffic.

Source: site-recovery facts, section 1 ("LRO on the wire") and section 5; Entra's answers as azure-identity reads them.
"""

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from tests.contract.pairs import Pair, PairClass


class Strict(BaseModel):
    """No member but those named."""

    model_config = ConfigDict(extra="forbid")


class Document(Strict):
    """The whole body of an answer. Each of these must be used by a pair."""


class ErrorDetail(Strict):
    """ARM's error (CloudError): code and message at least."""

    code: str = Field(min_length=1)
    message: str = Field(min_length=1)
    target: str | None = None
    details: list["ErrorDetail"] | None = None
    additionalInfo: list[dict[str, Any]] | None = None  # noqa: N815 - wire name


class ArmError(Document):
    """The body of a refused request."""

    error: ErrorDetail


class OperationStatus(Document):
    """Status document of a long-running operation, as recorded."""

    id: str | None
    name: str
    status: Literal["InProgress", "Succeeded", "Failed", "Canceled"]
    error: ErrorDetail | None
    properties: None
    startTime: AwareDatetime  # noqa: N815 - wire name
    endTime: AwareDatetime | None  # noqa: N815 - wire name
    percentComplete: float | None  # noqa: N815 - wire name


class OperationResult(Document):
    """What operationresults answers at the end: the resource that the operation was about."""

    id: str = Field(pattern="^/Subscriptions/")
    name: str
    type: str = Field(pattern="^Microsoft.RecoveryServices/vaults/")
    properties: dict[str, Any]


class Token(Document):
    """A token of the client credentials flow."""

    token_type: Literal["Bearer"]
    expires_in: int
    ext_expires_in: int
    access_token: str = Field(min_length=1)


class TokenError(Document):
    """Entra's refusal."""

    error: str
    error_description: str
    error_codes: list[int]
    timestamp: str
    trace_id: str
    correlation_id: str
    error_uri: str | None = None


class OpenIdConfiguration(Document):
    """The tenant's metadata, which azure-identity asks for when instance discovery is off.

    Source: https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    device_authorization_endpoint: str
    jwks_uri: str
    response_types_supported: list[str]
    response_modes_supported: list[str]
    subject_types_supported: list[str]
    id_token_signing_alg_values_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    scopes_supported: list[str]
    tenant_region_scope: str | None = None


class VaultProperties(Strict):
    """What a vault says of itself."""

    provisioningState: str  # noqa: N815 - wire name
    privateEndpointStateForBackup: str | None = None  # noqa: N815
    privateEndpointStateForSiteRecovery: str | None = None  # noqa: N815


class Sku(Strict):
    """A vault's kind; RS0 is the one that exists."""

    name: str
    tier: str | None = None


class Vault(Document):
    """A Recovery Services vault."""

    id: str
    name: str
    type: str
    location: str
    etag: str | None = None
    tags: dict[str, str] | None = None
    sku: Sku
    properties: VaultProperties


class LockProperties(Strict):
    """What a lock forbids."""

    level: Literal["CanNotDelete", "ReadOnly"]
    notes: str | None = None


class Lock(Strict):
    """A management lock; below the resource or group that it locks."""

    id: str = Field(pattern="(?i)/providers/Microsoft.Authorization/locks/[^/]+$")
    name: str
    type: Literal["Microsoft.Authorization/locks"]
    properties: LockProperties


class Locks(Document):
    """The locks of a subscription.

    Source: the published description of Microsoft.Authorization 2016-09-01, ManagementLocks_ListAtSubscriptionLevel.
    """

    value: list[Lock]
    nextLink: str | None = None  # noqa: N815 - wire name


class Permission(Strict):
    """What a role allows and takes back."""

    actions: list[str]
    notActions: list[str]  # noqa: N815 - wire name
    dataActions: list[str] | None = None  # noqa: N815 - wire name
    notDataActions: list[str] | None = None  # noqa: N815 - wire name


class Permissions(Document):
    """The caller's permissions on a resource.

    Source: the published description of Microsoft.Authorization 2022-04-01, Permissions_ListForResource.
    """

    value: list[Permission]
    nextLink: str | None = None  # noqa: N815 - wire name


class StorageAccount(Strict):
    """An account; of its properties the operator reads none."""

    id: str = Field(pattern="(?i)/providers/Microsoft.Storage/storageAccounts/[^/]+$")
    name: str
    type: Literal["Microsoft.Storage/storageAccounts"]
    location: str
    kind: str | None = None
    sku: Sku | None = None
    tags: dict[str, str] | None = None
    properties: dict[str, Any] | None = None


class StorageAccounts(Document):
    """The storage accounts of a subscription.

    Source: the published description of Microsoft.Storage, StorageAccounts_List.
    """

    value: list[StorageAccount]
    nextLink: str | None = None  # noqa: N815 - wire name


def schema_of(pair: Pair) -> type[Document] | None:  # noqa: PLR0911 - one return a class
    """The schema of a pair's answer; None where the answer is described elsewhere, broken, or has no body."""
    match pair.pair_class:
        case PairClass.ERROR:
            return ArmError
        case PairClass.OPERATION_STATUS:
            return OperationStatus
        case PairClass.OPERATION_RESULT:
            return None if pair.status == 202 else OperationResult
        case PairClass.TOKEN if pair.method == "GET":
            return OpenIdConfiguration
        case PairClass.TOKEN:
            return Token if pair.status == 200 else TokenError
        case PairClass.VAULT:
            return Vault
        case PairClass.LOCKS:
            return Locks
        case PairClass.PERMISSIONS:
            return Permissions
        case PairClass.STORAGE:
            return StorageAccounts
        case PairClass.DESCRIBED | PairClass.BROKEN:
            return None
