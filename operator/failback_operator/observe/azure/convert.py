"""Fabrics, providers, vCenters, policies, mappings and Azure machines: JSON or SDK model to facts."""

from collections.abc import Iterator
from datetime import datetime

from failback_operator.domain.azure_estate import AzureDisk, AzureLock, AzureNetwork, AzureNic, AzureSubnet
from failback_operator.domain.fabric import (
    ConfigurationServer,
    Fabric,
    ListedDatastore,
    MasterTargetServer,
    ProcessServer,
    Provider,
    RetentionVolume,
    RunAsAccount,
    VCenterRecord,
)
from failback_operator.domain.health import HealthError
from failback_operator.domain.ids import ArmId
from failback_operator.domain.policy import ContainerMapping, Policy
from failback_operator.domain.vault import AzureVm

from .wire import MalformedError, Record, parent

POWER_STATE = "powerstate/"
GIB = 1024**3


def fabric(source: object) -> Fabric:
    """A fabric with the servers of its configuration server (`customDetails` of type VMwareDetails). Raises MalformedError."""
    resource = Record(source)
    arm_id = ArmId(resource.required("id"))
    properties = resource.record("properties")
    details = properties.record("customDetails")
    if details.text("instanceType") is None:
        # Every kind of fabric has details; without them its servers would look as if there were none.
        raise MalformedError("a fabric without customDetails.instanceType")
    return Fabric(
        arm_id=arm_id,
        friendly_name=properties.text("friendlyName") or resource.text("name") or "",
        health=properties.text("health"),
        configuration_server=_configuration_server(details),
        process_servers=tuple(_process_server(each) for each in details.records("processServers")),
        master_targets=tuple(_master_target(each) for each in details.records("masterTargetServers")),
        run_as_accounts=tuple(
            RunAsAccount(each.text("accountId") or "", each.text("accountName") or "")
            for each in details.records("runAsAccounts")
        ),
    )


def _configuration_server(details: Record) -> ConfigurationServer | None:
    if (details.text("instanceType") or "").casefold() != "vmware":
        return None
    return ConfigurationServer(
        host_name=details.text("hostName"),
        ip_address=details.text("ipAddress"),
        service_status=details.text("csServiceStatus"),
        agent_version=details.text("agentVersion"),
        version_status=_version_status(details),
        last_heartbeat=details.moment("lastHeartbeat"),
        agent_expires=_agent_expires(details),
        certificate_expires=details.moment("sslCertExpiryDate"),
    )


def _process_server(source: Record) -> ProcessServer:
    return ProcessServer(
        id=source.required("id"),
        name=source.text("friendlyName") or "",
        ip_address=source.text("ipAddress"),
        os_type=source.text("osType"),
        agent_version=source.text("agentVersion"),
        version_status=_version_status(source),
        last_heartbeat=source.moment("lastHeartbeat"),
        service_status=source.text("psServiceStatus"),
        health=source.text("health"),
        machine_count=source.integer("machineCount"),
        health_errors=health_errors(source),
        agent_expires=_agent_expires(source),
        certificate_expires=source.moment("sslCertExpiryDate"),
    )


def _master_target(source: Record) -> MasterTargetServer:
    return MasterTargetServer(
        id=source.required("id"),
        name=source.text("name") or "",
        ip_address=source.text("ipAddress"),
        os_type=source.text("osType"),
        os_version=source.text("osVersion"),
        agent_version=source.text("agentVersion"),
        version_status=_version_status(source),
        last_heartbeat=source.moment("lastHeartbeat"),
        disk_count=source.integer("diskCount"),
        retention_volumes=tuple(
            RetentionVolume(each.text("volumeName") or "", each.integer("capacityInBytes"), each.integer("freeSpaceInBytes"))
            for each in source.records("retentionVolumes")
        ),
        datastores=tuple(
            ListedDatastore(each.text("symbolicName") or "", each.text("uuid"), each.text("type"))
            for each in source.records("dataStores")
        ),
        health_errors=health_errors(source),
        agent_expires=_agent_expires(source),
    )


def _version_status(server: Record) -> str | None:
    """Source: `versionStatus`, and beside it `agentVersionDetails.status` of the same values (site-recovery facts, section 1)."""
    return server.text("versionStatus") or server.record("agentVersionDetails").text("status")


def _agent_expires(server: Record) -> datetime | None:
    return server.moment("agentExpiryDate") or server.record("agentVersionDetails").moment("expiryDate")


def health_errors(source: Record) -> tuple[HealthError, ...]:
    """`healthErrors`, in a steady order: the service's order may change while nothing else does."""
    found = (
        HealthError(
            code=each.text("errorCode") or "",
            level=each.text("errorLevel") or "",
            message=each.text("errorMessage") or each.text("summaryMessage") or "",
            possible_causes=each.text("possibleCauses"),
            recommended_action=each.text("recommendedAction"),
        )
        for each in source.records("healthErrors")
    )
    return tuple(sorted(found, key=lambda error: (error.code, error.message)))


