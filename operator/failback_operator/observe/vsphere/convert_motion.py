"""Rows of clusters and of datastore clusters → what moves VMs by itself.

Unlike hosts and datastores these are facts of one kind of check alone: what may not be read is None, and the rest goes on.
"""

from collections.abc import Iterable
from typing import Any

from failback_operator.domain.vsphere import Cluster, Motion, MotionRule, Pod
from failback_operator.observe.vsphere.retrieve import Row, moref_of

POD, CLUSTER = "StoragePod", "ClusterComputeResource"
POD_CONFIG = "podStorageDrsEntry.storageDrsConfig"
CLUSTER_CONFIG = "configurationEx"
POD_PATHS = ("name", POD_CONFIG)
CLUSTER_PATHS = ("name", CLUSTER_CONFIG)


def pod(row: Row) -> Pod:
    """The datastore cluster of a row with POD_PATHS."""
    config = row.values.get(POD_CONFIG)
    motion = None
    if config is not None:
        shared = config.podConfig
        rules = ((each.vm, each.enabled, each.behavior) for each in config.vmConfig or () if each.vm is not None)
        motion = Motion(shared.enabled, _text(shared.defaultVmBehavior), _rules(rules))
    return Pod(row.moref, row.values.get("name", row.moref), motion)


def cluster(row: Row) -> Cluster:
    """The cluster of a row with CLUSTER_PATHS."""
    config = row.values.get(CLUSTER_CONFIG)
    motion = None
    if config is not None:
        shared = config.drsConfig
        rules = ((each.key, each.enabled, each.behavior) for each in config.drsVmConfig or ())
        motion = Motion(
            is_enabled=shared.enabled,
            behavior=_text(shared.defaultVmBehavior),
            rules=_rules(rules),
            are_rules_heeded=shared.enableVmBehaviorOverrides is not False,
        )
    return Cluster(row.moref, row.values.get("name", row.moref), motion)


def _rules(found: Iterable[tuple[Any, bool | None, Any]]) -> tuple[MotionRule, ...]:
    rules = (MotionRule(moref_of(machine), is_enabled, _text(behavior)) for machine, is_enabled, behavior in found)
    return tuple(sorted(rules, key=lambda rule: rule.machine))


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
