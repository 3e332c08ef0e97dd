"""The world in a few words, for tests and for the demo's output."""

from .arm import Json
from .clock import wire_time
from .world import World


def describe(world: World) -> Json:
    """Items, machines, master targets and jobs by name."""
    return {
        "items": {
            i.friendly_name: {
                "id": world.ids.item(i.name),
                "stage": i.stage.name,
                "instanceType": i.shows.instance_type,
                "protectionState": i.state[0],
                "allowedOperations": list(i.allowed),
                "job": i.running.job if i.running else None,
                "masterTarget": i.master_target,
                "attachedDisks": len(i.attached),
                "azureVm": i.azure_vm,
            }
            for i in world.items.values()
        },
        "vms": {v.name: v.power for v in world.estate.vms.values()},
        "nics": {n.name: n.vm for n in world.estate.nics.values()},
        "masterTargets": {
            t.name: {
                "id": t.id,
                "diskCount": t.disk_count,
                "dataStores": [d.name for d in t.datastores],
                "retentionVolumes": list(t.listed),
            }
            for t in world.master_targets.values()
        },
        "jobs": [
            {
                "id": j.name,
                "scenario": j.scenario,
                "target": j.target_name,
                "state": j.state.value,
                "stateDescription": j.state_description,
                "start": wire_time(j.started),
                "errors": [e.fault.code for e in j.errors],
            }
            for j in world.book
        ],
    }
