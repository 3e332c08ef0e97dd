"""ProcessServer: carries replication data between Azure and the site."""

from typing import Literal

from pydantic import Field

from failback_operator.api.common import ApiModel, LocalRef, Resource, StatusBase, Text


class ProcessServerSpec(ApiModel):
    """What is wanted of a process server that exists."""

    site_ref: LocalRef = Field(description="The RecoverySite.")
    server_name: Text = Field(description="Name under which Site Recovery lists the process server.")
    location: Literal["Azure", "OnPremises"] = Field(description="Where it stands; for failback it belongs in Azure.")


class ProcessServerStatus(StatusBase):
    """What is known of a process server."""

    ip_address: str | None = Field(default=None, description="Its address.", max_length=63)
    version: str | None = Field(default=None, description="Its agent version.", max_length=63)
    health: str | None = Field(default=None, description="Health as Site Recovery says.", max_length=63)
    machines: int | None = Field(default=None, description="Machines that replicate through it.", ge=0)


class ProcessServer(Resource[ProcessServerSpec, ProcessServerStatus]):
    """A process server."""

    status: ProcessServerStatus = Field(default_factory=ProcessServerStatus)
