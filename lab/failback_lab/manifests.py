"""The manifests of the demo's site, with the addresses of a running lab in them."""

from string import Template
from typing import Any

import yaml

from failback_lab.azure.client import AzureLab
from failback_lab.toolchain import LAB
from failback_lab.vcenter import VCenter

PLAN_MANIFEST = LAB / "manifests" / "failbackplan.yaml"
_SITE_MANIFEST = LAB / "manifests" / "site.yaml"


def site_manifest(azure: AzureLab, vcenter: VCenter) -> str:
    """The site with its servers, as YAML."""
    vault = azure.scenario.vault
    values = {
        "subscription_id": azure.subscription_id,
        "resource_group": vault.resource_group,
        "vault": vault.name,
        "fabric": vault.configuration_server.machine,
        "azure_url": azure.base_url,
        "authority": azure.authority,
        "tenant_id": azure.tenant_id,
        "client_id": azure.client_id,
        "vcenter_host": vcenter.host,
        "vcenter_port": vcenter.port,
    }
    return Template(_SITE_MANIFEST.read_text()).safe_substitute(values)


def demo_objects(azure: AzureLab, vcenter: VCenter) -> dict[str, dict[str, Any]]:
    """The site, its servers and the plan, by `Kind/name`."""
    texts = (site_manifest(azure, vcenter), PLAN_MANIFEST.read_text())
    found = (each for text in texts for each in yaml.safe_load_all(text))
    return {f"{each['kind']}/{each['metadata']['name']}": each for each in found}
