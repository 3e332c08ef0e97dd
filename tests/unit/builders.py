"""Small makers of facts, objects and contexts: a healthy site in which one machine, `app-1`, runs in Azure after a failover.

Every maker takes the members to change as keywords; whatever is not named is healthy. Facts and contexts are dataclasses
(`dataclasses.replace` goes on from there), objects of our kinds are frozen pydantic models.

    item("app-1", active_location="Primary")             a protected item (S3: failed over and committed)
    vault(items=(item("app-1"), item("db-1")))           one fabric's part of the vault
    view(vault_facts=vault(...), vsphere=facts(...))      what decide/ is given
    machine_context(plan=plan(stage="Reprotected"))      what a check of a machine is given
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from failback_operator.api.v1alpha1 import FailbackMachine, FailbackPlan, MasterTarget, ProcessServer, RecoverySite
from failback_operator.api.v1alpha1.failback_machine import Phase, Recorded, RecordedDisk
from failback_operator.checks.contexts import LocatedVm, MachineContext, PlanContext, ServerContext, SiteContext, TargetContext
from failback_operator.domain.azure_estate import (
    AzureDisk,
    AzureEstate,
    AzureLock,
    AzureNetwork,
    AzureNic,
    AzureSubnet,
    NicIndex,
    StorageAccounts,
)
from failback_operator.domain.fabric import (
    ConfigurationServer,
    Fabric,
    ListedDatastore,
    MasterTargetServer,
    Provider,
    RetentionVolume,
    RunAsAccount,
    VCenterRecord,
)
from failback_operator.domain.fabric import ProcessServer as ProcessServerFacts
from failback_operator.domain.grants import Grants, Held
from failback_operator.domain.ids import ArmId, Moref
from failback_operator.domain.limits import Limits
from failback_operator.domain.policy import ContainerMapping, Policy
from failback_operator.domain.protected_item import ActiveSite, InstanceType, ItemDetail, ItemDisk, ProtectedItem
from failback_operator.domain.reading import Part, SourceError
from failback_operator.domain.rights import Permission
from failback_operator.domain.snapshot import SiteSnapshot, SiteView
from failback_operator.domain.usage import DiskUsage
from failback_operator.domain.vault import AzureVm, VaultFacts
from failback_operator.domain.vsphere import (
    Cluster,
    Controller,
    ControllerKind,
    Datastore,
    Disk,
    Guest,
    GuestVolume,
    Host,
    Motion,
    MotionRule,
    Mount,
    Pod,
    PowerState,
    Snapshot,
    VirtualMachine,
    VsphereFacts,
)

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
FAILED_OVER_AT = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
BOUND = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
CERTIFICATE_EXPIRES = datetime(2028, 3, 1, tzinfo=UTC)
LIMITS = Limits(classic_support_end=date(2027, 3, 30))
"""The documented figures, in a world in which the classic architecture is still supported."""
GIB = 1024**3
NAMESPACE = "dr"
SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
VAULT_ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-dr/providers/Microsoft.RecoveryServices/vaults/vault-1"
FABRIC_ID = ArmId(f"{VAULT_ID}/replicationFabrics/fabric-1")
CONTAINER_ID = ArmId(f"{FABRIC_ID}/replicationProtectionContainers/cloud-1")
POLICY_ID = ArmId(f"{VAULT_ID}/replicationPolicies/policy-24h")
FAILBACK_POLICY_ID = ArmId(f"{VAULT_ID}/replicationPolicies/policy-24h-failback")
PROVIDER_ID = ArmId(f"{FABRIC_ID}/replicationRecoveryServicesProviders/dra-1")
LOG_STORAGE_ID = ArmId(f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-dr/providers/Microsoft.Storage/storageAccounts/stlog")
NETWORK_ID = ArmId(f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-net/providers/Microsoft.Network/virtualNetworks/vnet-1")
SUBNET_ID = ArmId(f"{NETWORK_ID}/subnets/machines")
SERVER_ACCOUNT = "asr-cs@vsphere.local"
OWN_ACCOUNT = "VSPHERE.LOCAL\\operator"
VCENTER = "vc-1"
VCENTER_UUID = "9a7f0000-0000-0000-0000-00000000vc01"
HOST_1 = Moref("host-1")
HOST_2 = Moref("host-2")
VMFS = Moref("datastore-1")
NFS = Moref("datastore-2")
CLUSTER = Moref("domain-1")
POD = Moref("group-p1")


def minutes_ago(minutes: float) -> datetime:
    """The instant so long before NOW (negative: after it)."""
    return NOW - timedelta(minutes=minutes)


# Azure


def item_id(name: str = "app-1") -> ArmId:
    """ARM id of the protected item of that machine."""
    return ArmId(f"{CONTAINER_ID}/replicationProtectedItems/item-{name}")


def azure_vm_id(name: str = "app-1") -> ArmId:
    """ARM id of the Azure VM of that machine."""
    return ArmId(f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-vms/providers/Microsoft.Compute/virtualMachines/{name}")


def vm_uuid(name: str = "app-1") -> str:
    """Instance UUID of the on-premises VM of that name."""
    return f"50000000-0000-0000-0000-{sum(name.encode()):012d}"


def item_disk(number: int = 0, **changes: Any) -> ItemDisk:
    """A protected disk in sync."""
    return replace(ItemDisk(f"disk-{number}", f"disk-{number}", 40 * GIB, 100, "NotRequired", 60), **changes)


def item_disks(count: int) -> tuple[ItemDisk, ...]:
    """So many protected disks."""
    return tuple(item_disk(n) for n in range(count))


def detail(name: str = "app-1", **changes: Any) -> ItemDetail:
    """What a GET of the item shows: Windows Server 2019, two disks."""
    return replace(
        ItemDetail(
            as_of=minutes_ago(1),
            master_target_id=None,
            disks=item_disks(2),
            os_type="Windows",
            os_version="Microsoft Windows Server 2019 Datacenter",
            consistency_points=(("tag-1", minutes_ago(30)),),
            datastores=("vmfs-1",),
            agent_version="9.62.0.0",
            agent_last_heartbeat=minutes_ago(2),
            log_storage_account_id=LOG_STORAGE_ID,
            vcenter_infrastructure_id=VCENTER_UUID,
            infrastructure_vm_id=vm_uuid(name),
            replica_id=None,
            ip_address="10.10.1.11",
            has_retention_window=True,
            recovery_network_id=NETWORK_ID,
            recovery_subnet_ids=(SUBNET_ID,),
            discovery_type="vCenter",
            firmware_type="BIOS",
            change_rate_mb=1119,
        ),
        **changes,
    )


def item(name: str = "app-1", **changes: Any) -> ProtectedItem:
    """S3: failed over to Azure and committed; reprotect is allowed. Alone in its group."""
    return replace(
        ProtectedItem(
            arm_id=item_id(name),
            friendly_name=name,
            container_id=CONTAINER_ID,
            instance_type=InstanceType.TO_AZURE,
            active_site=None,
            active_location="Recovery",
            protection_state="UnplannedFailoverCommitted",
            protection_state_description="Failover committed",
            allowed_operations=frozenset({"CompleteMigration", "DisableProtection", "SwitchProtection"}),
            current_scenario=None,
            replication_health="Normal",
            failover_health="Normal",
            health_errors=(),
            policy_id=POLICY_ID,
            process_server_id="ps-onprem-id",
            group_id=f"group-of-{name}",
            group_name=f"group-of-{name}",
            last_failover_time=FAILED_OVER_AT,
            target_vm_id=azure_vm_id(name),
            rpo_seconds=None,
            last_heartbeat=minutes_ago(2),
            provider_id=PROVIDER_ID,
            detail=detail(name),
        ),
        **changes,
    )


def protected_item(name: str = "app-1", **changes: Any) -> ProtectedItem:
    """S0: replicates to Azure, not failed over."""
    base = item(
        name,
        active_location="Primary",
        protection_state="Protected",
        protection_state_description="Protected",
        allowed_operations=frozenset({"UnplannedFailover", "DisableProtection", "TestFailover"}),
        last_failover_time=None,
        target_vm_id=None,
        rpo_seconds=60,
    )
    return replace(base, **changes)


def reprotected_item(name: str = "app-1", **changes: Any) -> ProtectedItem:
    """S5: runs in Azure, replicates to the site through master target `mt-win-id`; failback is allowed."""
    base = item(
        name,
        instance_type=InstanceType.TO_ON_PREMISES,
        active_site=ActiveSite.AZURE,
        active_location="Primary",
        protection_state="Protected",
        protection_state_description="Protected",
        allowed_operations=frozenset({"UnplannedFailover", "DisableProtection"}),
        policy_id=FAILBACK_POLICY_ID,
        process_server_id="ps-azure-id",
        last_failover_time=None,
        target_vm_id=None,
        rpo_seconds=60,
        detail=detail(
            name,
            master_target_id="mt-win-id",
            log_storage_account_id=None,
            vcenter_infrastructure_id=None,
            infrastructure_vm_id=None,
            replica_id=vm_uuid(name),
        ),
    )
    return replace(base, **changes)


def failed_back_item(name: str = "app-1", **changes: Any) -> ProtectedItem:
    """S6: runs on the site again, commit is allowed."""
    base = reprotected_item(
        name,
        active_site=ActiveSite.ON_PREMISES,
        active_location="Recovery",
        protection_state="UnplannedFailoverCommitPendingStatesBegin",
        protection_state_description="Failover completed",
        allowed_operations=frozenset({"Commit", "DisableProtection"}),
    )
    return replace(base, **changes)


def committed_item(name: str = "app-1", **changes: Any) -> ProtectedItem:
    """S7: runs on the site, committed; protection to Azure is allowed."""
    base = failed_back_item(
        name,
        protection_state="UnplannedFailoverCommitted",
        protection_state_description="Failover committed",
        allowed_operations=frozenset({"CompleteMigration", "DisableProtection", "SwitchProtection"}),
    )
    return replace(base, **changes)


def azure_vm(name: str = "app-1", **changes: Any) -> AzureVm:
    """A running Azure VM with one network interface."""
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-vms/providers/Microsoft.Compute/disks"
    disks = tuple(AzureDisk(f"{name}-{n}", 40 * GIB, ArmId(f"{group}/{name}-{n}"), is_system=n == 0) for n in (0, 1))
    return replace(AzureVm(azure_vm_id(name), "running", (nic_id(name),), 1, "Succeeded", disks), **changes)


def nic_id(name: str = "app-1") -> ArmId:
    """ARM id of the network interface of that machine."""
    return ArmId(f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-vms/providers/Microsoft.Network/networkInterfaces/{name}-nic")


def nic(name: str = "app-1", address: str = "10.50.1.11", **changes: Any) -> AzureNic:
    """The network interface of a machine, in the network vnet-1."""
    base = AzureNic(nic_id(name), azure_vm_id(name), (SUBNET_ID,), (address,))
    return replace(base, **changes)


def network(*prefixes: str) -> AzureNetwork:
    """The network vnet-1, whose subnet of the machines has these ranges (default: one that the site has not)."""
    return AzureNetwork(NETWORK_ID, (AzureSubnet(SUBNET_ID, prefixes or ("10.50.1.0/24",)),))


def estate(*nics: AzureNic, locks: tuple[AzureLock, ...] = (), age_minutes: float = 1) -> AzureEstate:
    """Interfaces (default: those of app-1 and of the process server in Azure) and locks, read so long ago."""
    found = nics or (nic(), nic("ps-azure", "10.50.2.4"))
    as_of = minutes_ago(age_minutes)
    networks = Part((network(),), as_of, None)
    storage = Part(StorageAccounts(frozenset({SUBSCRIPTION}), frozenset({LOG_STORAGE_ID})), as_of, None)
    return AzureEstate(Part(found, as_of, None), Part(locks, as_of, None), networks, storage)


def configuration_server(**changes: Any) -> ConfigurationServer:
    """A connected configuration server."""
    base = ConfigurationServer(
        "cs-1", "10.10.0.10", "Running", "9.62.0.0", "Supported", minutes_ago(2), certificate_expires=CERTIFICATE_EXPIRES
    )
    return replace(base, **changes)


def process_server_facts(name: str = "ps-azure", **changes: Any) -> ProcessServerFacts:
    """A healthy process server; its id is `<name>-id`."""
    return replace(
        ProcessServerFacts(
            id=f"{name}-id",
            name=name,
            ip_address="10.50.2.4",
            os_type="Windows",
            agent_version="9.62.0.0",
            version_status="Supported",
            last_heartbeat=minutes_ago(2),
            service_status="Running",
            health="Normal",
            machine_count=1,
            certificate_expires=CERTIFICATE_EXPIRES,
        ),
        **changes,
    )


def master_target_server(name: str = "mt-win", **changes: Any) -> MasterTargetServer:
    """A registered Windows master target with retention volume R; its id is `<name>-id`."""
    return replace(
        MasterTargetServer(
            id=f"{name}-id",
            name=name,
            ip_address="10.10.0.21",
            os_type="Windows",
            os_version="Microsoft Windows Server 2022 Datacenter",
            agent_version="9.62.0.0",
            version_status="Supported",
            last_heartbeat=minutes_ago(2),
            disk_count=2,
            retention_volumes=(RetentionVolume("R", 600 * GIB, 550 * GIB),),
            datastores=(ListedDatastore("vmfs-1", "uuid-1", "VMFS"),),
        ),
        **changes,
    )


def fabric(**changes: Any) -> Fabric:
    """One configuration server with a process server in Azure, one on-premises, and a Windows master target."""
    return replace(
        Fabric(
            arm_id=FABRIC_ID,
            friendly_name="cs-1",
            health="Normal",
            configuration_server=configuration_server(),
            process_servers=(process_server_facts("ps-azure"), process_server_facts("ps-onprem", ip_address="10.10.0.11")),
            master_targets=(master_target_server(),),
            run_as_accounts=(RunAsAccount("1", "vmadmin-windows"), RunAsAccount("2", "vmadmin-linux")),
        ),
        **changes,
    )


def vcenter_record(name: str = VCENTER, **changes: Any) -> VCenterRecord:
    """A vCenter that the configuration server has discovered."""
    arm_id = ArmId(f"{FABRIC_ID}/replicationvCenters/{name}")
    return replace(VCenterRecord(arm_id, name, "10.10.0.5", "Completed", NOW, VCENTER_UUID), **changes)


def failback_policy(**changes: Any) -> Policy:
    """The policy that the vendor's page describes: 15 min, 24 h, 60 min."""
    return replace(Policy(FAILBACK_POLICY_ID, "policy-24h-failback", "InMage", 15, 1440, 60), **changes)


