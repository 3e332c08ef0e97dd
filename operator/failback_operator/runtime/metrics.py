"""Numbers for Prometheus: what is called, written and waited for, and the raw figures that statuses only show in buckets."""

from collections.abc import Callable
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from failback_operator.api.v1alpha1 import FailbackMachine
from failback_operator.domain.vault import VaultFacts
from failback_operator.observe.azure import Account, Budget, CallRecord, Kind

ACCOUNT_LABELS = ("subscription", "client")
MACHINE_LABELS = ("namespace", "site", "machine")


class Metrics:
    """All metrics of one operator, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._azure = self._counter("azure_requests", "Requests to Azure.", "service", "method", "status")
        self._delay = self._gauge(
            "azure_read_delay_seconds",
            "By so much the next full read of a vault is put off for its subscription's budget.",
            "site",
        )
        self._spent = self._gauge("azure_reads_last_hour", "Reads of a subscription in the last hour.", *ACCOUNT_LABELS)
        self._limit = self._gauge("azure_reads_limit", "Reads of it that this replica may make in an hour.", *ACCOUNT_LABELS)
        self._left = self._gauge("azure_remaining", "Requests that Azure says are left (-1: not told).", *ACCOUNT_LABELS, "kind")
        self._held = self._gauge("azure_held_seconds", "So long Azure wants no more requests.", *ACCOUNT_LABELS, "kind")
        self._vsphere = self._counter("vsphere_calls", "Calls to vCenter.", "method")
        self._vsphere_seconds = Histogram("failback_vsphere_seconds", "Time of calls to vCenter.", registry=self.registry)
        self._writes = self._counter("kubernetes_writes", "Writes to the API server.", "method", "kind", "status")
        self.queue = self._gauge("queue_length", "Sites that wait to be judged.")
        self.reconciles = self._counter("reconciles", "Reconciles by result.", "result")
        self.reconcile_seconds = Histogram("failback_reconcile_seconds", "Time of a reconcile.", registry=self.registry)
        self.evaluation_seconds = Histogram(
            "failback_evaluation_cpu_seconds", "CPU time of one evaluation of a site.", registry=self.registry
        )
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

    def azure_budget(self, account: Account, budget: Budget) -> None:
        """Show a budget, as it is whenever it is asked for."""
        labels = (account.subscription_id, account.client_id)
        self._spent.labels(*labels).set_function(lambda: budget.spent)
        self._limit.labels(*labels).set_function(lambda: budget.limit)
        for kind in Kind:
            self._left.labels(*labels, kind).set_function(partial(_remaining, budget, kind))
            self._held.labels(*labels, kind).set_function(partial(budget.held, kind))

    def azure_read(self, site: str, delay: Callable[[], float]) -> None:
        """Show by how much the reads of a site are put off."""
        self._delay.labels(site).set_function(delay)

    def azure_not_read(self, site: str) -> None:
        """The site is not read any more."""
        self._delay.remove(site)

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


def _remaining(budget: Budget, kind: Kind) -> float:
    left = budget.remaining(kind)
    return -1 if left is None else left
