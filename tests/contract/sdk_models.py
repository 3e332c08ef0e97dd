"""Round trip through the SDK's models: a member that no model declares is a misspelling, or must be listed by path."""

import re
from collections.abc import Iterator
from typing import Any

from azure.mgmt.compute import models as compute
from azure.mgmt.recoveryservicessiterecovery import models as recovery

# By the last two named parts of the path: (collection, is it one resource?) → model.
MODELS: dict[str, type] = {
    "replicationfabrics": recovery.Fabric,
    "replicationrecoveryservicesproviders": recovery.RecoveryServicesProvider,
    "replicationvcenters": recovery.VCenter,
    "replicationprotectioncontainers": recovery.ProtectionContainer,
    "replicationprotectableitems": recovery.ProtectableItem,
    "replicationprotecteditems": recovery.ReplicationProtectedItem,
    "recoverypoints": recovery.RecoveryPoint,
    "replicationprotectioncontainermappings": recovery.ProtectionContainerMapping,
    "replicationpolicies": recovery.Policy,
    "replicationrecoveryplans": recovery.RecoveryPlan,
    "replicationjobs": recovery.Job,
    "replicationevents": recovery.Event,
    "virtualmachines": compute.VirtualMachine,
}


def resources(path: str, body: Any) -> Iterator[tuple[type, dict[str, Any]]]:
    """Each resource in an answer with the model of its collection; nothing where the SDK has no model for it."""
    segments = [segment.lower() for segment in path.strip("/").split("/")]
    if body is None:
        return
    if (model := MODELS.get(segments[-1])) is not None and isinstance(body.get("value"), list):
        yield from ((model, resource) for resource in body["value"])
    elif len(segments) > 1 and (model := MODELS.get(segments[-2])) is not None:
        yield model, body


def undeclared(model: type, resource: dict[str, Any]) -> set[str]:
    """Paths of members that the model does not declare, e.g. `properties.customDetails.processServers[].bogus`."""
    return {re.sub(r"\[\d+\]", "[]", path) for path in _walk(model(resource), "")}


def _walk(value: Any, at: str) -> Iterator[str]:
    fields = getattr(type(value), "_attr_to_rest_field", None)
    if fields is not None:
        declared = {field._rest_name: name for name, field in fields.items()}
        for key in value.keys():  # noqa: SIM118 - a model iterates its wire names only this way
            path = f"{at}.{key}" if at else key
            if key not in declared:
                yield path
            else:
                yield from _walk(getattr(value, declared[key]), path)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _walk(each, f"{at}[{index}]")
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _walk(each, f"{at}.*" if hasattr(each, "_attr_to_rest_field") else f"{at}.{key}")