def forward_policy(**changes: Any) -> Policy:
    """A policy to Azure."""
    return replace(Policy(POLICY_ID, "policy-24h", "InMageAzureV2", 15, 1440, 60), **changes)


def failback_mapping(**changes: Any) -> ContainerMapping:
    """The failback policy on the container, container to itself."""
    arm_id = ArmId(f"{CONTAINER_ID}/replicationProtectionContainerMappings/failback")
    base = ContainerMapping(arm_id, CONTAINER_ID, str(CONTAINER_ID), FAILBACK_POLICY_ID, "Paired", "Normal")
    return replace(base, **changes)


def forward_mapping(**changes: Any) -> ContainerMapping:
    """The policy to Azure on the container."""
    arm_id = ArmId(f"{CONTAINER_ID}/replicationProtectionContainerMappings/forward")
    base = ContainerMapping(arm_id, CONTAINER_ID, "Microsoft Azure", POLICY_ID, "Paired", "Normal")
    return replace(base, **changes)


def vault(**changes: Any) -> VaultFacts:
    """The fabric's part of the vault with the item `app-1` and its running Azure VM."""
    return replace(
        VaultFacts(
            fabric=fabric(),
            providers=(Provider(PROVIDER_ID, "Connected", minutes_ago(2)),),
            vcenters=(vcenter_record(),),
            items=(item(),),
            policies=(forward_policy(), failback_policy()),
            mappings=(forward_mapping(), failback_mapping()),
            jobs=(),
            azure_vms=(azure_vm(),),
            estate=estate(),
            permissions=Part((Permission(("*",)),), NOW, None),
        ),
        **changes,
    )


