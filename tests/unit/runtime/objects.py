"""Bodies of our kinds as the API server sends them."""

VAULT = {
    "subscriptionId": "00000000-0000-0000-0000-000000000001",
    "resourceGroup": "rg",
    "name": "vault",
    "fabric": "cs-1",
}
AZURE = {
    "credentials": {
        "kind": "ClientSecret",
        "tenantId": "00000000-0000-0000-0000-000000000002",
        "clientId": "00000000-0000-0000-0000-000000000003",
        "secretRef": {"name": "azure"},
    }
}
SPECS = {
    "RecoverySite": {
        "vault": VAULT,
        "azure": AZURE,
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


def body(kind, name, version, *, uid=None, spec=None, status=None, **metadata):
    """An object in that resourceVersion."""
    return {
        "apiVersion": "failback.dev/v1alpha1",
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": "dr",
            "uid": uid or f"uid-{name}",
            "resourceVersion": str(version),
            "generation": 1,
            **metadata,
        },
        "spec": {**SPECS[kind], **(spec or {})},
        "status": status or {},
    }
