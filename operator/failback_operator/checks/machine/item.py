"""The machine's item: the vault knows one, of an architecture that is supported, and its configuration server knows the VM."""

from failback_operator.checks.answers import Answer, every, failed, listed, not_applicable, passed, unknown
from failback_operator.checks.contexts import MachineContext
from failback_operator.checks.define import ALL_STEPS, BEFORE_FAILBACK, About
from failback_operator.checks.machine.base import CLASSIC, fresh_detail, item_check, no_item, record_check
from failback_operator.domain.protected_item import InstanceType, ItemDetail, ProtectedItem
from failback_operator.domain.rights import VaultPart
from failback_operator.domain.steps import EffectKind
from failback_operator.domain.vault import VaultFacts

MODERNIZED = frozenset({InstanceType.MODERNIZED, InstanceType.MODERNIZED_FAILBACK})


@record_check(
    About(
        id="MachineExists",
        clause="R3",
        condition="ItemKnown",
        expected="the vault has a protected item of this name in the site's fabric",
        remedy="Write the name as Site Recovery shows it (spec.machines), or take the machine out of the plan.",
        source="replicationProtectedItems[].friendlyName",
        steps=ALL_STEPS,
    )
)
def machine_exists(context: MachineContext) -> Answer:
    """One item or more has the name."""
    if context.items:
        return passed("the vault knows it")
    if context.site.vault is None:
        return unknown("the vault could not be read lately")
    near = [i.friendly_name for i in context.site.vault.items if i.friendly_name.casefold() == context.name.casefold()]
    hint = f"; it knows {listed(near)}" if near else ""
    return failed(f"the vault has no protected item {context.name}{hint}")


@record_check(
    About(
        id="MachineUnambiguous",
        clause="R3",
        condition="ItemKnown",
        expected="one protected item has this name",
        remedy="Give the id of the item that is meant: spec.machines[].id.",
        source="replicationProtectedItems[].friendlyName is not unique",
        steps=ALL_STEPS,
    )
)
def machine_unambiguous(context: MachineContext) -> Answer:
    """Not more than one item has the name."""
    if context.item is not None:
        return passed("one item has this name")
    if not context.items:
        return no_item(context)
    return failed(f"{len(context.items)} items have this name: {listed(i.arm_id.resource_name for i in context.items)}")


@record_check(
    About(
        id="MachineInOnePlan",
        clause="R1",
        condition="ItemKnown",
        expected="no other plan lists the machine",
        remedy="Take the machine out of one of the plans. The plan whose run began goes on; with none begun both wait.",
        source="design of the operator: the same item in two plans",
        steps=ALL_STEPS,
    )
)
def machine_in_one_plan(context: MachineContext) -> Answer:
    """No rival; with no item there is nothing to be rivals about."""
    if context.item is None:
        return no_item(context)
    if context.rivals:
        return failed(f"it is also in plan {listed(context.rivals)}")
    return passed("no other plan lists it")


@record_check(
    About(
        id="ArchitectureSupported",
        clause="R1",
        condition="ItemKnown",
        expected="the machine is protected by the classic architecture (InMageAzureV2, InMage)",
        remedy="Bring this machine home by the portal and take it out of the plan: the modernized architecture is not driven "
        "yet.",
        source="providerSpecificDetails.instanceType",
        steps=ALL_STEPS,
    )
)
def architecture_supported(context: MachineContext) -> Answer:
    """The instance type is a classic one."""
    item = context.item
    if item is None:
        return no_item(context)
    if item.instance_type in CLASSIC:
        return passed(item.instance_type.value)
    if item.instance_type in MODERNIZED:
        return failed(f"the machine is protected by the modernized architecture ({item.instance_type.value})")
    return failed("the machine is protected by a provider that is not for VMware")


@item_check(
    About(
        id="MachineKnownToConfigurationServer",
        clause="R3",
        condition="ItemKnown",
        expected="the configuration server of the site protects the machine and knows the vCenter that its VM came from",
        remedy="Restore the original configuration server (same address) and vCenter record: classic failback goes back only to "
        "those.",
        source="recoveryServicesProviderId, vCenterInfrastructureId of the item; replicationvCenters[].infrastructureId; "
        "replicaId",
        steps=BEFORE_FAILBACK,
        fixes=frozenset({EffectKind.REFRESH_PROVIDER}),
    )
)
def machine_known_to_configuration_server(context: MachineContext, item: ProtectedItem) -> Answer:
    """The item's provider is the fabric's; its vCenter is one that the fabric knows, or it has an on-premises replica."""
    vault = context.site.vault
    if vault is None:
        return no_item(context)
    return every((_provider(vault, item), _source_record(context, vault, item)))


def _provider(vault: VaultFacts, item: ProtectedItem) -> Answer:
    if vault.is_denied(VaultPart.PROVIDERS):
        return unknown("the providers of the fabric may not be read: see AzureAuthorized")
    if item.provider_id is None:
        return unknown("the provider of the item was not reported")
    if item.provider_id in {p.arm_id for p in vault.providers}:
        return passed("its configuration server is the site's")
    return failed(f"the item belongs to provider {item.provider_id.resource_name}, which is not registered in the fabric")


def _source_record(context: MachineContext, vault: VaultFacts, item: ProtectedItem) -> Answer:
    detail = fresh_detail(context, item)
    if detail is None:
        return unknown("the details of the item were not read lately")
    if item.instance_type is InstanceType.TO_ON_PREMISES:
        recorded = context.record.vcenter_infrastructure_id if context.record else None
        return every((_replica(detail), *(_vcenter_record(vault, id_) for id_ in (recorded,) if id_)))
    if detail.vcenter_infrastructure_id is None:
        return not_applicable("no vCenter: a physical machine")
    return _vcenter_record(vault, detail.vcenter_infrastructure_id)


def _replica(detail: ItemDetail) -> Answer:
    if detail.replica_id:
        return passed("the configuration server has its on-premises replica")
    return unknown("its on-premises replica was not reported")


def _vcenter_record(vault: VaultFacts, infrastructure_id: str) -> Answer:
    """The record is the one of the protection. Its address may have changed: that is no failure, another record is."""
    if vault.is_denied(VaultPart.VCENTERS):
        return unknown("the vCenter records may not be read: see AzureAuthorized")
    known = {v.infrastructure_id.casefold(): v for v in vault.vcenters if v.infrastructure_id}
    record = known.get(infrastructure_id.casefold())
    if record is not None:
        return passed(f"its vCenter is {record.name}")
    names = listed(v.name for v in vault.vcenters) or "none"
    return failed(f"its vCenter is not one that the configuration server knows ({names})")
