"""The configuration server is refreshed while it lists less than there is: waited for, shown, seldom, and given up. R17, R23."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit import builders as b
from tests.unit.decide.judged import evaluate
from tests.unit.decide.read import target_of
from tests.unit.decide.shared_mending import SharedWorld, intent, shared, site_status
from tests.unit.decide.test_ledger import entry

from failback_operator.api.common import EffectOutcome as O
from failback_operator.api.common import rfc3339
from failback_operator.decide.site_fixes.refresh import CHECK
from failback_operator.domain.fabric import Provider
from failback_operator.domain.job import JobError, JobState, MissingJob
from failback_operator.domain.reading import Part
from failback_operator.domain.rights import Denial, Permission, VaultPart
from failback_operator.domain.steps import Effect, EffectKind, VaultCall
from failback_operator.domain.vsphere import GuestVolume

AUTOMATIC = {"remediation": {"refreshProvider": "Automatic"}}
VOLUME = {"retention_volumes": ()}
DATASTORES = {"datastores": ()}
KEY = "RefreshProvider/1"


def lacking(server, spec=AUTOMATIC, **vault) -> SharedWorld:
    """mt-win has all that it needs, and Site Recovery lists less."""
    site = shared(**spec)
    site.server, site.vault = dict(server), vault
    return site


def remedy(site: SharedWorld) -> str:
    found = site.finding(CHECK)
    return found.remedy if found else ""


def told(site: SharedWorld, check: str) -> str:
    decision = evaluate(site.view())
    return next((f.remedy for f in target_of(decision).findings if f.check == check), "")


def due(server=DATASTORES, spec=AUTOMATIC, **vault) -> tuple[SharedWorld, Effect]:
    """The refresh was shown, and is due."""
    site = lacking(server, spec, **vault)
    site.shared(do=False)
    (effect,) = site.shared(do=False)
    return site, effect


def test_a_new_retention_volume_has_its_15_minutes_then_it_is_shown_then_made_once():
    site = lacking(VOLUME)
    begin = site.now
    assert site.shared() == []
    assert [(a.check, a.subject, a.since) for a in site.site.status.awaited] == [
        ("RetentionVolume", "MasterTarget/mt-win", begin)
    ]
    until = f"The operator waits until {rfc3339(begin + timedelta(minutes=15))}; if it is not listed then, it refreshes"
    assert remedy(site).startswith(until)
    assert told(site, "RetentionVolume").startswith(until)
    assert evaluate(site.view()).recheck_at <= begin + timedelta(minutes=15)
    site.tick(14.9)
    assert site.shared() == []
    site.tick(0.1)
    assert site.shared() == [], "told first"
    text = "Will be refreshed by the operator: configuration server cs-1, because volume R of mt-win is not listed."
    assert remedy(site) == text
    assert told(site, "RetentionVolume") == f"RecoverySite tokyo: {text}"
    (effect,) = site.shared()
    assert (effect.key, effect.kind, effect.call) == (
        KEY,
        EffectKind.REFRESH_PROVIDER,
        VaultCall(b.PROVIDER_ID, "refreshProvider"),
    )
    site.tick()
    assert site.shared() == []
    site.end()
    site.tick()
    assert site.shared() == []
    assert [e.outcome for e in site.ledger()] == [O.SUCCEEDED]
    assert (site.site.status.awaited, site.finding(CHECK)) == ([], None)


def test_a_wait_begins_anew_with_what_is_new():
    site = lacking(VOLUME)
    site.shared()
    site.tick(10)
    site.server = {}
    site.shared()
    site.tick(10)
    site.server = dict(VOLUME)
    site.shared()
    assert site.site.status.awaited[0].since == site.now


def test_a_volume_that_is_not_there_or_is_unfit_asks_for_no_refresh():
    site = lacking(VOLUME)
    c_only = (GuestVolume("C:\\", 80 << 30, 50 << 30, "NTFS"),)
    guest = site.vms["mt-win"].guest
    for volumes in (c_only, (*c_only, GuestVolume("R:\\", 80 << 30, 50 << 30, "FAT32")), ()):
        site.vms["mt-win"] = replace(site.vms["mt-win"], guest=replace(guest, volumes=volumes))
        assert site.shared() == []
        site.tick(20)
        assert site.shared() == []
        assert site.site.status.awaited == []
    site.vms["mt-win"] = replace(site.vms["mt-win"], guest=guest)
    unread = evaluate(replace(site.view(), snapshot=b.site_snapshot(vcenter_part=Part())))
    assert site_status(unread).awaited == []


def test_datastores_that_the_host_has_are_refreshed_for_without_a_wait():
    site, effect = due()
    assert (effect.key, remedy(site)) == (
        KEY,
        "Will be refreshed by the operator: configuration server cs-1, because no datastore of mt-win is listed.",
    )
    off = lacking(DATASTORES)
    off.vms["mt-win"] = replace(
        off.vms["mt-win"], guest=replace(off.vms["mt-win"].guest, tools_running_status="guestToolsNotRunning")
    )
    assert [off.shared() for _ in range(3)] == [[]] * 3


def made_from_template(*, power=None) -> SharedWorld:
    site = shared(**AUTOMATIC)
    made = entry(O.SUCCEEDED, None, EffectKind.MAKE_FROM_TEMPLATE, key="MakeFromTemplate/mt-new/1")
    site.targets["mt-new"] = b.master_target("mt-new", status={"ledger": [made.wire()]})
    site.vms["mt-new"] = b.target_vm(
        "mt-new", guest=replace(b.target_vm().guest, ip_addresses=("10.10.0.77",), host_name="mt-new")
    )
    known = b.master_target_server("mt-win", ip_address="10.10.0.21", last_heartbeat=b.NOW)
    site.vault = {"fabric": b.fabric(master_targets=(known,))}
    if power is not None:
        site.vms["mt-new"] = replace(site.vms["mt-new"], power_state=power)
    return site


def test_a_master_target_that_was_made_from_a_template_is_looked_for():
    site = made_from_template()
    site.shared()
    (effect,) = site.shared(do=False)
    assert effect.key == KEY
    assert remedy(site).endswith("because mt-new, which was made from a template, is not listed.")
    found = next(f.remedy for f in target_of(evaluate(site.view()), "mt-new").findings if f.check == "MasterTargetRegistered")
    assert "Register the master target in it" in found
    assert "Will be refreshed by the operator" in found
    assert made_from_template(power=b.PowerState.OFF).shared() == []


def test_a_machine_that_is_not_known_is_looked_for_and_told_of():
    site = lacking({}, vcenters=(b.vcenter_record(infrastructure_id="another"),))
    site.shared()
    (effect,) = site.shared(do=False)
    assert effect.key == KEY
    assert remedy(site).endswith("because not known to the configuration server: app-1.")
    decision = site.round(perform=False)
    machine = next(s for key, s in decision.statuses.items() if key.kind == "FailbackMachine")
    found = next(f.remedy for f in machine.findings if f.check == "MachineKnownToConfigurationServer")
    assert found.startswith("RecoverySite tokyo: Will be refreshed by the operator")


def test_manual_shows_what_a_person_may_do_and_nothing_is_done():
    site = lacking(DATASTORES, {})
    for _ in range(4):
        assert site.shared() == []
        site.tick(20)
    assert "spec.remediation.refreshProvider: Automatic" in remedy(site)
    found = site.finding(CHECK)
    assert (found.severity, found.observed) == ("Info", "no datastore of mt-win is listed")
    assert "refresh the configuration server" in told(site, "DatastoresDiscovered")


def test_a_person_asks_once_and_is_served_once_also_where_it_is_manual():
    asked = b.NOW + timedelta(minutes=5)
    site = lacking({}, {"refreshRequestedAt": rfc3339(asked)})
    assert site.shared() == []
    assert remedy(site).startswith(f"The operator waits until {rfc3339(asked)}")
    assert evaluate(site.view()).recheck_at <= asked
    site.tick(5)
    site.shared()
    assert remedy(site).endswith(f"because asked for by spec.refreshRequestedAt {rfc3339(asked)}.")
    (effect,) = site.shared()
    assert effect.key == KEY
    site.end()
    for _ in range(5):
        site.tick(20)
        assert site.shared() == []
    assert site.finding(CHECK) is None
    site.allow(refreshRequestedAt=rfc3339(site.now))
    site.shared()
    assert [e.key for e in site.shared()] == ["RefreshProvider/2"]


@pytest.mark.parametrize(
    ("vault", "says"),
    [
        ({"providers": (Provider(b.PROVIDER_ID, "Disconnected", b.NOW),)}, "the provider of the configuration server is Disconn"),
        ({"providers": ()}, "the fabric has 0 providers"),
        ({"providers": (Provider(b.PROVIDER_ID, "Connected", b.NOW),) * 2}, "the fabric has 2 providers"),
        (
            {"providers": (Provider(b.PROVIDER_ID, "Connected", b.NOW, ()),)},
            "Site Recovery allows no refresh now (allowed: nothing)",
        ),
        ({"providers": (), "denied": (Denial(VaultPart.PROVIDERS, "x", None),)}, "the providers of the fabric may not be read"),
        (
            {"permissions": Part((Permission(("*/read",)),), b.NOW, None)},
            "replicationRecoveryServicesProviders/refreshProvider/action on the vault",
        ),
    ],
)
def test_obstacles_are_told(vault, says):
    site = lacking(DATASTORES, **vault)
    assert [site.shared() for _ in range(3)] == [[]] * 3
    assert "Not now: " in remedy(site)
    assert says in remedy(site)


@pytest.mark.parametrize(
    "provider", [Provider(b.PROVIDER_ID, None, None), Provider(b.PROVIDER_ID, "Connected", b.NOW, ("Refresh",))]
)
def test_what_is_not_told_of_a_provider_keeps_nothing_back(provider):
    site = lacking(DATASTORES, providers=(provider,), permissions=Part())
    site.shared()
    assert [e.key for e in site.shared()] == [KEY]


def test_not_while_a_master_target_is_being_changed():
    """Discovery that finds it off would list no datastores of it."""
    site = lacking(DATASTORES)
    open_one = entry(O.RUNNING, "task-1", EffectKind.REMOVE_SNAPSHOTS, key="RemoveSnapshots/1")
    site.targets["mt-win"] = b.master_target(status={"ledger": [open_one.wire()]})
    site.vms["mt-win"] = replace(site.vms["mt-win"], snapshots=(b.snapshot(),))
    assert [site.shared() for _ in range(3)] == [[]] * 3
    assert "Not now: master target mt-win is being changed." in remedy(site)


def test_not_again_before_half_an_hour_and_no_more_than_three_times_for_one_want():
    site, effect = due()
    begin = site.now
    site.helps = False
    site.call(effect)
    site.end()
    site.tick()
    site.shared()
    assert f"Not now: it waits until {rfc3339(begin + timedelta(minutes=30))}, since the last one." in remedy(site)
    assert evaluate(site.view()).recheck_at <= begin + timedelta(minutes=30)
    for attempt in (2, 3):
        site.tick(29)
        assert [e.key for e in site.shared()] == [f"RefreshProvider/{attempt}"]
        site.end()
        site.tick()
        site.shared()
    for _ in range(4):
        site.tick(40)
        assert site.shared() == []
    given_up = "The configuration server was refreshed 3 times, and still: no datastore of mt-win is listed. Look for the cause"
    assert remedy(site).startswith(given_up)
    assert told(site, "DatastoresDiscovered").startswith(given_up)
    # Something else is worth its own tries.
    site.server |= VOLUME
    site.shared()
    site.tick(15)
    site.shared()
    assert [e.key for e in site.shared()] == ["RefreshProvider/4"]


def test_a_person_may_ask_for_further_tries():
    site, effect = due()
    site.helps = False
    for attempt in (1, 2, 3):
        site.call(replace(effect, key=f"RefreshProvider/{attempt}"))
        site.end()
        site.tick(31)
        site.shared(do=False)
    assert site.shared() == []
    site.allow(**AUTOMATIC, retries=["RefreshProvider/3"])
    site.tick(3)
    site.shared()
    assert [e.key for e in site.shared()] == ["RefreshProvider/4"]


def test_a_failed_refresh_is_told_word_for_word_and_given_up_after_three():
    site, effect = due()
    for attempt in (1, 2, 3):
        site.call(effect)
        site.end(JobState.FAILED, errors=(JobError("25005", "not reachable", None, "Look at it."),))
        site.tick()
        assert site.shared() == []
        assert site.ledger()[-1].outcome is O.FAILED
        assert "25005 not reachable Recommended action: Look at it." in site.ledger()[-1].message
        site.tick(30)
        effects = site.shared(do=False)
        assert [e.key for e in effects] == ([f"RefreshProvider/{attempt + 1}"] if attempt < 3 else [])
        effect = effects[0] if effects else effect
    assert remedy(site).startswith("The operator tried 3 times and does not try again")


def test_a_refusal_is_tried_again_after_its_wait():
    site, effect = due()
    site.call(effect, O.REFUSED, "HTTP 409: LAB: not connected")
    assert site.shared(do=False) == []
    site.tick(3)
    assert [e.key for e in site.shared(do=False)] == ["RefreshProvider/2"]


def test_a_crash_between_intent_and_answer_is_settled_by_the_job_that_began():
    site, effect = due()
    site.call(effect, O.INTENDED)
    site.shared(do=False)
    assert [(e.outcome, e.job) for e in site.ledger()] == [(O.RUNNING, "job-1")]


def test_a_crash_without_a_trace_is_a_doubt_that_costs_half_an_hour_and_no_person():
    site, effect = due()
    site.put(intent(effect, site.now, O.INTENDED))
    site.tick()
    assert site.shared() == []
    assert site.ledger()[0].outcome is O.INTENDED
    site.tick(1)
    assert site.shared() == []
    assert site.ledger()[0].outcome is O.AMBIGUOUS
    site.tick(10)
    assert site.shared() == []
    site.tick(20)
    assert [e.key for e in site.shared()] == ["RefreshProvider/2"]


def test_doubts_are_given_up_too():
    site, effect = due()
    for attempt in (1, 2, 3):
        site.put(
            *site.ledger(), intent(replace(effect, key=f"RefreshProvider/{attempt}"), site.now, O.AMBIGUOUS, None, "no answer")
        )
        site.tick(31)
    site.shared()
    assert site.shared() == []
    assert "Last answer: no answer." in remedy(site)


def test_a_job_that_is_gone_leaves_a_doubt():
    site, effect = due()
    site.call(effect)
    site.vault["missing_jobs"] = (MissingJob("job-1", site.now),)
    site.jobs.clear()
    site.tick(14)
    site.shared()
    assert site.ledger()[0].outcome is O.RUNNING
    site.tick(2)
    site.shared()
    assert site.ledger()[0].outcome is O.AMBIGUOUS
    assert "no longer has job job-1" in site.ledger()[0].message


def test_what_is_awaited_is_kept_while_the_vault_is_unread():
    site = lacking(VOLUME)
    site.shared()
    blind = evaluate(replace(site.view(), snapshot=b.site_snapshot(vault_part=Part())))
    assert site_status(blind).awaited == site.site.status.awaited


def test_at_rest_nothing_moves():
    site = lacking(VOLUME, {})
    site.shared()
    first = site.site.status
    for _ in range(5):
        site.tick(0.5)
        site.shared()
        assert site.site.status == first


SUSPENDED = AUTOMATIC | {"suspend": True}
PAUSE = "Not now: the RecoverySite tokyo is suspended: set its spec.suspend to false to go on."


def test_what_a_suspended_site_will_not_do_is_told_with_what_holds_it():
    site = lacking(DATASTORES, SUSPENDED)
    assert [site.shared() for _ in range(3)] == [[]] * 3
    assert remedy(site).endswith(PAUSE)
    assert told(site, "DatastoresDiscovered").endswith(PAUSE)
    waits = lacking(VOLUME, SUSPENDED)
    waits.shared()
    assert remedy(waits).endswith(PAUSE)
    site.allow(**AUTOMATIC, suspend=False)
    site.shared(do=False)
    assert "Not now" not in remedy(site)
    assert len(site.shared(do=False)) == 1


def test_a_duplicate_says_which_site_refreshes_in_its_place():
    site = lacking(DATASTORES)
    older = b.site("osaka", metadata={"creationTimestamp": "2025-01-01T00:00:00Z"})
    decision = evaluate(replace(site.view(), other_sites=(older,)))
    found = next(f for f in site_status(decision).findings if f.check == CHECK)
    assert f"the RecoverySite {b.NAMESPACE}/osaka is older and works on the same fabric." in found.remedy
    assert decision.effects == ()
