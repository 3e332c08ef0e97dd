"""Effects on what machines share, on the wire: each one call, to the letter, its answer told for what it is."""

import pytest
from tests.integration.azure_adapter.sites import Site, last, requests

from failback_lab.azure.client import AzureLab
from failback_operator.act.azure_exchange import Exchange, named_job
from failback_operator.act.azure_vault import VaultTransport, done_or_job
from failback_operator.domain.ids import ArmId
from failback_operator.domain.ports import Accepted, Lost, Refused, Unnamed
from failback_operator.domain.steps import Effect, EffectKind, ItemCall, ObjectKey, VaultCall
from failback_operator.domain.vault import VaultFacts

OWNER = ObjectKey("RecoverySite", "dr", "tokyo")
FIGURES = {"recoveryPointThresholdInMinutes": 15, "recoveryPointHistory": 1440, "appConsistentFrequencyInMinutes": 60}
POLICY: dict[str, object] = {
    "properties": {"providerSpecificInput": {"instanceType": "InMage", **FIGURES, "multiVmSyncStatus": "Enable"}}
}


def effect(call: VaultCall, kind: EffectKind = EffectKind.CREATE_FAILBACK_POLICY) -> Effect:
    return Effect("k", kind, OWNER, call)


def transport(site: Site) -> VaultTransport:
    return VaultTransport(lambda: site.session.site_recovery)


def vault_of(facts: VaultFacts) -> str:
    return facts.fabric.arm_id.rsplit("/replicationFabrics/", 1)[0]


def policy_of(facts: VaultFacts, name: str = "made") -> VaultCall:
    return VaultCall(ArmId(f"{vault_of(facts)}/replicationPolicies/{name}"), body=POLICY)


async def ended(site: Site, job: str) -> None:
    """Wait for the job's end."""
    while True:
        (found,) = (await site.reader.read_parts([], [job], [])).jobs
        if found.is_over:
            assert found.is_success
            return


async def test_policy_mapping_and_refresh_are_one_call_each(own_site: Site, own_lab: AzureLab):
    facts = await own_site.reader.read_all(None, frozenset())
    container, (provider,) = facts.items[0].container_id, facts.providers
    assert (provider.connection_status, provider.allowed_scenarios) == ("Connected", ("Refresh",))
    policy = policy_of(facts)
    wanted: dict[str, object] = {
        "targetProtectionContainerId": str(container),
        "policyId": str(policy.resource_id),
        "providerSpecificInput": {},
    }
    mapping = VaultCall(ArmId(f"{container}/replicationProtectionContainerMappings/made"), body={"properties": wanted})
    for call in (policy, mapping, VaultCall(provider.arm_id, "refreshProvider")):
        answer = await transport(own_site).send(effect(call))
        assert isinstance(answer, Accepted)
        assert answer.job
        await ended(own_site, answer.job)
    facts = await own_site.reader.read_all(None, frozenset())
    made = next(each for each in facts.policies if each.arm_id == policy.resource_id)
    assert (made.instance_type, made.rpo_threshold_minutes, made.retention_minutes) == ("InMage", 15, 1440)
    assert [m.state for m in facts.mappings if m.arm_id == mapping.resource_id and m.target_container_id == container] == [
        "Paired"
    ]
    calls = own_lab.counts()["calls"]
    assert (calls["policies.put"], calls["mappings.put"], calls["refreshProvider"]) == (1, 1, 1)


@pytest.mark.parametrize(("status", "kind"), [(503, Lost), (409, Refused), (429, Refused)])
async def test_a_call_that_fails_is_never_repeated_and_its_words_are_kept(lab: AzureLab, site: Site, status: int, kind: type):
    facts = await site.reader.read_all(None, frozenset())
    lab.fault(
        kind="error", method="PUT", path="replicationPolicies", status=status, code="X", message="no", retry_after=0, count=-1
    )
    since = last(lab)
    answer = await transport(site).send(effect(policy_of(facts)))
    assert isinstance(answer, kind)
    assert f"HTTP {status}: X: no" in answer.message
    assert len(requests(lab, since, "replicationPolicies", "PUT")) == 1


@pytest.mark.parametrize(
    ("status", "headers", "result"),
    [
        (200, {}, Accepted(None)),
        (201, {"x-ms-request-id": "6f9619ff-8b86-d011-b42d-00c04fc964ff"}, Accepted(None)),
        (202, {"x-ms-request-id": "/Subscriptions/s/x/replicationJobs/job-1"}, Accepted("job-1")),
        (202, {}, Unnamed("answered 202 without naming a job")),
    ],
)
def test_what_is_done_at_once_needs_no_job(status: int, headers: dict[str, str], result: object):
    """Source: the published description: 200 with the resource, or 202."""
    assert done_or_job(Exchange(was_sent=True, status=status, headers=headers)) == result
    assert isinstance(named_job(Exchange(status=200)), Unnamed)


@pytest.mark.parametrize(
    ("path", "action"),
    [
        ("replicationPolicies/x", "remove"),
        ("replicationRecoveryPlans/x", None),
        ("replicationFabrics/f/replicationRecoveryServicesProviders/p", None),
        ("replicationFabrics/f/replicationRecoveryServicesProviders/p", "remove"),
        ("replicationFabrics/f/replicationProtectionContainers/c/replicationProtectionContainerMappings/m", "remove"),
        ("replicationFabrics/f", None),
    ],
)
async def test_what_is_never_called(site: Site, path: str, action: str | None):
    base = "/subscriptions/s/resourceGroups/g/providers/Microsoft.RecoveryServices/vaults/v"
    with pytest.raises(ValueError, match="never called"):
        await transport(site).send(effect(VaultCall(ArmId(f"{base}/{path}"), action, {})))


async def test_what_is_no_call_on_a_vault(site: Site):
    with pytest.raises(ValueError, match="not the id of a resource of a vault"):
        await transport(site).send(effect(VaultCall(ArmId("/subscriptions/s/resourceGroups/g"), body={})))
    with pytest.raises(TypeError):
        await transport(site).send(Effect("k", EffectKind.REPROTECT, OWNER, ItemCall(ArmId("/x"), "reProtect", None)))
