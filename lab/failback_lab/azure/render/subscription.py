"""What else the lab's subscription holds: locks and storage accounts."""

from failback_lab.azure.arm import Json
from failback_lab.azure.estate import LOCK, STORAGE
from failback_lab.azure.world import World


def locks(world: World) -> list[Json]:
    """The locks of the subscription, on machines and on resource groups.

    Source: the published description of Microsoft.Authorization 2016-09-01 (management locks).
    """
    estate = world.estate
    scopes = [estate.vm_id(vm.name) for vm in estate.vms.values() if vm.is_locked]
    scopes += [f"/subscriptions/{world.ids.subscription}/resourceGroups/{group}" for group in sorted(estate.locked_groups)]
    return [
        {
            "name": "keep",
            "id": f"{scope}/providers/{LOCK}/keep",
            "type": LOCK,
            "properties": {"level": "CanNotDelete", "notes": "Not to be deleted."},
        }
        for scope in scopes
    ]


def storage_accounts(world: World) -> list[Json]:
    """The storage accounts. Source: the published description of Microsoft.Storage 2021-02-01."""
    group = world.vault.resource_group
    return [
        {
            "name": name,
            "id": world.ids.of(group, STORAGE, name),
            "type": STORAGE,
            "location": world.vault.location,
            "sku": {"name": "Standard_LRS", "tier": "Standard"},
            "kind": "StorageV2",
            "properties": {
                "provisioningState": "Succeeded",
                "primaryLocation": world.vault.location,
                "statusOfPrimary": "available",
            },
        }
        for name in world.estate.storage_accounts
    ]
