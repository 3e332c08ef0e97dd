"""Schemas of what the published descriptions leave out, made from recorded traffic.

Source: site-recovery facts, section 1 ("LRO on the wire") and section 5; Entra's token answers as azure-identity reads them.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Strict(BaseModel):
    """No member but those named."""

    model_config = ConfigDict(extra="forbid")


class ErrorDetail(Strict):
    """ARM's error (CloudError): code and message at least."""

    code: str = Field(min_length=1)
    message: str = Field(min_length=1)
    target: str | None = None
    details: list["ErrorDetail"] | None = None
    additionalInfo: list[dict[str, Any]] | None = None  # noqa: N815 - wire name


class ArmError(Strict):
    """The body of a refused request."""

    error: ErrorDetail


class OperationStatus(Strict):
    """Status document of a long-running operation, as recorded."""

    id: str | None
    name: str
    status: Literal["InProgress", "Succeeded", "Failed", "Canceled"]
    error: ErrorDetail | None
    properties: None
    startTime: str  # noqa: N815 - wire name
    endTime: str | None  # noqa: N815 - wire name
    percentComplete: float | None  # noqa: N815 - wire name


class Token(Strict):
    """A token of the client credentials flow."""

    token_type: Literal["Bearer"]
    expires_in: int
    ext_expires_in: int
    access_token: str = Field(min_length=1)


class TokenError(Strict):
    """Entra's refusal."""

    error: str
    error_description: str
    error_codes: list[int]
    timestamp: str
    trace_id: str
    correlation_id: str
    error_uri: str | None = None


class VaultProperties(Strict):
    """What a vault says of itself."""

    provisioningState: str  # noqa: N815 - wire name
    privateEndpointStateForBackup: str | None = None  # noqa: N815
    privateEndpointStateForSiteRecovery: str | None = None  # noqa: N815


class Sku(Strict):
    """A vault's kind; RS0 is the one that exists."""

    name: str
    tier: str | None = None


class Vault(Strict):
    """A Recovery Services vault."""

    id: str
    name: str
    type: str
    location: str
    etag: str | None = None
    tags: dict[str, str] | None = None
    sku: Sku
    properties: VaultProperties
