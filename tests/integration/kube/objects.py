"""Objects of our kinds as people would write them, with members changed or taken away by the test."""

import copy
from typing import Any

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
SPECS: dict[str, dict[str, Any]] = {
    "RecoverySite": {
        "vault": {"subscriptionId": SUBSCRIPTION, "resourceGroup": "rg", "name": "vault", "fabric": "cs-1"},
        "azure": {
            "credentials": {
                "kind": "ClientSecret",
                "tenantId": "00000000-0000-0000-0000-000000000002",
                "clientId": "00000000-0000-0000-0000-000000000003",
                "secretRef": {"name": "azure"},
            }
        },
        "vcenters": [{"name": "vc", "server": "vc.example.com", "credentialsRef": {"name": "vcenter"}}],
    },
    "MasterTarget": {"siteRef": {"name": "tokyo"}, "serverName": "mt-1"},
    "ProcessServer": {"siteRef": {"name": "tokyo"}, "serverName": "ps-1", "location": "Azure"},
    "FailbackPlan": {"siteRef": {"name": "tokyo"}, "machines": [{"name": "app-1"}]},
    "FailbackMachine": {
        "siteRef": {"name": "tokyo"},
        "planRef": {"name": "home"},
        "itemId": "/subscriptions/s/items/app-1",
        "machineName": "app-1",
    },
}
RECORD = {
    "failedOverAt": "2026-11-24T05:00:00Z",
    "coveredBy": "2026-11-24T06:00:00Z",
    "azureVmId": "/subscriptions/s/virtualMachines/app-1",
    "disks": [{"file": "[ds] app-1/app-1.vmdk", "capacityBytes": 85899345920, "datastore": "ds"}],
}
GONE = object()


def made(kind: str, namespace: str, name: str = "one", **changes: Any) -> dict[str, Any]:
    """An object; `a__b=value` sets spec.a.b, GONE takes it away."""
    spec = copy.deepcopy(SPECS[kind])
    for path, value in changes.items():
        *parents, last = path.split("__")
        node = spec
        for parent in parents:
            node = node[int(parent)] if parent.isdigit() else node.setdefault(parent, {})
        if value is GONE:
            node.pop(last, None)
        else:
            node[last] = value
    return {
        "apiVersion": "failback.dev/v1alpha1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }
