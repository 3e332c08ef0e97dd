"""What is read with fewer rights: one kind of resource that may not be read leaves the rest, and is named; roles of Azure."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.integration.azure_adapter.sites import Site, endpoint_of, last, requests, site_of

from failback_lab.azure.client import AzureLab
from failback_lab.azure.roles import READER_OF_MACHINES, SITE_RECOVERY_OPERATOR
from failback_lab.pki import LabCa
from failback_lab.scenario import Scenario
from failback_operator.domain.ids import ArmId
from failback_operator.domain.reading import SourceProblem
from failback_operator.domain.rights import VaultPart, gives
from failback_operator.observe.azure import ReaderSettings, ReadFailed

VAULTS = "Microsoft.RecoveryServices/vaults"
FABRICS = f"{VAULTS}/replicationFabrics"
CONTAINERS = f"{FABRICS}/replicationProtectionContainers"
MANY = ReaderSettings(vm_gets=2, estate_age=timedelta(0))


@pytest.fixture(scope="module")
def operators_lab(tmp_path_factory: pytest.TempPathFactory, lab_ca: LabCa, demo_scenario: Scenario) -> Iterator[AzureLab]:
    """Azure, in which the operator has the built-in role Site Recovery Operator on the vault, and Reader on the machines."""
    actions = (*SITE_RECOVERY_OPERATOR, *READER_OF_MACHINES)
    directory: Path = tmp_path_factory.mktemp("roles")
    with AzureLab(directory, lab_ca, demo_scenario, None, actions=actions) as lab:
        yield lab


async def test_the_built_in_role_reads_as_much_as_every_right_does(operators_lab: AzureLab, site: Site, lab: AzureLab):
    everything, begin = await site.reader.read_all(None, frozenset()), last(operators_lab)
    async with site_of(endpoint_of(operators_lab)) as own:
        facts = await own.reader.read_all(None, frozenset())
        since = last(operators_lab)
        again = await own.reader.read_all(facts, frozenset())
    assert facts.denied == again.denied == ()
    assert facts.estate.nics.error is facts.estate.locks.error is facts.estate.networks.error is None
    for part in ("providers", "vcenters", "items", "policies", "mappings", "azure_vms"):
        wanted = [each.arm_id.resource_name for each in getattr(everything, part)]
        assert wanted
        for found in (facts, again):
            assert [each.arm_id.resource_name for each in getattr(found, part)] == wanted
    refused = [entry["operation"] for entry in operators_lab.log(begin) if entry["status"] == 403]
    assert sorted(refused) == ["items.listAll", "mappings.list"]
    later = operators_lab.log(since)
    assert 403 not in {entry["status"] for entry in later}
    assert [entry["operation"] for entry in later].count("containers.list") == 1


async def test_the_rights_on_the_vault_are_read_and_kept(operators_lab: AzureLab):
    async with site_of(endpoint_of(operators_lab)) as own:
        facts = await own.reader.read_all(None, frozenset())
        assert facts.permissions.facts is not None
        assert gives(facts.permissions.facts, f"{CONTAINERS}/replicationProtectedItems/reProtect/action")
        assert not gives(facts.permissions.facts, f"{VAULTS}/replicationPolicies/write")
        since = len(operators_lab.log())
        again = await own.reader.read_all(facts, frozenset())
        assert again.permissions == facts.permissions
        assert requests(operators_lab, since, "Microsoft.Authorization/permissions") == []


async def test_rights_that_cannot_be_read_now_and_then_stay_known(operators_lab: AzureLab):
    at_once = ReaderSettings(estate_age=timedelta(0))
    async with site_of(endpoint_of(operators_lab), at_once) as own:
        facts = await own.reader.read_all(None, frozenset())
        operators_lab.fault(kind="error", status=500, path="Microsoft.Authorization/permissions", count=-1)
        again = await own.reader.read_all(facts, frozenset())
        operators_lab.clear_faults()
        assert (again.permissions.facts, again.permissions.as_of) == (facts.permissions.facts, facts.permissions.as_of)
        assert again.permissions.error is not None
        assert again.permissions.error.problem is SourceProblem.UNREACHABLE
        assert (await own.reader.read_all(again, frozenset())).permissions.error is None


async def test_rights_that_may_not_be_read_are_not_known(site: Site, lab: AzureLab):
    lab.deny("Microsoft.Authorization/permissions/read")
    facts = await site.reader.read_all(None, frozenset())
    assert facts.permissions.facts is None
    assert facts.permissions.error is not None
    assert facts.permissions.error.problem is SourceProblem.FORBIDDEN
    lab.deny()
    assert (await site.reader.read_all(facts, frozenset())).permissions.facts is not None


@pytest.mark.parametrize(
    ("action", "part"),
    [
        (f"{FABRICS}/replicationRecoveryServicesProviders/read", VaultPart.PROVIDERS),
        (f"{FABRICS}/replicationvCenters/read", VaultPart.VCENTERS),
        (f"{VAULTS}/replicationPolicies/read", VaultPart.POLICIES),
        (f"{CONTAINERS}/replicationProtectionContainerMappings/read", VaultPart.MAPPINGS),
        ("Microsoft.Compute/virtualMachines/read", VaultPart.AZURE_VMS),
    ],
)
async def test_one_kind_that_may_not_be_read_leaves_the_rest(site: Site, lab: AzureLab, action: str, part: VaultPart):
    whole = await site.reader.read_all(None, frozenset())
    # The list of the whole vault needs an action of its own.
    lab.deny(action, f"{VAULTS}/replicationProtectionContainerMappings/read") if part is VaultPart.MAPPINGS else lab.deny(action)
    facts = await site.reader.read_all(whole, frozenset())
    assert [(each.part, each.action) for each in facts.denied] == [(part, action)]
    assert facts.is_denied(part)
    kinds = {
        VaultPart.PROVIDERS: "providers",
        VaultPart.VCENTERS: "vcenters",
        VaultPart.POLICIES: "policies",
        VaultPart.MAPPINGS: "mappings",
        VaultPart.AZURE_VMS: "azure_vms",
    }
    lost = kinds.pop(part)
    assert getattr(facts, lost) == ()
    assert facts.missing_vms == frozenset()
    assert all(len(getattr(facts, kept)) == len(getattr(whole, kept)) for kept in kinds.values())
    assert len(facts.items) == len(whole.items)
    lab.deny()
    again = await site.reader.read_all(facts, frozenset())
    assert (again.denied, len(getattr(again, lost))) == ((), len(getattr(whole, lost)))


async def test_what_is_denied_on_machines_names_their_group(site: Site, lab: AzureLab):
    lab.deny("Microsoft.Compute/*")
    (denial,) = (await site.reader.read_all(None, frozenset())).denied
    assert ArmId(denial.scope or "").resource_name == "rg-dr-vms"


async def test_a_list_of_machines_that_may_not_be_read_leaves_those_in_motion(lab: AzureLab):
    async with site_of(endpoint_of(lab), MANY) as site:
        whole = await site.reader.read_all(None, frozenset())
        first = whole.items[0]
        lab.fault(kind="error", status=403, code="AuthorizationFailed", message=REFUSED, path="virtualMachines\\?", count=-1)
        facts = await site.reader.read_all(whole, frozenset({first.arm_id}))
        assert [each.arm_id for each in facts.azure_vms] == [first.target_vm_id]
        assert facts.missing_vms == frozenset()
        (denial,) = facts.denied
        assert (denial.part, denial.action) == (VaultPart.AZURE_VMS, "Microsoft.Compute/virtualMachines/read")
        assert ArmId(denial.scope or "").resource_name == "sub-1"
        lab.clear_faults()
        assert replace(await site.reader.read_all(facts, frozenset()), jobs=()).denied == ()


REFUSED = (
    "The client 'c' with object id 'o' does not have authorization to perform action "
    "'Microsoft.Compute/virtualMachines/read' over scope '/subscriptions/sub-1' or the scope is invalid."
)


async def test_a_machine_that_may_not_be_read_before_an_effect_fails_the_read(site: Site, lab: AzureLab):
    """Kept facts about it would be taken for fresh ones."""
    whole = await site.reader.read_all(None, frozenset())
    lab.deny("Microsoft.Compute/virtualMachines/read")
    with pytest.raises(ReadFailed) as failed:
        await site.reader.read_parts([whole.items[0].arm_id], [], [])
    assert failed.value.error.problem is SourceProblem.FORBIDDEN


async def test_a_403_that_names_no_action_fails_the_read(site: Site, lab: AzureLab):
    lab.fault(kind="error", status=403, code="Forbidden", message="no", path="replicationPolicies", count=-1)
    with pytest.raises(ReadFailed) as failed:
        await site.reader.read_all(None, frozenset())
    assert failed.value.error.problem is SourceProblem.FORBIDDEN
    lab.clear_faults()
    lab.fault(kind="error", status=403, code="Forbidden", message="no", path="virtualMachines/", count=-1)
    with pytest.raises(ReadFailed) as failed:
        await site.reader.read_all(None, frozenset())
    assert failed.value.error.problem is SourceProblem.FORBIDDEN


async def test_items_that_may_not_be_listed_at_all_fail_the_read(site: Site, lab: AzureLab):
    lab.deny("*/replicationProtectedItems/read")
    with pytest.raises(ReadFailed) as failed:
        await site.reader.read_all(None, frozenset())
    assert f"may not perform {CONTAINERS}/replicationProtectedItems/read" in failed.value.error.message
