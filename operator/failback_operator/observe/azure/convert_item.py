"""Protected items: JSON or SDK model to facts."""

import re
from datetime import datetime

from failback_operator.domain.ids import ArmId
from failback_operator.domain.protected_item import ActiveSite, CurrentScenario, InstanceType, ItemDetail, ItemDisk, ProtectedItem

from .convert import health_errors
from .wire import Record, last_segment, parent, parse_moment

_INSTANCE_TYPES = {kind.value.casefold(): kind for kind in InstanceType if kind is not InstanceType.OTHER}
_ACTIVE_SITES = {site.value.casefold(): site for site in ActiveSite}
_IDLE = "none"


def listed_item(source: object) -> ProtectedItem:
    """An item as LIST shows it: without detail, for LIST answers null and empty where GET has values. Raises MalformedError."""
    resource = Record(source)
    properties = resource.record("properties")
    details = properties.record("providerSpecificDetails")
    arm_id = ArmId(resource.required("id"))
    kind = _INSTANCE_TYPES.get((details.text("instanceType") or "").casefold(), InstanceType.OTHER)
    # Source: of an InMage item this is the time of the failback's own failover, which must never be taken for the failover's.
    failover_time = None if kind is InstanceType.TO_ON_PREMISES else properties.moment("lastSuccessfulFailoverTime")
    return ProtectedItem(
        arm_id=arm_id,
        friendly_name=properties.text("friendlyName") or resource.text("name") or "",
        container_id=parent(arm_id),
        instance_type=kind,
        active_site=_ACTIVE_SITES.get((details.text("activeSiteType") or "").casefold()),
        active_location=properties.text("activeLocation"),
        protection_state=properties.text("protectionState") or "",
        protection_state_description=properties.text("protectionStateDescription"),
        allowed_operations=frozenset(properties.texts("allowedOperations")),
        current_scenario=_scenario(properties.record("currentScenario")),
        replication_health=properties.text("replicationHealth"),
        failover_health=properties.text("failoverHealth"),
        health_errors=health_errors(properties),
        policy_id=properties.arm_id("policyId"),
        process_server_id=details.text("processServerId"),
        group_id=details.text("multiVmGroupId"),
        group_name=details.text("multiVmGroupName"),
        last_failover_time=failover_time,
        target_vm_id=details.arm_id("targetVmId"),
        rpo_seconds=details.integer("rpoInSeconds"),
        last_heartbeat=details.moment("lastHeartbeat"),
        provider_id=properties.arm_id("recoveryServicesProviderId"),
    )


def item_detail(source: object, as_of: datetime) -> ItemDetail:
    """What a GET of the item adds; `as_of` is when it was asked for."""
    details = Record(source).record("properties").record("providerSpecificDetails")
    return ItemDetail(
        as_of=as_of,
        master_target_id=details.text("masterTargetId"),
        disks=_disks(details),
        os_type=details.text("osType") or details.record("osDetails").text("osType"),
        os_version=details.text("osVersion") or details.record("osDetails").text("osVersion"),
        consistency_points=_consistency_points(details.record("consistencyPoints")),
        datastores=tuple(sorted(details.texts("datastores"))),
        agent_version=details.text("agentVersion") or details.record("agentDetails").text("agentVersion"),
        agent_last_heartbeat=details.moment("lastHeartbeat"),
        log_storage_account_id=details.arm_id("recoveryAzureLogStorageAccountId"),
        vcenter_infrastructure_id=details.text("vCenterInfrastructureId"),
        infrastructure_vm_id=details.text("infrastructureVmId"),
        replica_id=details.text("replicaId"),
        ip_address=details.text("ipAddress"),
        has_retention_window=details.moment("retentionWindowEnd") is not None,
        recovery_network_id=details.arm_id("selectedRecoveryAzureNetworkId"),
        discovery_type=details.text("discoveryType"),
        firmware_type=details.text("firmwareType"),
        mac_addresses=_mac_addresses(details),
        recovery_subnet_ids=_recovery_subnet_ids(details),
        change_rate_mb=details.integer("uncompressedDataRateInMB"),
    )


def _recovery_subnet_ids(details: Record) -> tuple[ArmId, ...]:
    """The subnets in which the interfaces are, or are to be, in Azure, each once."""
    found = (
        ArmId(f"{network}/subnets/{name}")
        for nic in details.records("vmNics")
        for each in nic.records("ipConfigs")
        if (network := nic.arm_id("recoveryVMNetworkId")) and (name := each.text("recoverySubnetName"))
    )
    return tuple(dict.fromkeys(found))


def _mac_addresses(details: Record) -> tuple[str, ...]:
    """Ids of network cards that are MAC addresses, as twelve hexadecimal digits in lower case."""
    found = (re.sub(r"[:.-]", "", each.text("nicId") or "").casefold() for each in details.records("vmNics"))
    return tuple(sorted({mac for mac in found if re.fullmatch(r"[0-9a-f]{12}", mac)}))


def _scenario(source: Record) -> CurrentScenario | None:
    """The running job; an idle item says `None`, with a job id that ends in `None` and the year 1753 (recorded)."""
    name = source.text("scenarioName")
    job = last_segment(source.text("jobId"))
    if name is None or name.casefold() == _IDLE:
        return None
    return CurrentScenario(name, None if job is None or job.casefold() == _IDLE else job)


def _disks(details: Record) -> tuple[ItemDisk, ...]:
    """Protected disks; of an InMageAzureV2 item those of managed disks where it has no others."""
    found = details.records("protectedDisks") or details.records("protectedManagedDisks")
    return tuple(
        ItemDisk(
            id=each.text("diskId") or "",
            name=each.text("diskName") or "",
            capacity_bytes=each.integer("diskCapacityInBytes"),
            percent=each.integer("resyncProgressPercentage"),
            resync_required=each.text("resyncRequired"),
            rpo_seconds=each.integer("rpoInSeconds"),
        )
        for each in found
    )


def _consistency_points(points: Record) -> tuple[tuple[str, datetime], ...]:
    """App-consistent tags and their times, oldest first."""
    found = ((tag, moment) for tag, value in points.members() if (moment := parse_moment(value)))
    return tuple(sorted(found, key=lambda point: (point[1], point[0])))