def provider(source: object) -> Provider:
    """A recovery services provider. Raises MalformedError."""
    resource = Record(source)
    properties = resource.record("properties")
    return Provider(
        arm_id=ArmId(resource.required("id")),
        connection_status=properties.text("connectionStatus"),
        last_heartbeat=properties.moment("lastHeartBeat"),
        allowed_scenarios=None if properties.value("allowedScenarios") is None else properties.texts("allowedScenarios"),
    )


def vcenter(source: object) -> VCenterRecord:
    """A vCenter that the configuration server knows. Raises MalformedError."""
    resource = Record(source)
    properties = resource.record("properties")
    return VCenterRecord(
        arm_id=ArmId(resource.required("id")),
        name=properties.text("friendlyName") or resource.text("name") or "",
        ip_address=properties.text("ipAddress"),
        discovery_status=properties.text("discoveryStatus"),
        last_heartbeat=properties.moment("lastHeartbeat"),
        infrastructure_id=properties.text("infrastructureId"),
        run_as_account_id=properties.text("runAsAccountId"),
        health_errors=health_errors(properties),
    )


def policy(source: object) -> Policy:
    """A replication policy; its times are in minutes (recorded). Raises MalformedError."""
    resource = Record(source)
    properties = resource.record("properties")
    details = properties.record("providerSpecificDetails")
    return Policy(
        arm_id=ArmId(resource.required("id")),
        name=properties.text("friendlyName") or resource.text("name") or "",
        instance_type=details.text("instanceType") or "",
        rpo_threshold_minutes=details.integer("recoveryPointThresholdInMinutes"),
        retention_minutes=details.integer("recoveryPointHistory"),
        app_consistent_minutes=details.integer("appConsistentFrequencyInMinutes"),
    )


def mapping(source: object) -> ContainerMapping:
    """An association of a policy with a container. Raises MalformedError."""
    resource = Record(source)
    properties = resource.record("properties")
    arm_id = ArmId(resource.required("id"))
    return ContainerMapping(
        arm_id=arm_id,
        container_id=parent(arm_id),
        target_container_id=properties.text("targetProtectionContainerId"),
        policy_id=properties.arm_id("policyId"),
        state=properties.text("state"),
        health=properties.text("health"),
    )


def azure_vm(source: object) -> AzureVm:
    """An Azure machine, read with its instance view. Raises MalformedError."""
    resource = Record(source)
    properties = resource.record("properties")
    profile = properties.record("storageProfile")
    interfaces = properties.record("networkProfile").records("networkInterfaces")
    return AzureVm(
        arm_id=ArmId(resource.required("id")),
        power_state=power_state(source),
        nic_ids=tuple(found for each in interfaces if (found := each.arm_id("id"))),
        data_disk_count=len(profile.records("dataDisks")),
        provisioning_state=properties.text("provisioningState"),
        disks=tuple(_disks(profile)),
        size=properties.record("hardwareProfile").text("vmSize"),
    )


def _disks(profile: Record) -> Iterator[AzureDisk]:
    """System disk, then data disks in order of their units."""
    if (system := profile.record("osDisk")).text("name"):
        yield _disk(system, is_system=True)
    yield from (_disk(each) for each in sorted(profile.records("dataDisks"), key=lambda disk: disk.integer("lun") or 0))


def _disk(source: Record, *, is_system: bool = False) -> AzureDisk:
    size = source.integer("diskSizeGB")
    return AzureDisk(
        name=source.text("name") or "",
        size_bytes=None if size is None else size * GIB,
        arm_id=source.record("managedDisk").arm_id("id"),
        is_system=is_system,
    )


def nic(source: object) -> AzureNic:
    """A network interface. Raises MalformedError."""
    resource = Record(source)
    properties = resource.record("properties")
    configurations = [each.record("properties") for each in properties.records("ipConfigurations")]
    subnets = (each.record("subnet").arm_id("id") for each in configurations)
    return AzureNic(
        arm_id=ArmId(resource.required("id")),
        vm_id=properties.record("virtualMachine").arm_id("id"),
        subnet_ids=tuple(subnet for subnet in subnets if subnet),
        addresses=tuple(address for each in configurations if (address := each.text("privateIPAddress"))),
    )


def network(source: object) -> AzureNetwork:
    """A virtual network with its subnets. Raises MalformedError."""
    resource = Record(source)
    subnets = resource.record("properties").records("subnets")
    return AzureNetwork(ArmId(resource.required("id")), tuple(_subnet(each) for each in subnets))


def _subnet(source: Record) -> AzureSubnet:
    """Source: a subnet has `addressPrefix`, or `addressPrefixes` where it has several ranges."""
    properties = source.record("properties")
    one = properties.text("addressPrefix")
    return AzureSubnet(ArmId(source.required("id")), properties.texts("addressPrefixes") or ((one,) if one else ()))


def lock(source: object) -> AzureLock:
    """A management lock. Raises MalformedError."""
    resource = Record(source)
    return AzureLock(ArmId(resource.required("id")), resource.record("properties").text("level") or "")


def power_state(source: object) -> str | None:
    """The power state of a machine's instance view, without its prefix; None where none is told."""
    statuses = Record(source).record("properties").record("instanceView").records("statuses")
    codes = (each.text("code") or "" for each in statuses)
    return next((code[len(POWER_STATE) :] for code in codes if code.casefold().startswith(POWER_STATE)), None)
