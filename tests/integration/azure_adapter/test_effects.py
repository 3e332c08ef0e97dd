"""The four effects on the wire: one POST each, its body to the letter, its answer told for what it is."""

import asyncio
import json
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from tests.integration.azure_adapter.sites import Site, endpoint_of, last, read_item, read_job, requests, site_of

from failback_lab.azure.client import AzureLab
from failback_lab.pki import LabCa
from failback_operator.act.azure import AzureTransport
from failback_operator.domain.ids import ArmId
from failback_operator.domain.ports import Accepted, Lost, Refused, SendResult, Unnamed
from failback_operator.domain.protected_item import InstanceType, ProtectedItem
from failback_operator.domain.steps import Effect, EffectKind, ItemCall, MachineCall, ObjectKey
from failback_operator.domain.vault import VaultFacts
from failback_operator.observe.azure import ClientSecret, CloudAddresses, Timeouts

OWNER = ObjectKey("FailbackMachine", "dr", "m")


def effect(item: ArmId, action: str, body: dict[str, object] | None, kind: EffectKind = EffectKind.REPROTECT) -> Effect:
    return Effect("k", kind, OWNER, ItemCall(item, action, body), (item,))


def reprotect_body(facts: VaultFacts) -> dict[str, object]:
    target = next(each for each in facts.fabric.master_targets if each.name == "mt-win-1")
    server = next(each for each in facts.fabric.process_servers if each.name == "ps-azure-1")
    policy = next(each for each in facts.policies if each.instance_type == "InMage")
    return {
        "properties": {
            "failoverDirection": "RecoveryToPrimary",
            "providerSpecificDetails": {
                "instanceType": "InMage",
                "masterTargetId": target.id,
                "processServerId": server.id,
                "retentionDrive": "R",
                "runAsAccountId": "1",
                "datastoreName": "vmfs-prod-2",
                "profileId": str(policy.arm_id),
                "diskExclusionInput": {
                    "volumeOptions": [{"volumeLabel": "Temporary Storage", "onlyExcludeIfSingleVolume": "Yes"}],
                    "diskSignatureOptions": [],
                },
            },
        }
    }


def transport(site: Site) -> AzureTransport:
    return AzureTransport(lambda: site.session.site_recovery)


async def crm(site: Site) -> tuple[ProtectedItem, VaultFacts]:
    facts = await site.reader.read_all(None, frozenset())
    return next(item for item in facts.items if item.friendly_name == "crm-1"), facts


async def test_a_reprotect_is_accepted_and_its_job_can_be_read(own_site: Site, own_lab: AzureLab):
    item, facts = await crm(own_site)
    answer = await transport(own_site).send(effect(item.arm_id, "reProtect", reprotect_body(facts)))
    assert isinstance(answer, Accepted)
    assert answer.job
    (job, *_) = await read_job(own_site, answer.job)
    assert (job.name, job.scenario) == (answer.job, "SwitchReplicationGroupProtection")
    assert own_lab.counts()["operations"]["crm-1"] == {"reProtect/InMage": 1}
    moved = await read_item(own_site, item.arm_id)
    assert moved.current_scenario is not None or moved.instance_type is InstanceType.TO_ON_PREMISES


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_failure_of_the_service_is_lost_and_never_repeated(lab: AzureLab, status: int, when: str):
    async with site_of(endpoint_of(lab)) as site:
        item, _ = await crm(site)
        # Refused by the lab if carried out: the item is committed already.
        lab.fault(kind="error", method="POST", path="failoverCommit", status=status, retry_after=0, when=when, count=-1)
        since = last(lab)
        answer = await transport(site).send(effect(item.arm_id, "failoverCommit", None, EffectKind.COMMIT))
    assert isinstance(answer, Lost)
    assert f"HTTP {status}" in answer.message
    assert len(requests(lab, since, "failoverCommit", "POST")) == 1


@pytest.mark.parametrize(("status", "code"), [(400, "BadRequest"), (409, "Conflict"), (412, "PreconditionFailed")])
async def test_a_refusal_keeps_the_services_words_and_is_never_repeated(lab: AzureLab, status: int, code: str):
    async with site_of(endpoint_of(lab)) as site:
        item, _ = await crm(site)
        text = "Another operation is in progress."
        lab.fault(
            kind="error", method="POST", path="failoverCommit", status=status, code=code, message=text, retry_after=1, count=-1
        )
        since = last(lab)
        answer = await transport(site).send(effect(item.arm_id, "failoverCommit", None))
    assert answer == Refused(f"HTTP {status}: {code}: {text}")
    assert len(requests(lab, since, "failoverCommit", "POST")) == 1


async def test_throttled_is_refused_and_never_repeated(site: Site, lab: AzureLab):
    item, _ = await crm(site)
    lab.fault(kind="throttle", method="POST", path="failoverCommit", retry_after=1, count=-1)
    since = last(lab)
    answer = await transport(site).send(effect(item.arm_id, "failoverCommit", None))
    assert isinstance(answer, Refused)
    assert len(requests(lab, since, "failoverCommit", "POST")) == 1