# vSphere


def disk(number: int = 0, vm_name: str = "app-1", **changes: Any) -> Disk:
    """A disk on datastore vmfs-1, on the SCSI controller 1000."""
    return replace(
        Disk(
            key=2000 + number,
            label=f"Hard disk {number + 1}",
            controller_key=1000,
            unit_number=number,
            file_name=f"[vmfs-1] {vm_name}/{vm_name}_{number}.vmdk",
            datastore=VMFS,
            uuid=f"6000c290-{vm_name}-{number}",
            capacity_bytes=40 * GIB,
            has_parent=False,
        ),
        **changes,
    )


def disks(count: int, vm_name: str = "app-1") -> tuple[Disk, ...]:
    """So many disks of that VM."""
    return tuple(disk(n, vm_name) for n in range(count))


def controller(kind: ControllerKind = ControllerKind.LSI_LOGIC_SAS, bus: int = 0) -> Controller:
    """A controller of that kind and number."""
    return Controller(1000 + bus, kind, bus)


def snapshot(name: str = "before-update", **changes: Any) -> Snapshot:
    """A snapshot made long before the failover."""
    return replace(Snapshot(Moref(f"snapshot-{name}"), name, FAILED_OVER_AT - timedelta(days=30)), **changes)


def vm(name: str = "app-1", **changes: Any) -> VirtualMachine:
    """The on-premises VM of a failed-over machine: off, two disks, no snapshot, on host-1."""
    return replace(
        VirtualMachine(
            moref=Moref(f"vm-{name}"),
            name=name,
            instance_uuid=vm_uuid(name),
            bios_uuid=vm_uuid(name).replace("5", "4", 1),
            power_state=PowerState.OFF,
            connection_state="connected",
            host=HOST_1,
            boot_time=None,
            starts=(),
            events=(),
            snapshots=(),
            consolidation_needed=False,
            disks=disks(2, name),
            controllers=(Controller(1000, ControllerKind.LSI_LOGIC_SAS, 0),),
            disk_uuid_enabled=True,
            memory_mib=4096,
            nic_count=1,
            is_template=False,
            firmware="bios",
            guest=Guest(guest_id="windows2019srv_64Guest"),
        ),
        **changes,
    )


