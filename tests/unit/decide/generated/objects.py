"""Objects of our kinds as people may write them, and as the operator may have left them: any spec that the CRD lets through."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from tests.unit import builders as b
from tests.unit.decide.world import uuid_of

from failback_operator.api.common import EffectOutcome, LedgerEntry
from failback_operator.api.v1alpha1 import FailbackMachine, FailbackPlan, MasterTarget, ProcessServer, RecoverySite
from failback_operator.checks.registry import KINDS
from failback_operator.decide.naming import EffectKey
from failback_operator.domain.mending import UNRECORDED, mending_key
from failback_operator.domain.protected_item import ProtectedItem
from failback_operator.domain.steps import EffectKind

ON_ITEMS = tuple(k for k in EffectKind if k.is_on_item)
ON_VAULT = tuple(k for k in EffectKind if k.is_on_vault)
ON_REQUEST = tuple(k for k in EffectKind if k.is_on_request)
ON_TARGETS = tuple(k for k in EffectKind if not (k.is_on_item or k.is_on_vault or k.is_on_request))
STAGES = ("Prepared", "Reprotected", "FailedBack", "Committed", "Protected")
CHECKS = sorted(check.id for catalogue in KINDS.values() for check in catalogue)
BOUNDS = (b.FAILED_OVER_AT, b.FAILED_OVER_AT - timedelta(seconds=1), b.BOUND, b.NOW, b.NOW + timedelta(days=365))
REPAIRS = (
    "removeSnapshots",
    "enableDiskUuid",
    "excludeFromStorageDrs",
    "excludeFromDrs",
    "replaceControllers",
    "makeFromTemplate",
)
NAMED_TARGETS = ("mt-win", "mt-2", "mt-gone")
JOBS = ("job-1", "job-2", "JOB-1", "job-gone")
WORD = {"reason": "asked for", "by": "dba on call"}
SUBJECTS = {
    EffectKind.EXCLUDE_FROM_STORAGE_DRS: ("group-p1", "group-gone"),
    EffectKind.ADD_RETENTION_DISK: ("datastore-1:600", "datastore-9:1"),
    EffectKind.REPLACE_CONTROLLERS: ("LsiLogic", "LsiLogicSAS"),
    EffectKind.DELETE_VM: (uuid_of("a-1"), uuid_of("nobody")),
    EffectKind.REATTACH_DISKS: ("2026-11-24T05:00:00Z", "2020-01-01T00:00:00Z"),
    EffectKind.POWER_ON: ("2026-11-24T05:00:00Z",),
    EffectKind.CREATE_FAILBACK_POLICY: ("policy-failback",),
    EffectKind.ASSOCIATE_FAILBACK_POLICY: ("cloud-1:policy-24h-failback", "cloud-1:policy-gone"),
}
TASKS = (None, "task-1", "shut-down-guest/never", "move/reconfigure/task-9", "first-boot/task-1", UNRECORDED, "clone/task-2")


def some(values: Any, most: int = 3) -> st.SearchStrategy[list[Any]]:
    """A few of these, each once."""
    return st.lists(st.sampled_from(values), max_size=most, unique=True)


def maybe(strategy: st.SearchStrategy[Any], odds: int = 3) -> st.SearchStrategy[Any]:
    """Mostly None."""
    return st.integers(0, odds).flatmap(lambda drawn: strategy if drawn == odds else st.none())


def told(**members: Any) -> dict[str, Any]:
    """The members that are there."""
    return {name: value for name, value in members.items() if value is not None}


@st.composite
def plans(draw: st.DrawFn, name: str, machines: tuple[str, ...]) -> FailbackPlan:
    """A plan for some of the machines: mostly one that goes ahead, with anything that its author may have set besides."""
    known = st.sampled_from(machines)
    by_pattern = draw(st.integers(0, 5)) == 0
    listed = draw(st.lists(st.sampled_from((*machines, "nobody")), min_size=1, max_size=4, unique=True))
    ids = {each: draw(maybe(st.sampled_from([str(b.item_id(m)) for m in machines]), 8)) for each in listed}
    stated = {each: draw(maybe(st.sampled_from(BOUNDS), 6)) for each in listed}
    spec: dict[str, Any] = {
        "machines": [] if by_pattern else [told(name=m, id=ids[m], failedOverAt=stated[m]) for m in listed],
        "stage": draw(st.sampled_from(STAGES)),
        "failedOverBefore": draw(st.one_of(st.just(b.BOUND), st.sampled_from(BOUNDS))),
        "commitFailover": draw(st.booleans()),
        "suspend": draw(st.integers(0, 7)) == 0,
        "acceptIndependentPoints": draw(st.booleans()),
        "masterTargets": [{"name": each} for each in draw(some(NAMED_TARGETS))],
        "holds": [{"machine": each, "reason": "not yet"} for each in draw(some(machines, 1))] if draw(st.booleans()) else [],
        "waivers": draw(st.lists(waivers(machines), max_size=4)),
        "retries": [{"machine": draw(known), "job": each} for each in draw(some(JOBS, 2))],
        "reattach": [{"machine": each, **WORD} for each in draw(some((*machines, "nobody"), 2))] if draw(st.booleans()) else [],
        "deletions": [{"machine": each, "instanceUuid": draw(uuids(each)), **WORD} for each in draw(some(machines, 2))]
        if draw(st.booleans())
        else [],
    }
    if by_pattern:
        spec["selector"] = {"namePattern": draw(st.sampled_from(("*", "a-*", "[ab]-1", "none*", "[")))}
    if draw(st.integers(0, 4)) == 0:
        spec["staysInAzure"] = [{"machine": each, "reason": "moved for good"} for each in draw(some(machines, 4))]
    spec |= draw(rare_members())
    found = b.plan(name, status=draw(plan_status(machines)), **spec)
    return found.model_copy(update={"metadata": found.metadata.model_copy(update=draw(metadata()))})


def uuids(name: str) -> st.SearchStrategy[str]:
    """The instance UUID that a person may give: mostly the right one."""
    return st.sampled_from((uuid_of(name), uuid_of(name).upper(), uuid_of("nobody")))


@st.composite
def revised(draw: st.DrawFn, plan: FailbackPlan, machines: tuple[str, ...]) -> FailbackPlan:
    """The plan as its author may change it under way: some members of another plan; its status stays."""
    other = draw(plans(plan.name, machines)).spec
    names = [name for name in type(other).model_fields if name not in {"site_ref", "machines", "selector"}]
    changed = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
    spec = plan.spec.model_copy(update={name: getattr(other, name) for name in changed})
    return plan.model_copy(update={"spec": spec})


@st.composite
def waivers(draw: st.DrawFn, machines: tuple[str, ...]) -> dict[str, Any]:
    until = draw(st.sampled_from((b.NOW - timedelta(seconds=1), b.NOW, b.NOW + timedelta(seconds=1), b.NOW + timedelta(days=9))))
    check, machine = draw(st.sampled_from((*CHECKS, "NoSuchCheck"))), draw(st.sampled_from((None, *machines)))
    return told(check=check, machine=machine, reason="looked at", by="dba on call", until=until)


@st.composite
def rare_members(draw: st.DrawFn) -> dict[str, Any]:
    """Members that few plans set."""
    if draw(st.booleans()):
        return {}
    protection = told(
        processServer=draw(maybe(st.sampled_from(("ps-onprem", "ps-gone")))),
        policy=draw(maybe(st.sampled_from(("policy-24h", "policy-gone")))),
        runAsAccount=draw(maybe(st.sampled_from(("vmadmin-linux", "nobody")))),
        logStorageAccountId=draw(maybe(st.sampled_from((str(b.LOG_STORAGE_ID), "/subscriptions/other/x", "stlog")))),
    )
    location = draw(st.sampled_from(("Original", "Alternate")))
    server = draw(maybe(st.sampled_from(("ps-azure", "ps-onprem", "ps-gone"))))
    stores = st.sampled_from(("vmfs-1", "nfs-1", "gone"))
    return told(
        processServer={"name": server} if server else None,
        recoveryPoint=draw(st.sampled_from(("LatestTime", "LatestTag"))),
        location=location,
        datastore=draw(stores) if location == "Alternate" else draw(maybe(stores)),
        protection=protection,
        concurrency={"reprotect": draw(st.sampled_from((1, 2, 60))), "failback": 1, "commit": draw(st.sampled_from((1, 8)))},
    )


@st.composite
def plan_status(draw: st.DrawFn, machines: tuple[str, ...]) -> dict[str, Any]:
    """What an earlier decision may have left: nothing, a first sight of the bound, a frozen selection, a history."""
    seen = draw(maybe(st.tuples(st.sampled_from(BOUNDS), st.sampled_from((b.BOUND, b.NOW, b.FAILED_OVER_AT)))))
    entries = draw(st.sampled_from((0, 0, 1, 99, 100)))
    entry = {"time": "2026-11-24T05:30:00Z", "machine": machines[0], "phase": "FailedOver"}
    return told(
        failoverBound={"value": seen[0], "firstSeen": seen[1]} if seen else None,
        selected=draw(maybe(some((*machines, "left-long-ago")), 5)),
        history=[entry] * entries or None,
        observedGeneration=draw(maybe(st.integers(0, 3))),
    )


def metadata() -> st.SearchStrategy[dict[str, Any]]:
    """Changes of metadata: mostly none, else of an object that is being deleted."""
    gone = {"deletion_timestamp": b.NOW - timedelta(minutes=5), "finalizers": ("failback.dev/in-flight",)}
    return st.sampled_from(({}, {}, {}, {}, {}, {"generation": 7}, gone))


@st.composite
def targets(draw: st.DrawFn, name: str) -> MasterTarget:
    """A MasterTarget with any policy of mending, and a ledger."""
    repairs = dict.fromkeys(draw(some(REPAIRS, 6)), "Automatic")
    if draw(st.booleans()):
        policy = draw(st.sampled_from(("Manual", "Automatic")))
        sizes = draw(st.sampled_from((1, 600, 63_488)))
        repairs["addRetentionDisk"] = {"policy": policy, "datastore": draw(st.sampled_from(("vmfs-1", "gone"))), "sizeGib": sizes}
    ledger = draw(mendings())
    spec = told(
        remediation=repairs,
        serverName=draw(st.sampled_from((name, name, name.upper(), "mt-win", "nobody"))),
        vmName=draw(maybe(st.sampled_from((name, "a-1", "nobody", "template")))),
        retentionVolume=draw(maybe(st.sampled_from(("R", "r:\\", "/mnt/retention/", "X")))),
        maxDisks=draw(st.sampled_from((60, 60, 1, 2, 15))),
        allowPowerCycle=draw(st.booleans()),
        allowConfigurationServerRestart=draw(st.booleans()),
        allowBootDiskMove=draw(st.booleans()),
        allowHardPowerOff=draw(st.booleans()),
        cordon=draw(st.integers(0, 7)) == 0,
        retries=[e.key for e in ledger[-1:]] if draw(st.booleans()) else [],
        template=draw(maybe(templates())),
    )
    set_at = draw(maybe(st.sampled_from((b.NOW, b.FAILED_OVER_AT, b.NOW - timedelta(days=90)))))
    status = told(
        ledger=[e.wire() for e in ledger], diskUuidEnabled=draw(st.sampled_from((None, True, False))), diskUuidSetAt=set_at
    )
    return b.master_target(name, status=status, **spec)


@st.composite
def templates(draw: st.DrawFn) -> dict[str, Any]:
    return told(
        name=draw(st.sampled_from(("a-1", "template"))),
        cluster=draw(st.sampled_from(("infra", "gone"))),
        datastore=draw(st.sampled_from(("vmfs-1", "gone"))),
        host=draw(maybe(st.sampled_from(("esx-1.example.com", "gone")))),
        cpus=draw(maybe(st.just(2))),
    )


@st.composite
def ends(draw: st.DrawFn, intended: datetime) -> dict[str, Any]:
    """How an effect may have ended."""
    outcome = draw(st.sampled_from(EffectOutcome))
    is_open = outcome in {EffectOutcome.INTENDED, EffectOutcome.RUNNING}
    settled = None if is_open else intended + timedelta(seconds=draw(st.sampled_from((0, 60, 600))))
    message = draw(st.sampled_from((None, "", "it said no", "x" * 1024)))
    return {"outcome": outcome, "settled_at": settled, "message": message}


def intents() -> st.SearchStrategy[datetime]:
    ages = (0, 30, 89, 90, 91, 119, 120, 121, 600, 899, 901, 3600, 10_799, 10_801, 86_400 * 30)
    return st.sampled_from([b.NOW - timedelta(seconds=age) for age in ages])


@st.composite
def mendings(draw: st.DrawFn, kinds: tuple[EffectKind, ...] = ON_TARGETS) -> list[LedgerEntry]:
    """The ledger of a master target, or of what else has effects of these kinds."""
    found = []
    for attempt in range(1, draw(st.sampled_from((0, 0, 0, 1, 2, 3, 4))) + 1):
        kind, intended = draw(st.sampled_from(kinds)), draw(intents())
        key = mending_key(kind, draw(st.sampled_from(SUBJECTS.get(kind, ("",)))), attempt)
        found.append(draw(entries(key, kind, intended, draw(st.sampled_from((*JOBS, *TASKS))))))
    return found


@st.composite
def entries(draw: st.DrawFn, key: str, kind: EffectKind, intended: datetime, job: str | None) -> LedgerEntry:
    """An entry of a ledger, with any end."""
    limit = intended + timedelta(seconds=30)
    return LedgerEntry(key=key, effect=kind, intended_at=intended, not_after=limit, job=job, **draw(ends(intended)))


@st.composite
def ledgers(draw: st.DrawFn) -> list[LedgerEntry]:
    """The ledger of a machine, of one round or of several, with what people asked for besides."""
    found = []
    for attempt in range(1, draw(st.sampled_from((0, 0, 1, 1, 2, 3, 5))) + 1):
        kind, intended = draw(st.sampled_from(ON_ITEMS)), draw(intents())
        failed_over_at = draw(st.sampled_from((b.FAILED_OVER_AT, b.FAILED_OVER_AT, b.FAILED_OVER_AT - timedelta(days=30))))
        key = str(EffectKey(kind, failed_over_at, attempt))
        found.append(draw(entries(key, kind, intended, draw(st.sampled_from((None, *JOBS))))))
    return [*found, *draw(mendings(ON_REQUEST))] if draw(st.integers(0, 4)) == 0 else found


@st.composite
def machines(draw: st.DrawFn, item: ProtectedItem, plan_names: tuple[str, ...]) -> FailbackMachine:
    """The FailbackMachine of an item: of this plan or that, with and without records of one disaster or more."""
    name, records = item.friendly_name, []
    for number in range(draw(st.sampled_from((0, 1, 1, 1, 2)))):
        moment = b.FAILED_OVER_AT - timedelta(days=30 * number)
        changes = {"failed_over_at": moment, "covered_by": draw(st.sampled_from((b.BOUND, moment, moment - timedelta(days=1))))}
        changes |= {"master_target": draw(st.sampled_from((None, *NAMED_TARGETS)))}
        if draw(st.booleans()):
            changes |= {"vm_instance_uuid": None, "policy_id": None, "process_server_id": None, "log_storage_account_id": None}
        records.append(b.record(name, **changes))
    ledger = draw(ledgers())
    status = told(
        ledger=[e.wire() for e in ledger],
        phase=draw(st.sampled_from(("Unknown", "FailedOver", "Reprotected"))),
        assignment=draw(maybe(st.sampled_from([{"masterTarget": t, "disks": 2} for t in NAMED_TARGETS]))),
    )
    found = b.machine(name, tuple(records), status, draw(st.sampled_from(plan_names)))
    spec = found.spec.model_copy(update={"item_id": str(item.arm_id)})
    return found.model_copy(update={"spec": spec, "metadata": found.metadata.model_copy(update=draw(metadata()))})


@st.composite
def sites(draw: st.DrawFn) -> RecoverySite:
    """The RecoverySite; now and then suspended, with other pins, or not yet known to work on the fabric."""
    pins = draw(st.sampled_from((["10.10.0.10"], ["10.10.0.10"], [], ["10.9.9.9"], ["10.10.0.10", "cs.example.com"])))
    server = told(ipAddresses=pins, vcenterAccount=b.SERVER_ACCOUNT, vmName=draw(maybe(st.sampled_from(("mt-win", "cs-1")))))
    accounts = draw(st.sampled_from(({"windows": "vmadmin-windows", "linux": "vmadmin-linux"}, {}, {"windows": "gone"})))
    spec = told(
        failbackPolicy={"create": draw(st.sampled_from(("Never", "IfMissing")))},
        remediation={"refreshProvider": draw(st.sampled_from(("Manual", "Automatic")))},
        refreshRequestedAt=draw(maybe(st.sampled_from((b.NOW, b.NOW - timedelta(hours=1), b.NOW + timedelta(hours=1))))),
    )
    found = b.site(configurationServer=server, runAsAccounts=accounts, suspend=draw(st.integers(0, 9)) == 0, **spec)
    ledger = draw(mendings(ON_VAULT))
    fabric = draw(st.sampled_from((found.status.fabric_id, found.status.fabric_id, found.status.fabric_id, None, "/other")))
    return found.model_copy(update={"status": found.status.model_copy(update={"fabric_id": fabric, "ledger": ledger})})


@st.composite
def servers(draw: st.DrawFn) -> tuple[ProcessServer, ...]:
    """Process servers: those of a good site, fewer, or one whose name nobody knows."""
    azure, home = b.process_server(), b.process_server("ps-onprem", "OnPremises")
    second = b.process_server("ps-2", "Azure", serverName="ps-azure")
    lost = b.process_server("ps-lost", "Azure", serverName="nobody")
    return draw(st.sampled_from(((azure, home), (azure, home), (azure, home), (azure,), (), (azure, second), (lost, home))))
