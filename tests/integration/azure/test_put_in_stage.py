"""Items that a test puts into a later stage at once."""

import pytest
from tests.integration.azure.clients import Vault

ALLOWED = {
    "REVERSE_PROTECTED": "UnplannedFailover",
    "FAILBACK_PENDING": "Commit",
    "FAILED_BACK": "SwitchProtection",
}


@pytest.mark.parametrize("stage", ALLOWED)
def test_an_item_in_a_reversed_stage_and_back(own_vault: Vault, stage: str) -> None:
    """Source: facts, section 2 (S5 to S7): what the item shows there, and the jobs that led there, newest last."""
    before, jobs = own_vault.item("crm-1").as_dict(), len(list(own_vault.jobs()))
    own_vault.azure.set("item", "crm-1", "stage", {"stage": stage, "minutes": 90})
    shown = own_vault.item("crm-1").properties
    assert ALLOWED[stage] in shown.allowed_operations
    details = shown.provider_specific_details
    assert (details.instance_type, bool(details.master_target_id)) == ("InMage", True)
    assert bool(details.consistency_points) == (stage == "REVERSE_PROTECTED")
    scenarios = [j.properties.scenario_name for j in own_vault.jobs() if j.properties.target_object_name == "crm-1"]
    assert {"SwitchReplicationGroupProtection", "IrCompletion", "UnplannedFailover", "CommitFailover"} == set(scenarios)
    own_vault.azure.undo()
    assert len(list(own_vault.jobs())) == jobs
    after = own_vault.item("crm-1").as_dict()
    assert after["properties"]["allowedOperations"] == before["properties"]["allowedOperations"]
    assert after["properties"]["policyId"] == before["properties"]["policyId"]