def target_vm(name: str = "mt-win", **changes: Any) -> VirtualMachine:
    """The VM of a master target: Windows Server 2022, on, tools running, two own disks, volume R."""
    guest = Guest(
        guest_id="windows2019srvNext_64Guest",
        full_name="Microsoft Windows Server 2022 (64-bit)",
        family="windowsGuest",
        host_name=name,
        ip_addresses=("10.10.0.21",),
        tools_running_status="guestToolsRunning",
        tools_version_status="guestToolsCurrent",
        volumes=(GuestVolume("C:\\", 80 * GIB, 50 * GIB, "NTFS"), GuestVolume("R:\\", 600 * GIB, 550 * GIB, "NTFS")),
    )
    base = vm(name, power_state=PowerState.ON, host=HOST_2, boot_time=FAILED_OVER_AT - timedelta(days=90), guest=guest)
    return replace(base, **changes)


def host(moref: Moref = HOST_1, **changes: Any) -> Host:
    """A connected host that sees both datastores."""
    name = f"esx-{moref.rsplit('-', 1)[-1]}.example.com"
    return replace(Host(moref, name, "connected", False, CLUSTER, (VMFS, NFS), 256 * GIB, 64 * GIB), **changes)


def datastore(moref: Moref = VMFS, **changes: Any) -> Datastore:
    """A VMFS datastore that both hosts mount read/write."""
    mounts = tuple(Mount(h, "readWrite", is_mounted=True, is_accessible=True) for h in (HOST_1, HOST_2))
    base = Datastore(moref, "vmfs-1", "VMFS", True, 8192 * GIB, 4096 * GIB, mounts, maintenance_mode="normal")
    return replace(base, **changes)


