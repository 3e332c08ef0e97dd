"""Reads vCenter: one session, one watch for changes, facts of the domain."""

from failback_operator.observe.vsphere.endpoint import CallObserver, VsphereEndpoint, VsphereSettings
from failback_operator.observe.vsphere.interest import Interest
from failback_operator.observe.vsphere.session import VsphereSession
from failback_operator.observe.vsphere.tasks import task_state
from failback_operator.observe.vsphere.watcher import VsphereWatcher

__all__ = ["CallObserver", "Interest", "VsphereEndpoint", "VsphereSession", "VsphereSettings", "VsphereWatcher", "task_state"]
