"""The world in a few words, for tests and for the demo's output."""

from .arm import Json
from .clock import wire_time
from .items import Item
from .jobs import Job
from .servers import MasterTarget
from .world import World


def describe(world: World) -> Json:
    """Items, machines, master targets and jobs by name."""
    return {
        "items": {i.friendly_name: _item(world, i) for i in world.items.values()},
        "vms": {v.name: v.power for v in world.estate.vms.values()},
        "nics": {n.name: n.vm for n in world.estate.nics.values()},
        "masterTargets": {t.name: _target(t) for t in world.master_targets.values()},
        "jobs": [_job(j) for j in world.book],
    }


def _item(world: World, it: Item) -> Json:
    return {
        "id": world.ids.item(it.name),
        "stage": it.stage.name,
        "instanceType": it.shows.instance_type,
        "protectionState": it.state[0],
        "allowedOperations": list(it.allowed),
        "job": it.running.job if it.running else None,
        "masterTarget": it.master_target,
        "attachedDisks": len(it.attached),
        "azureVm": it.azure_vm,
    }


def _target(it: MasterTarget) -> Json:
    return {
        "id": it.id,
        "diskCount": it.disk_count,
        "dataStores": [d.name for d in it.datastores],
        "retentionVolumes": list(it.listed),
    }


def _job(it: Job) -> Json:
    return {
        "id": it.name,
        "scenario": it.scenario,
        "target": it.target_name,
        "state": it.state.value,
        "stateDescription": it.state_description,
        "start": wire_time(it.started),
        "errors": [e.fault.code for e in it.errors],
    }
