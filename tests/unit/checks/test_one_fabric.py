"""Check of a machine: all that it comes home through is of one configuration server."""

import pytest
from tests.unit import builders as a
from tests.unit.checks.case import FAIL, NA, PASS, UNKNOWN, Case, assert_case

from failback_operator.api.v1alpha1.failback_machine import Phase
from failback_operator.checks.machine import MACHINE_CHECKS
from failback_operator.domain.ids import ArmId
from failback_operator.domain.rights import Denial, VaultPart

CHECK = "OneFabric"
ELSEWHERE = ArmId(f"{a.VAULT_ID}/replicationFabrics/fabric-10/replicationProtectionContainers/cloud-1")


def machine(item=None, **facts):
    found = item or a.item()
    phase = Phase.REPROTECTED if found.instance_type == "InMage" else Phase.FAILED_OVER
    record = a.record() if phase is Phase.REPROTECTED else None
    return a.machine_context(found, phase=phase, record=record, site=a.site_context(a.view(a.vault(items=(found,), **facts))))


def back(**changes):
    return a.reprotected_item(**changes)


def detail(**changes):
    return back(detail=a.detail(**changes))


DENIED = (Denial(VaultPart.MAPPINGS, "Microsoft.X/read", None),)
OTHERS = a.fabric(run_as_accounts=())

CASES = [
    Case(CHECK, "failed over", PASS, machine(), "it is of fabric cs-1"),
    Case(CHECK, "before a disaster", PASS, a.machine_context(a.protected_item(), phase=Phase.NOT_FAILED_OVER)),
    Case(CHECK, "on its way back", PASS, machine(back()), "its master target is listed"),
    Case(CHECK, "of another fabric", FAIL, machine(a.item(container_id=ELSEWHERE)), "cloud-1 is not one of fabric cs-1"),
    Case(
        CHECK, "its policy not mapped", FAIL, machine(mappings=(a.failback_mapping(),)), "policy-24h is not mapped to container"
    ),
    Case(CHECK, "its policy mapped elsewhere", FAIL, machine(mappings=(a.forward_mapping(container_id=ELSEWHERE),))),
    Case(CHECK, "its policy not told", UNKNOWN, machine(a.item(policy_id=None)), "was not reported"),
    Case(CHECK, "mappings denied", UNKNOWN, machine(mappings=(), denied=DENIED), "see AzureAuthorized"),
    Case(CHECK, "no such account", FAIL, machine(fabric=OTHERS), "no run-as account vmadmin-windows"),
    Case(CHECK, "way to Azure through a server that is gone", PASS, machine(a.item(process_server_id="gone"))),
    Case(CHECK, "its process server gone", FAIL, machine(back(process_server_id="gone")), "process server gone is not one"),
    Case(CHECK, "its process server not told", UNKNOWN, machine(back(process_server_id=None))),
    Case(CHECK, "its process server in other case", PASS, machine(back(process_server_id="PS-AZURE-ID"))),
    Case(CHECK, "its master target gone", FAIL, machine(detail(master_target_id="gone")), "master target gone is not one"),
    Case(CHECK, "its master target not told", UNKNOWN, machine(detail(master_target_id=None)), "was not reported lately"),
    Case(CHECK, "its details too old", UNKNOWN, machine(detail(master_target_id="mt-win-id", as_of=a.minutes_ago(241)))),
    Case(CHECK, "failed back", NA, a.machine_context(a.failed_back_item(), phase=Phase.FAILED_BACK)),
    Case(CHECK, "vault unread", UNKNOWN, a.machine_context(items=(), site=a.blind_vault())),
    Case(CHECK, "an item without its vault", UNKNOWN, a.machine_context(site=a.blind_vault())),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case):
    assert_case(MACHINE_CHECKS, case)


def test_without_an_account_the_rest_is_judged():
    nobody = a.site(runAsAccounts={})
    context = a.machine_context(site=a.site_context(a.view(site=nobody)))
    assert MACHINE_CHECKS.get(CHECK).run(context).outcome is PASS