async def test_a_forbidden_effect_is_refused_naming_the_action(site: Site, lab: AzureLab):
    item, _ = await crm(site)
    lab.deny("*/failoverCommit/action")
    answer = await transport(site).send(effect(item.arm_id, "failoverCommit", None))
    assert isinstance(answer, Refused)
    assert "replicationProtectedItems/failoverCommit/action" in answer.message


async def test_an_operation_that_is_not_allowed_is_refused(site: Site, lab: AzureLab):
    item, _ = await crm(site)
    answer = await transport(site).send(effect(item.arm_id, "failoverCommit", None))
    assert isinstance(answer, Refused)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_lost_answer_is_lost_and_never_repeated(own_site: Site, own_lab: AzureLab, when: str):
    item, facts = await crm(own_site)
    own_lab.fault(kind="close", method="POST", path="reProtect", when=when, count=-1)
    since = last(own_lab)
    answer = await transport(own_site).send(effect(item.arm_id, "reProtect", reprotect_body(facts)))
    assert isinstance(answer, Lost)
    assert len(requests(own_lab, since, "reProtect", "POST")) == 1
    done = own_lab.counts()["operations"].get("crm-1", {})
    assert done == ({"reProtect/InMage": 1} if when == "after" else {})


async def test_a_revoked_token_refuses_the_call_once_and_the_next_one_passes(own_site: Site, own_lab: AzureLab):
    item, facts = await crm(own_site)
    own_lab.expire_tokens()
    since = last(own_lab)
    call = effect(item.arm_id, "reProtect", reprotect_body(facts))
    answer = await transport(own_site).send(call)
    assert isinstance(answer, Refused)
    assert "ExpiredAuthenticationToken" in answer.message
    assert len(requests(own_lab, since, "reProtect", "POST")) == 1
    assert isinstance(await transport(own_site).send(call), Accepted)


async def test_a_log_in_that_fails_sends_nothing(lab: AzureLab, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    async with site_of(endpoint_of(lab)) as good:
        item, _ = await crm(good)
    secret = "Wr0ng-and-secret"
    async with site_of(endpoint_of(lab, credential=ClientSecret(lab.client_id, secret))) as site:
        since = last(lab)
        answer = await transport(site).send(effect(item.arm_id, "failoverCommit", None))
    assert isinstance(answer, Refused)
    assert answer.message.startswith("not sent, the log-in failed: ")
    assert not requests(lab, since, "failoverCommit", "POST")
    assert secret not in answer.message + caplog.text


@dataclass
class Scripted:
    """A resource manager of one's own behind the lab's log-in: answers POSTs as told, keeps what it got."""

    site: Site
    bodies: list[bytes] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None


@pytest.fixture
async def scripted(lab: AzureLab, lab_ca: LabCa) -> AsyncIterator[Scripted]:
    async def handle(request: web.Request) -> web.StreamResponse:
        made.bodies.append(await request.read())
        made.paths.append(request.path_qs)
        assert made.answer is not None
        return await made.answer(request)

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*lab_ca.issue("localhost"))
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    url = f"https://localhost:{runner.addresses[0][1]}"
    timeouts = Timeouts(read=timedelta(milliseconds=300))
    async with site_of(endpoint_of(lab, addresses=CloudAddresses(url, lab.authority, lab.base_url)), timeouts=timeouts) as site:
        made = Scripted(site)
        yield made
    await runner.cleanup()


ITEM = ArmId(
    "/Subscriptions/s/resourceGroups/rg/providers/Microsoft.RecoveryServices/vaults/v/replicationFabrics/f"
    "/replicationProtectionContainers/c/replicationProtectedItems/i"
)
ACCEPTED = {
    "Azure-AsyncOperation": "https://eu.example.com/x/replicationOperationStatus/job-1?api-version=2021-04-01",
    "Location": "https://eu.example.com/x/operationresults/job-1?api-version=2021-04-01",
    "Retry-After": "30",
    "x-ms-request-id": "/Subscriptions/s/x/replicationJobs/job-1",
}


async def answered(scripted: Scripted, status: int, headers: dict[str, str], text: str = "") -> SendResult:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers=headers, text=text, content_type="application/json")

    scripted.answer = answer
    return await transport(scripted.site).send(effect(ITEM, "reProtect", BODY))


BODY: dict[str, object] = {
    "properties": {
        "failoverDirection": "RecoveryToPrimary",
        "providerSpecificDetails": {
            "instanceType": "InMage",
            "retentionDrive": "R",
            "disksToInclude": ["{A8A3}"],
            "diskExclusionInput": {"volumeOptions": [{"volumeLabel": "Temporary Storage", "onlyExcludeIfSingleVolume": "Yes"}]},
            "aMemberThatNoModelKnows": {"keptAsItIs": [1, True, None, "x"]},
        },
    }
}


