"""The simulator's roles: what they give, what they refuse, and what is told of them."""

from collections.abc import Iterator

import pytest
from azure.core.exceptions import HttpResponseError
from tests.integration.azure.clients import Answer, compute_client, credential, recovery_client, send

from failback_lab.azure.client import AzureLab
from failback_lab.azure.roles import SITE_RECOVERY_OPERATOR
from failback_lab.pki import LabCa
from failback_lab.scenario import Scenario


@pytest.fixture(scope="module")
def operators(tmp_path_factory: pytest.TempPathFactory, lab_ca: LabCa, demo_scenario: Scenario) -> Iterator[AzureLab]:
    with AzureLab(tmp_path_factory.mktemp("roles"), lab_ca, demo_scenario, None, actions=SITE_RECOVERY_OPERATOR) as lab:
        yield lab


@pytest.fixture
def at(operators: AzureLab) -> tuple[str, str]:
    """Resource group and name of the vault."""
    return operators.scenario.vault.resource_group, operators.scenario.vault.name


def get(azure: AzureLab, path: str) -> Answer:
    token = credential(azure).get_token(f"{azure.base_url}/.default").token
    return send(azure, "GET", f"{azure.base_url}{path}", None, {"Authorization": f"Bearer {token}"})


def test_the_role_lists_items_by_container_and_not_by_vault(operators: AzureLab, at: tuple[str, str]) -> None:
    """Source: Azure built-in roles, Site Recovery Operator; operations of Microsoft.RecoveryServices, which have both lists."""
    client = recovery_client(operators)
    (fabric,) = (each.name for each in client.replication_fabrics.list(*at))
    (container,) = (each.name for each in client.replication_protection_containers.list_by_replication_fabrics(*at, fabric))
    listed = client.replication_protected_items.list_by_replication_protection_containers(*at, fabric, container)
    assert len(list(listed)) == len(operators.scenario.vault.items)
    with pytest.raises(HttpResponseError) as refused:
        list(client.replication_protected_items.list(*at))
    assert refused.value.error is not None
    assert refused.value.error.code == "AuthorizationFailed"
    assert "'Microsoft.RecoveryServices/vaults/replicationProtectedItems/read'" in str(refused.value.error.message)


def test_the_role_gives_nothing_of_the_machines(operators: AzureLab) -> None:
    """Source: Azure built-in roles, Site Recovery Operator."""
    with pytest.raises(HttpResponseError, match=r"Microsoft\.Compute/virtualMachines/read"):
        list(compute_client(operators).virtual_machines.list_all())


def test_the_rights_of_the_caller_are_told(operators: AzureLab, at: tuple[str, str]) -> None:
    """Source: Permissions - List For Resource, Microsoft.Authorization 2022-04-01."""
    group, vault = at
    resource = (
        f"/subscriptions/{operators.subscription_id}/resourceGroups/{group}/providers/Microsoft.RecoveryServices/vaults/{vault}"
    )
    operators.deny("*/failoverCommit/action")
    answer = get(operators, f"{resource}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01")
    operators.deny()
    (role,) = answer.body["value"]
    assert set(role) == {"actions", "notActions", "dataActions", "notDataActions"}
    assert role["actions"] == list(SITE_RECOVERY_OPERATOR)
    assert role["notActions"] == ["*/failoverCommit/action"]