def cluster(**changes: Any) -> Cluster:
    """The cluster of both hosts, whose DRS leaves mt-win alone."""
    rule = MotionRule(Moref("vm-mt-win"), is_enabled=False, behavior=None)
    return replace(Cluster(CLUSTER, "infra", Motion(True, "fullyAutomated", (rule,))), **changes)


def pod(**changes: Any) -> Pod:
    """A datastore cluster whose Storage DRS moves VMs by itself."""
    return replace(Pod(POD, "gold", Motion(True, "automated")), **changes)


def facts(*machines: VirtualMachine, **changes: Any) -> VsphereFacts:
    """One vCenter: two hosts, a VMFS and an NFS datastore, and `machines` (default: app-1 and mt-win)."""
    stores = (datastore(), datastore(NFS, name="nfs-1", type="NFS"))
    chosen = machines or (vm(), target_vm())
    base = VsphereFacts(VCENTER_UUID, (host(HOST_1), host(HOST_2)), stores, chosen, (), (cluster(),))
    asked = (*(m.moref for m in chosen), VMFS, NFS, POD, CLUSTER)
    held = replace(base, own_grants=grants(OWN_ACCOUNT, *asked), server_grants=grants(SERVER_ACCOUNT, Moref("datacenter-1")))
    return replace(held, **changes)


