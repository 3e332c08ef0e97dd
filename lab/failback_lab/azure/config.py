"""Configuration of the Azure simulator: what the launcher writes and `python -m failback_lab.azure` reads."""

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field


class Part(BaseModel):
    """Base of all parts: a misspelt field is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FederatedCredential(Part):
    """A trust of the application in tokens of another issuer, such as a cluster's service accounts.

    Source: https://learn.microsoft.com/entra/workload-id/workload-identity-federation
    """

    issuer: str
    subject: str
    audience: str = "api://AzureADTokenExchange"
    public_key: Path | None = None
    """PEM of the issuer's key; without it the signature is not checked."""


class Principal(Part):
    """An application that may log in. Actions, given and denied, may hold `*`, as those of roles do."""

    client_id: str
    object_id: str
    secrets: tuple[str, ...] = ()
    federated: tuple[FederatedCredential, ...] = ()
    actions: tuple[str, ...] = ("*",)
    denied_actions: tuple[str, ...] = ()


class VCenterAccess(Part):
    """How the configuration server reaches vCenter. Without it the on-premises side is a table made of the scenario."""

    host: str
    port: int
    username: str
    password: str
    ca_pem: Path


class Durations(Part):
    """How long things take, in seconds before scaling. Jobs as recorded, the rest as documented.

    Source: site-recovery facts, sections 1 (refresh, agent), 2 (jobs) and 3 (grace of the agent).
    """

    failover: float = 210
    commit: float = 110
    reprotect: float = 120
    finalize: float = 60
    refresh: float = 120
    short_job: float = 20
    discovery: float = 1800
    retention_listed: float = 900
    agent_registration: float = 900
    sync_minimum: float = 300
    sync_mib_per_second: float = 50
    recovery_point: float = 300
    app_consistent_point: float = 3600


class Limits(Part):
    """Page sizes and the budget of reads and writes an hour.

    Source: site-recovery facts, section 5 (12,000 reads and 1,200 writes an hour).
    """

    page_size: int = Field(default=5, ge=1)
    reads_per_hour: int = 12000
    writes_per_hour: int = 1200


class LabConfig(Part):
    """Everything that the simulator's process needs."""

    scenario: Path
    host: str = "localhost"
    port: int = 0
    regional_host: str | None = None
    """Host of long-running operations' URLs, as a region's own host in the service; the same process answers on both."""
    certificate: Path
    key: Path
    tenant_id: str
    subscription_id: str
    principals: tuple[Principal, ...]
    lab_token: str = Field(repr=False)
    ready_file: Path | None = None
    """Written with the port once the server listens."""
    vcenter: VCenterAccess | None = None
    speed: float = Field(default=1.0, gt=0)
    token_seconds: int = 3599
    record: Path | None = None
    durations: Durations = Durations()
    limits: Limits = Limits()
    casing_drift: bool = True
    """Answer with the spelling `sourceVmCPUCount` that was recorded in 2017 traffic."""
    group_reprotect: bool = False
    """One reProtect carries the whole multi-VM group; undocumented, so both ways can be tried."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the configuration from JSON. Raises pydantic.ValidationError naming each wrong field."""
        return cls.model_validate_json(path.read_text(encoding="utf-8"))
