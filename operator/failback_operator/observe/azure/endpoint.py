"""Where a site's Azure is and how to log in to it. Plain data."""

import re
from dataclasses import dataclass, field
from enum import StrEnum

_CLIENT_ASSERTION = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*")


class Cloud(StrEnum):
    """The clouds that are known by name; any other is Custom and gives its addresses."""

    PUBLIC = "Public"
    CHINA = "China"
    US_GOVERNMENT = "USGovernment"
    CUSTOM = "Custom"


@dataclass(frozen=True, slots=True)
class CloudAddresses:
    """URLs of a cloud's resource manager and authority, and the audience of its tokens."""

    resource_manager: str
    authority: str
    audience: str

    @property
    def scope(self) -> str:
        """What a token is asked for."""
        return self.audience.rstrip("/") + "/.default"


CLOUDS = {
    # Source: azure.mgmt.core.tools.get_arm_endpoints and azure.identity.AzureAuthorityHosts.
    Cloud.PUBLIC: CloudAddresses(
        "https://management.azure.com", "https://login.microsoftonline.com", "https://management.azure.com"
    ),
    Cloud.CHINA: CloudAddresses(
        "https://management.chinacloudapi.cn", "https://login.chinacloudapi.cn", "https://management.chinacloudapi.cn"
    ),
    Cloud.US_GOVERNMENT: CloudAddresses(
        "https://management.usgovcloudapi.net", "https://login.microsoftonline.us", "https://management.core.usgovcloudapi.net"
    ),
}


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """An application's secret."""

    client_id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class WorkloadIdentity:
    """A projected token of the pod's service account, which the authority trusts."""

    client_id: str
    token_file: str


Credential = ClientSecret | WorkloadIdentity


@dataclass(frozen=True, slots=True)
class AzureEndpoint:
    """One vault's fabric in one Azure, and the log-in. Equal endpoints may share a session.

    `ca_pem`: certificates trusted instead of the system's (PEM text), for resource manager and authority alike.
    """

    cloud: Cloud
    addresses: CloudAddresses
    tenant_id: str
    credential: Credential
    subscription_id: str
    resource_group: str
    vault: str
    fabric: str
    ca_pem: str | None = field(default=None, repr=False)

    @property
    def is_discoverable(self) -> bool:
        """Whether the authority is one that the public instance discovery knows."""
        return self.cloud is not Cloud.CUSTOM

    @property
    def vault_text(self) -> str:
        """The vault as messages name it."""
        return f"vault {self.vault} in resource group {self.resource_group} of subscription {self.subscription_id}"

    def redact(self, text: str) -> str:
        """`text` without the log-in's secret and without tokens."""
        if isinstance(self.credential, ClientSecret) and self.credential.secret:
            text = text.replace(self.credential.secret, "***")
        return _CLIENT_ASSERTION.sub("***", text)