def grants(account: str, *entities: Moref, lacking: tuple[str, ...] = (), unread: str | None = None) -> Grants:
    """What an account holds on these objects: everything but `lacking`."""
    return Grants(account, tuple(Held(entity, f"name of {entity}", frozenset(lacking)) for entity in entities), unread)


# Our objects


def meta(name: str, **changes: Any) -> dict[str, Any]:
    """Metadata of an object in the namespace `dr`."""
    base = {
        "name": name,
        "namespace": NAMESPACE,
        "uid": f"uid-{name}",
        "generation": 1,
        "creationTimestamp": "2026-01-01T00:00:00Z",
    }
    return base | changes


def site(name: str = "tokyo", metadata: dict[str, Any] | None = None, **spec: Any) -> RecoverySite:
    """A RecoverySite with one vCenter; `spec` members in camelCase."""
    base: dict[str, Any] = {
        "vault": {"subscriptionId": SUBSCRIPTION, "resourceGroup": "rg-dr", "name": "vault-1", "fabric": "cs-1"},
        "azure": {
            "credentials": {
                "kind": "ClientSecret",
                "tenantId": "00000000-0000-0000-0000-00000000000a",
                "clientId": "00000000-0000-0000-0000-00000000000b",
                "secretRef": {"name": "azure"},
            }
        },
        "vcenters": [{"name": VCENTER, "server": "vcenter.example.com", "credentialsRef": {"name": "vcenter"}}],
        "configurationServer": {"ipAddresses": ["10.10.0.10"], "vcenterAccount": SERVER_ACCOUNT},
        "runAsAccounts": {"windows": "vmadmin-windows", "linux": "vmadmin-linux"},
    }
    status = {"fabricId": str(FABRIC_ID)}
    return RecoverySite.model_validate({"metadata": meta(name, **(metadata or {})), "spec": base | spec, "status": status})


