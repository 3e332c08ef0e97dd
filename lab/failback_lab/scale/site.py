"""A site of any size, made from a number of machines, master targets and plans."""

from dataclasses import dataclass
from typing import Any

import yaml

from failback_lab.manifests import site_manifest
from failback_lab.scenario import Scenario
from failback_lab.site import NAMESPACE, Lab
from failback_lab.toolchain import LAB

NAME = "tokyo"
HOSTS_PER_CLUSTER = 10
EVERY_TENTH = 10
API_VERSION = "failback.dev/v1alpha1"
ENABLE_UUID = {"disk.EnableUUID": "TRUE"}
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Size:
    """How large the site is."""

    machines: int = 1000
    targets: int = 20
    plans: int = 20

    def names_of(self, plan: int) -> list[str]:
        """The machines of a plan."""
        return [machine_name(number) for number in range(plan, self.machines, self.plans)]


def machine_name(number: int) -> str:
    """Name of a machine."""
    return f"m-{number:04}"


def target_name(number: int) -> str:
    """Name of a master target."""
    return f"mt-{number:02}"


def scenario_of(size: Size) -> Scenario:
    """Everything as it should be: all machines failed over, every tenth of two disks, and room for all on the targets."""
    demo = yaml.safe_load((LAB / "scenarios" / "demo.yaml").read_text(encoding="utf-8"))
    vcenter, vault = demo["vcenter"], demo["vault"]
    clusters: list[Json] = [
        {"name": f"prod-{n}", "hosts": [f"esx-{n}-{k}.example.com" for k in range(HOSTS_PER_CLUSTER)]} for n in range(2)
    ]
    clusters.append({"name": "infra", "drs_enabled": False, "hosts": ["esx-infra-1.example.com", "esx-infra-2.example.com"]})
    hosts = [host for cluster in clusters for host in cluster["hosts"]]
    stores = [
        {"name": f"vmfs-{n:02}", "type": "VMFS", "capacity_gib": 65536, "free_gib": 49152, "hosts": hosts} for n in range(20)
    ]
    return Scenario.model_validate(
        {
            **demo,
            "vcenter": {
                **vcenter,
                "clusters": clusters,
                "pods": [],
                "datastores": stores,
                "machines": [*_servers(demo), *(_target(n) for n in range(size.targets)), *_machines(size, hosts)],
            },
            "vault": {
                **vault,
                "network": {
                    "name": "vnet-dr",
                    "prefix": "10.60.0.0/16",
                    "subnets": {"machines": "10.60.0.0/17", "servers": "10.60.128.0/24", "GatewaySubnet": "10.60.255.0/27"},
                },
                "process_servers": [each | _moved(each) for each in vault["process_servers"]],
                "master_targets": [*vault["master_targets"][:1], *(_registered(n) for n in range(size.targets))],
                "items": [_item(n) for n in range(size.machines)],
            },
        }
    )


def manifests(lab: Lab, size: Size) -> list[Json]:
    """The RecoverySite, its servers and its plans."""
    site = [each for each in yaml.safe_load_all(site_manifest(lab.azure, lab.vcenter)) if each["kind"] != "MasterTarget"]
    targets = [_object("MasterTarget", target_name(n), serverName=target_name(n)) for n in range(size.targets)]
    plans = [
        _object(
            "FailbackPlan",
            f"plan-{n:02}",
            machines=[{"name": name} for name in size.names_of(n)],
            processServer={"name": "ps-azure-1"},
            protection={"processServer": "ps-onprem-1"},
            stage="Prepared",
        )
        for n in range(size.plans)
    ]
    return [*site, *targets, *plans]


def _object(kind: str, name: str, **spec: Any) -> Json:
    meta = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": meta, "spec": {"siteRef": {"name": NAME}, **spec}}


def _servers(demo: Json) -> list[Json]:
    """Configuration server and process server of the demo."""
    wanted = {"cs-1", "ps-onprem-1"}
    found = [each for each in demo["vcenter"]["machines"] if each["name"] in wanted]
    return [each | {"host": "esx-infra-1.example.com", "datastore": "vmfs-00"} for each in found]


def _moved(server: Json) -> Json:
    return {"ip_address": "10.60.128.4"} if server["location"] == "Azure" else {}


def _target(number: int) -> Json:
    volumes = [(r"C:" + "\\", 80, 50), (r"R:" + "\\", 600, 550)]
    return {
        "name": target_name(number),
        "host": "esx-infra-2.example.com",
        "datastore": "vmfs-01",
        "guest": "win2022",
        "ips": [f"10.10.0.{100 + number}"],
        "controller": "lsilogic-sas",
        "disks": [{"size_gib": 80}, {"size_gib": 600}],
        "extra_config": ENABLE_UUID,
        "memory_mib": 256,
        "volumes": [{"path": path, "capacity_gib": size, "free_gib": free, "filesystem": "NTFS"} for path, size, free in volumes],
    }


def _registered(number: int) -> Json:
    name = target_name(number)
    return {"name": name, "machine": name, "ip_address": f"10.10.0.{100 + number}", "retention_volume": "R"}


def _machines(size: Size, hosts: list[str]) -> list[Json]:
    homes = [host for host in hosts if "infra" not in host]
    return [
        {
            "name": machine_name(n),
            "host": homes[n % len(homes)],
            "datastore": f"vmfs-{2 + n % 18:02}",
            "guest": "win2019",
            "ips": [f"10.20.{n // 250}.{1 + n % 250}"],
            "powered_on": False,
            "controller": "lsilogic-sas",
            "disks": [{"size_gib": 80}] * (2 if n % EVERY_TENTH == 0 else 1),
            "extra_config": ENABLE_UUID,
            "memory_mib": 64,
        }
        for n in range(size.machines)
    ]


def _item(number: int) -> Json:
    return {
        "machine": machine_name(number),
        "process_server": "ps-azure-1",
        "azure_ip": f"10.60.{number // 250}.{4 + number % 250}",
    }
