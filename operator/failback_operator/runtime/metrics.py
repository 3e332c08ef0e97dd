"""Numbers for Prometheus: what is called, written and waited for, and the raw figures that statuses only show in buckets."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from failback_operator.api.v1alpha1 import FailbackMachine
from failback_operator.domain.vault import VaultFacts
from failback_operator.observe.azure import CallRecord

MACHINE_LABELS = ("namespace", "site", "machine")


class Metrics:
    """All metrics of one operator, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._azure = self._counter("azure_requests", "Requests to Azure.", "service", "method", "status")
        self._vsphere = self._counter("vsphere_calls", "Calls to vCenter.", "method")
        self._vsphere_seconds = Histogram("failback_vsphere_seconds", "Time of calls to vCenter.", registry=self.registry)
        self._writes = self._counter("kubernetes_writes", "Writes to the API server.", "method", "kind", "status")
        self.queue = self._gauge("queue_length", "Sites that wait to be judged.")
        self.reconciles = self._counter("reconciles", "Reconciles by result.", "result")
        self.reconcile_seconds = Histogram("failback_reconcile_seconds", "Time of a reconcile.", registry=self.registry)
        self.effects = self._counter("effects", "Effects by kind and result.", "kind", "result")
        self.leases = self._gauge("leases_held", "Leases that this replica holds.")
        self.ghosts = self._counter("watch_missed", "Changes that the watch missed and the full list found.", "kind")
        self._progress = self._gauge("disk_synchronised_percent", "Synchronisation of a disk.", *MACHINE_LABELS, "disk")
        self._rpo = self._gauge("rpo_seconds", "Recovery point objective that Site Recovery tells.", *MACHINE_LABELS)
        self._shown: dict[tuple[str, str], set[tuple[Gauge, tuple[str, ...]]]] = {}

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"failback_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"failback_{name}", text, labels, registry=self.registry)

    def azure_called(self, call: CallRecord) -> None:
        """Count a request to Azure."""
        self._azure.labels(call.service, call.method, str(call.status or "none")).inc()

    def vsphere_called(self, method: str, seconds: float) -> None:
        """Count a call to vCenter; from any thread."""
        self._vsphere.labels(method).inc()
        self._vsphere_seconds.observe(seconds)

    def written(self, method: str, path: str, status: int) -> None:
        """Count a write to the API server by the resource that its path names."""
        parts = path.partition("?")[0].strip("/").split("/")
        kind = parts[parts.index("namespaces") + 2] if "namespaces" in parts[:-2] else parts[-1]
        self._writes.labels(method, f"{kind}/status" if parts[-1] == "status" else kind, str(status)).inc()

    def show(self, site: tuple[str, str], machines: tuple[FailbackMachine, ...], facts: VaultFacts | None) -> None:
        """Set the figures of a site's machines; those of machines that it no longer has vanish."""
        shown: set[tuple[Gauge, tuple[str, ...]]] = set()
        for machine in machines:
            item = facts.item(machine.spec.item_id) if facts else None
            labels = (*site, machine.spec.machine_name)
            if item is not None and item.rpo_seconds is not None:
                shown.add(self._set(self._rpo, labels, item.rpo_seconds))
            for disk in item.detail.disks if item is not None and item.detail is not None else ():
                if disk.percent is not None:
                    shown.add(self._set(self._progress, (*labels, disk.name), disk.percent))
        for gauge, old in self._shown.get(site, set()) - shown:
            gauge.remove(*old)
        self._shown[site] = shown

    @staticmethod
    def _set(gauge: Gauge, labels: tuple[str, ...], value: float) -> tuple[Gauge, tuple[str, ...]]:
        gauge.labels(*labels).set(value)
        return gauge, labels