async def test_the_body_on_the_wire_is_the_effects_own(scripted: Scripted):
    assert await answered(scripted, 202, ACCEPTED) == Accepted("job-1")
    assert [json.loads(body) for body in scripted.bodies] == [BODY]
    path = ITEM.replace("/Subscriptions/s", f"/subscriptions/{scripted.site.session.endpoint.subscription_id}")
    assert scripted.paths[0].startswith(f"{path}/reProtect?api-version=")


@pytest.mark.parametrize(("action", "body"), [("unplannedFailover", BODY), ("failoverCommit", None)])
async def test_the_other_actions(scripted: Scripted, action: str, body: dict[str, object] | None):
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=202, headers=ACCEPTED)

    scripted.answer = answer
    assert await transport(scripted.site).send(effect(ITEM, action, body)) == Accepted("job-1")
    assert [json.loads(sent) if sent else None for sent in scripted.bodies] == [body]
    assert f"/{action}?" in scripted.paths[0]


@pytest.mark.parametrize(
    ("status", "headers", "result"),
    [
        (202, {**ACCEPTED, "Retry-After": "0.2"}, Accepted("job-1")),
        (202, {**ACCEPTED, "x-ms-request-id": "6f9619ff-8b86-d011-b42d-00c04fc964ff"}, Accepted("job-1")),
        (
            202,
            {"x-ms-request-id": "/Subscriptions/s/x/replicationJobs/job-3, /Subscriptions/s/x/replicationJobs/job-3"},
            Accepted("job-3"),
        ),
        (202, {"Location": ACCEPTED["Location"]}, Accepted("job-1")),
        (202, {"Azure-AsyncOperation": "https://x/replicationJobs/job-2?api-version=1"}, Accepted("job-2")),
        (200, {}, Unnamed("answered 200 without naming a job")),
        (200, ACCEPTED, Accepted("job-1")),
        (202, {}, Unnamed("answered 202 without naming a job")),
        (202, {"Retry-After": "soon"}, Unnamed("answered 202 without naming a job")),
    ],
)
async def test_answers_of_acceptance(scripted: Scripted, status: int, headers: dict[str, str], result: SendResult):
    """The contract allows 200 beside 202, and no recording shows what it means: it is neither success nor leave to call again."""
    assert await answered(scripted, status, headers) == result
    assert len(scripted.bodies) == 1


@pytest.mark.parametrize(
    ("status", "kind"), [(301, Refused), (307, Refused), (308, Refused), (404, Refused), (408, Lost), (429, Refused), (599, Lost)]
)
async def test_other_answers(scripted: Scripted, status: int, kind: type):
    answer = await answered(scripted, status, {"Location": "https://localhost:9/elsewhere", "Retry-After": "0"}, '{"error": {}}')
    assert isinstance(answer, kind)
    assert len(scripted.bodies) == 1


DETAILED = '{"error": {"code": "X", "message": "no", "details": [{"code": "95226", "message": "why"}]}}'


@pytest.mark.parametrize("text", ["<html>", "", DETAILED])
async def test_a_refusal_in_whatever_words(scripted: Scripted, text: str):
    answer = await answered(scripted, 400, {}, text)
    assert isinstance(answer, Refused)
    if text.startswith("{"):
        assert answer.message == "HTTP 400: X: no; 95226: why"


async def test_no_answer_in_time_is_lost(scripted: Scripted):
    async def answer(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(1)
        return web.Response(status=202, headers=ACCEPTED)

    scripted.answer = answer
    answer_ = await transport(scripted.site).send(effect(ITEM, "reProtect", BODY))
    assert isinstance(answer_, Lost)
    assert len(scripted.bodies) == 1


async def test_an_answer_that_breaks_off_after_its_head_is_acceptance(scripted: Scripted):
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=202, headers={**ACCEPTED, "Content-Length": "100"})
        await response.prepare(request)
        assert request.transport is not None
        request.transport.close()
        return response

    scripted.answer = answer
    assert await transport(scripted.site).send(effect(ITEM, "reProtect", BODY)) == Accepted("job-1")
    assert len(scripted.bodies) == 1


@pytest.mark.parametrize("action", ["completeMigration", "remove", "disable", "testFailover", ""])
async def test_what_is_never_called(site: Site, action: str):
    with pytest.raises(ValueError, match="never called"):
        await transport(site).send(effect(ITEM, action, None))


async def test_what_is_no_call_on_an_item(site: Site):
    with pytest.raises(ValueError, match="not the id of a protected item"):
        await transport(site).send(effect(ArmId("/subscriptions/s"), "failoverCommit", None))
    machine: Any = Effect("k", EffectKind.POWER_CYCLE, OWNER, MachineCall("vc", "vm-1", None))  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        await transport(site).send(machine)
