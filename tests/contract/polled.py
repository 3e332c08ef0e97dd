"""What the operator never asks: it follows jobs, so that a demo's run polls no operation, and its secret is right."""

from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from tests.integration.azure.clients import Vault, credential, wait

from failback_lab.azure.client import AzureLab
from failback_lab.azure.config import Durations
from failback_lab.pki import LabCa
from failback_lab.scenario import Scenario

# A reprotect takes three seconds: the poller, which waits a whole second between two looks, sees it run.
SPEED = 60
DURATIONS = Durations(reprotect=180, sync_minimum=60, sync_mib_per_second=2000)


def record_polling(directory: Path, ca: LabCa, scenario: Scenario) -> Path:
    """The record of two operations that the SDK's poller follows to success and to failure, of vault, lock and a bad login."""
    record = directory / "polled.jsonl"
    with AzureLab(directory / "azure", ca, scenario, None, speed=SPEED, durations=DURATIONS, record=record) as azure:
        vault = Vault(azure, retry_total=0)
        assert vault.raw("GET", vault.path).status == 200
        azure.set("vm", "crm-1-az", "locked", value=True)
        locks = f"/subscriptions/{azure.subscription_id}/providers/Microsoft.Authorization/locks"
        assert vault.raw("GET", f"{locks}?api-version=2016-09-01").status == 200
        azure.set("vm", "crm-1-az", "locked", value=False)
        with pytest.raises(ClientAuthenticationError):
            credential(azure, secret="wrong").get_token(f"{azure.base_url}/.default")
        _mend(vault)
        assert _followed(vault, "crm-1").properties.friendly_name == "crm-1"
        azure.set("connection", "cn-tokyo", "status", "NotConnected")
        with pytest.raises(HttpResponseError):
            _followed(vault, "files-1")
    return record


def _mend(vault: Vault) -> None:
    """What the operator asks for where a failback policy is missing, or discovery is old: as it asks, and until it is there."""
    details = {
        "instanceType": "InMage",
        "recoveryPointThresholdInMinutes": 15,
        "recoveryPointHistory": 1440,
        "appConsistentFrequencyInMinutes": 60,
        "multiVmSyncStatus": "Enable",
    }
    policy = f"{vault.path}/replicationPolicies/made"
    mapping = f"{vault.container_path}/replicationProtectionContainerMappings/made"
    wanted = {"targetProtectionContainerId": vault.container_path, "policyId": policy, "providerSpecificInput": {}}
    for path, body in ((policy, {"providerSpecificInput": details}), (mapping, wanted)):
        assert vault.raw("PUT", path, {"properties": body}).status == 202
        wait(lambda path=path: vault.raw("GET", path).status, lambda status: status == 200)
    provider = next(iter(vault.sdk.replication_recovery_services_providers.list(vault.group, vault.name)))
    providers = f"{vault.path}/replicationFabrics/{vault.fabric}/replicationRecoveryServicesProviders"
    assert vault.raw("POST", f"{providers}/{provider.name}/refreshProvider").status == 202


def _followed(vault: Vault, machine: str) -> Any:
    """The item as the SDK's poller returns it when the operation is over; its place is asked for before that, too."""
    answers: list[Any] = []
    poller = vault.sdk.replication_protected_items.begin_reprotect(
        *vault.place(machine),
        vault.to_site(),
        raw_response_hook=lambda answer: answers.append(answer.http_response),
    )
    vault.raw("GET", answers[0].headers["Location"])
    return poller.result()
