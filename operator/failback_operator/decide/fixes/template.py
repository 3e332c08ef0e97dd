"""The master target's VM is made from a template, where no VM of its name exists. Clause R14.

Its registration with the configuration server stays a person's: how the software in the template does that is not known here.
"""

from collections.abc import Iterator

from failback_operator.api.common import EffectOutcome, LedgerEntry
from failback_operator.api.v1alpha1 import MasterTarget
from failback_operator.api.v1alpha1.master_target import Template
from failback_operator.checks.answers import listed
from failback_operator.checks.contexts import LocatedVm, SiteContext, TargetContext
from failback_operator.decide.fixes.base import AUTOMATIC, Ailing, Fix, FixRule
from failback_operator.domain.ids import Moref
from failback_operator.domain.mending import MAKING, UNRECORDED
from failback_operator.domain.scsi import of_kind, paravirtual
from failback_operator.domain.steps import CloneOrder, EffectKind, MachineCall
from failback_operator.domain.vsphere import Cluster, Host, PowerState, VsphereFacts

FOUND, REGISTERED = "MasterTargetVMFound", "MasterTargetRegistered"


def new_vm_name(target: MasterTarget) -> str:
    """The name that its VM has, or is to have."""
    return target.spec.vm_name or target.spec.server_name


def template_of(target: MasterTarget, vms: dict[str, tuple[LocatedVm, ...]]) -> LocatedVm | None:
    """The template of its spec, if exactly one VM of that name is one."""
    wanted = target.spec.template.name if target.spec.template is not None else ""
    found = [each for each in vms.get(wanted, ()) if each.vm.is_template]
    return found[0] if len(found) == 1 else None


def clone_order(target: MasterTarget, facts: VsphereFacts) -> CloneOrder | None:
    """Where the clone of its spec's template goes in this vCenter, if that is clear."""
    order = _order(facts, target.spec.template) if target.spec.template is not None else None
    return order if isinstance(order, CloneOrder) else None


def propose_new(context: TargetContext, failing: frozenset[str]) -> Iterator[Fix]:
    """The fix for a master target without a VM."""
    spec, template = context.target.spec, context.target.spec.template
    is_absent = not context.vms and context.site.vsphere_is_complete
    if FOUND not in failing or spec.remediation.make_from_template != AUTOMATIC or template is None or not is_absent:
        return
    name = new_vm_name(context.target)
    if _was_made(context.target):
        text = f"The operator has made VM {name} and does not see it yet, or no more. Once it is seen, it is judged; look for it."
        yield Fix(EffectKind.MAKE_FROM_TEMPLATE, FOUND, text, is_for_a_person=True)
        return
    located = template_of(context.target, {template.name: tuple(_named(context.site, template.name))})
    order = _order(located.facts, template) if located is not None else f"vCenter shows no template {template.name}, or several"
    blocked = _template_obstacle(located, context.site) if located is not None else None
    call = None
    if located is not None and isinstance(order, CloneOrder):
        call = MachineCall(located.vcenter, located.vm.moref, located.vm.instance_uuid, clone=order)
    yield Fix(
        EffectKind.MAKE_FROM_TEMPLATE,
        FOUND,
        f"Will be made by the operator: VM {name} from template {template.name}, in cluster {template.cluster}, on "
        f"{template.datastore}; then disk.EnableUUID is set, and it is powered on. To register it with the configuration server "
        "is a person's.",
        _lodgers(context) or blocked or (order if isinstance(order, str) else None),
        subject=name,
        call=call,
    )


def _was_made(target: MasterTarget) -> bool:
    ledger = target.status.ledger
    return any(e.effect == EffectKind.MAKE_FROM_TEMPLATE and e.outcome is EffectOutcome.SUCCEEDED for e in ledger)


def _named(site: SiteContext, name: str) -> Iterator[LocatedVm]:
    for vcenter, facts in site.vcenters:
        for vm in facts.by_name(name):
            yield LocatedVm(vcenter, facts, vm, facts.host(vm.host))


def _lodgers(context: TargetContext) -> str | None:
    return f"{listed(each.name for each in context.lodgers)} run through the one that is gone" if context.lodgers else None


def _template_obstacle(located: LocatedVm, site: SiteContext) -> str | None:
    vm = located.vm
    if {"controllers", "disks", "snapshots", "instance_uuid"} & vm.unread:
        return f"template {vm.name} could not be read"
    if paravirtual(vm) or not of_kind(vm, site.limits.accepted_controllers):
        return f"template {vm.name} has paravirtual SCSI controllers or no LSI Logic one: change them there"
    return f"template {vm.name} has snapshots: remove them there" if vm.snapshots else None


def _order(facts: VsphereFacts, template: Template) -> CloneOrder | str:
    """Where it goes, or why it cannot."""
    clusters = [c for c in facts.clusters if c.name == template.cluster]
    if len(clusters) != 1:
        return f"vCenter shows no cluster {template.cluster}, or several"
    hosts = (h for h in sorted(facts.hosts, key=lambda h: h.name) if _is_fit(h, clusters[0], template))
    found = [(host, store) for host in hosts if (store := _mounted(facts, host, template.datastore)) is not None]
    if not found:
        which = f" {template.host}" if template.host else ""
        return (
            f"no host{which} of cluster {template.cluster} is connected, not in maintenance and has datastore "
            f"{template.datastore} mounted read/write"
        )
    host, store = found[0]
    return CloneOrder(
        cluster=clusters[0].moref,
        host=host.moref,
        datastore=store,
        resource_pool=template.resource_pool,
        folder=template.folder,
        cpus=template.cpus,
        memory_mib=template.memory_mib,
    )


def _is_fit(host: Host, cluster: Cluster, template: Template) -> bool:
    is_usable = host.connection_state == "connected" and host.is_in_maintenance is False
    return host.cluster == cluster.moref and is_usable and template.host in {None, host.name}


def _mounted(facts: VsphereFacts, host: Host, name: str) -> Moref | None:
    named = (store for store in facts.datastores if store.name == name)
    return next((s.moref for s in named if any(m.host == host.moref and m.is_read_write for m in s.mounts)), None)


def _propose(ailing: Ailing) -> Iterator[Fix]:
    """For a VM that was made: what is left to a person."""
    context = ailing.context
    if _was_made(context.target) and context.server is None and REGISTERED in ailing.failing:
        text = (
            f"The operator has made VM {ailing.vm.name} from its template. Register the master target in it with the "
            "configuration server, unless the template does so at its first boot."
        )
        yield Fix(EffectKind.MAKE_FROM_TEMPLATE, REGISTERED, text, is_for_a_person=True)


def _is_reached(entry: LedgerEntry, located: LocatedVm) -> bool | None:  # noqa: ARG001 - the form of these functions
    vm = located.vm
    if vm.power_state is None or "disk_uuid_enabled" in vm.unread:
        return None
    return vm.power_state is PowerState.ON and vm.disk_uuid_enabled is True


def _resume(entry: LedgerEntry, located: LocatedVm) -> str | None:  # noqa: ARG001 - the form of these functions
    """The clone is there, or its making goes on: it is to be finished."""
    return f"{MAKING}/{UNRECORDED}"


TEMPLATE = FixRule(EffectKind.MAKE_FROM_TEMPLATE, _propose, _is_reached, _resume)
