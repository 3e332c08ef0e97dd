"""Resource Manager's forms: ids, errors, calls and replies."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

Json = dict[str, object]


class ArmError(Exception):
    """A refusal, answered as ARM's error body. `code` is the service's code or one of the lab's own."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})


@dataclass(frozen=True, slots=True)
class Call:
    """One request, parsed: `params` are the names in the path, `query` its keys in lower case.

    `actions` and `denied_actions` are those of who sent it.
    """

    method: str
    path: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: Json
    client_request_id: str = ""
    actions: tuple[str, ...] = ()
    denied_actions: tuple[str, ...] = ()


@dataclass(slots=True)
class Reply:
    """One answer. `item` and `job` are for the request log."""

    body: Json | None = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    item: str | None = None
    job: str | None = None


Handler = Callable[[Call], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Route:
    """A handler of a method on a path pattern such as `{vault}/replicationJobs/{job}`."""

    method: str
    pattern: str
    operation: str
    handler: Handler


def error_body(code: str, message: str) -> Json:
    """ARM's error form."""
    return {"error": {"code": code, "message": message}}


def not_found(resource_type: str, name: str, group: str) -> ArmError:
    """ARM's answer for a resource that does not exist."""
    message = f"The Resource '{resource_type}/{name}' under resource group '{group}' was not found."
    return ArmError(404, "ResourceNotFound", message)


@dataclass(frozen=True, slots=True)
class Ids:
    """Resource ids of the lab. Site Recovery spells the first segment `Subscriptions`, other providers do not.

    Source: site-recovery facts, section 1, "LRO on the wire".
    """

    subscription: str
    vault_group: str
    vault_name: str
    fabric: str
    container: str
    provider: str

    @property
    def vault(self) -> str:
        return (
            f"/Subscriptions/{self.subscription}/resourceGroups/{self.vault_group}"
            f"/providers/Microsoft.RecoveryServices/vaults/{self.vault_name}"
        )

    @property
    def fabric_id(self) -> str:
        return f"{self.vault}/replicationFabrics/{self.fabric}"

    @property
    def container_id(self) -> str:
        return f"{self.fabric_id}/replicationProtectionContainers/{self.container}"

    @property
    def provider_id(self) -> str:
        return f"{self.fabric_id}/replicationRecoveryServicesProviders/{self.provider}"

    def item(self, name: str) -> str:
        return f"{self.container_id}/replicationProtectedItems/{name}"

    def protectable(self, name: str) -> str:
        return f"{self.container_id}/replicationProtectableItems/{name}"

    def policy(self, name: str) -> str:
        return f"{self.vault}/replicationPolicies/{name}"

    def job(self, name: str) -> str:
        return f"{self.vault}/replicationJobs/{name}"

    def of(self, group: str, kind: str, name: str) -> str:
        """Id of a resource of another provider; `kind` as in `Microsoft.Compute/virtualMachines`."""
        return f"/subscriptions/{self.subscription}/resourceGroups/{group}/providers/{kind}/{name}"