def master_target(name: str = "mt-win", status: dict[str, Any] | None = None, **spec: Any) -> MasterTarget:
    """A MasterTarget; `spec` and `status` members in camelCase."""
    base = {"siteRef": {"name": "tokyo"}, "serverName": name}
    return MasterTarget.model_validate({"metadata": meta(name), "spec": base | spec, "status": status or {}})


def process_server(name: str = "ps-azure", location: str = "Azure", **spec: Any) -> ProcessServer:
    """A ProcessServer; `spec` members in camelCase."""
    base = {"siteRef": {"name": "tokyo"}, "serverName": name, "location": location}
    return ProcessServer.model_validate({"metadata": meta(name), "spec": base | spec})


def plan(name: str = "payroll", status: dict[str, Any] | None = None, **spec: Any) -> FailbackPlan:
    """A plan for app-1 at stage Reprotected that covers its failover; `spec` and `status` members in camelCase."""
    base: dict[str, Any] = {
        "siteRef": {"name": "tokyo"},
        "machines": [{"name": "app-1"}],
        "stage": "Reprotected",
        "failedOverBefore": BOUND,
    }
    return FailbackPlan.model_validate({"metadata": meta(name), "spec": base | spec, "status": status or {}})


def recorded_disks(of_vm: VirtualMachine) -> list[RecordedDisk]:
    """The disks of a VM as they are recorded before reprotect."""
    return [
        RecordedDisk(
            file=d.file_name,
            uuid=d.uuid,
            capacity_bytes=d.capacity_bytes,
            datastore="vmfs-1",
            datastore_id=d.datastore,
            key=d.key,
        )
        for d in of_vm.disks
    ]


def record(name: str = "app-1", **changes: Any) -> Recorded:
    """What was recorded before reprotect."""
    base = Recorded(
        failed_over_at=FAILED_OVER_AT,
        covered_by=BOUND,
        azure_vm_id=str(azure_vm_id(name)),
        process_server_id="ps-onprem-id",
        policy_id=str(POLICY_ID),
        run_as_account="vmadmin-windows",
        log_storage_account_id=str(LOG_STORAGE_ID),
        vcenter_infrastructure_id=VCENTER_UUID,
        vm_instance_uuid=vm_uuid(name),
        master_target="mt-win",
        master_target_disks=recorded_disks(target_vm()),
    )
    return base.model_copy(update=changes)


def machine(
    name: str = "app-1", recorded: tuple[Recorded, ...] = (), status: dict[str, Any] | None = None, plan_name: str = "payroll"
) -> FailbackMachine:
    """The FailbackMachine of an item (object name: `tokyo-<name>`)."""
    spec = {
        "siteRef": {"name": "tokyo"},
        "planRef": {"name": plan_name},
        "itemId": str(item_id(name)),
        "machineName": name,
        "recorded": list(recorded),
    }
    return FailbackMachine.model_validate({"metadata": meta(f"tokyo-{name}"), "spec": spec, "status": status or {}})


# Views and contexts


def part(content: Any, age_minutes: float = 0, error: SourceError | None = None) -> Part[Any]:
    """A source that was read so long ago; `error` is what its last try answered instead."""
    return Part(content, None if content is None else minutes_ago(age_minutes), error)


def site_snapshot(vault_part: Part[VaultFacts] | None = None, vcenter_part: Part[VsphereFacts] | None = None) -> SiteSnapshot:
    """Both worlds as read just now."""
    return SiteSnapshot(NOW, vault_part or part(vault()), {VCENTER: vcenter_part or part(facts())})


def view(vault_facts: VaultFacts | None = None, vsphere: VsphereFacts | None = None, **changes: Any) -> SiteView:
    """A site with mt-win, ps-azure, ps-onprem and the plan payroll."""
    base = SiteView(
        site=site(),
        snapshot=site_snapshot(part(vault_facts or vault()), part(vsphere or facts())),
        limits=LIMITS,
        targets=(master_target(),),
        servers=(process_server(), process_server("ps-onprem", "OnPremises")),
        plans=(plan(),),
    )
    return replace(base, **changes)


def site_context(site_view: SiteView | None = None, **changes: Any) -> SiteContext:
    """The site's context; built from `site_view` as decide/ builds it."""
    chosen = site_view or view()
    return replace(SiteContext(chosen, chosen.vault(), chosen.vsphere()), **changes)


def blind_vault() -> SiteContext:
    """A site whose vault could not be read."""
    return site_context(view(snapshot=site_snapshot(vault_part=Part())))


def blind_vsphere() -> SiteContext:
    """A site whose vCenter could not be read."""
    return site_context(view(snapshot=site_snapshot(vcenter_part=Part())))


def nameless_vsphere() -> SiteContext:
    """A site whose vCenter has a VM of which the name may not be read."""
    return site_context(view(vsphere=facts(nameless=(Moref("vm-77"),))))


def located(machine_vm: VirtualMachine | None = None, vsphere: VsphereFacts | None = None) -> LocatedVm:
    """A VM with its vCenter and host."""
    chosen = machine_vm or vm()
    found = vsphere or facts(vm(), target_vm())
    return LocatedVm(VCENTER, found, chosen, found.host(chosen.host))


def usage(**changes: Any) -> DiskUsage:
    """Two own disks, limit 60."""
    return replace(DiskUsage(own=2, attached=0, orphaned=0, reserved=0, limit=60), **changes)


def target_context(**changes: Any) -> TargetContext:
    """The context of the healthy master target mt-win that holds nothing."""
    base = TargetContext(
        site=changes.pop("site", None) or site_context(),
        target=master_target(),
        server=master_target_server(),
        vms=(located(target_vm()),),
        usage=usage(),
        holders=(),
        is_configuration_server=False,
        planned=(item(),),
    )
    return replace(base, **changes)


def server_context(**changes: Any) -> ServerContext:
    """The context of the healthy process server ps-azure."""
    base = ServerContext(changes.pop("site", None) or site_context(), process_server(), process_server_facts())
    return replace(base, **changes)


def machine_context(protected: ProtectedItem | None = None, **changes: Any) -> MachineContext:
    """The context of app-1, failed over and ready for reprotect; `protected` replaces its item everywhere."""
    found = protected or item()
    base = MachineContext(
        site=changes.pop("site", None) or site_context(),
        plan=plan(),
        name=found.friendly_name,
        items=(found,),
        machine=None,
        group=(found,),
        group_in_plan=True,
        vms=(located(vm(found.friendly_name)),),
        azure_vm=azure_vm(found.friendly_name),
        azure_vm_is_missing=False,
        candidates=(target_context(),),
        assigned=None,
        process_server=server_context(),
        record=None,
        failed_over_at=FAILED_OVER_AT,
        last_failback_at=None,
        phase=Phase.FAILED_OVER,
        nics=NicIndex.of(estate().nics.facts or ()),
    )
    return replace(base, **changes)


def plan_context(**changes: Any) -> PlanContext:
    """The context of the plan payroll with app-1."""
    base = PlanContext(
        site=changes.pop("site", None) or site_context(),
        plan=plan(),
        machines=(machine_context(),),
        rivals=(),
        unknown_targets=(),
    )
    return replace(base, **changes)
