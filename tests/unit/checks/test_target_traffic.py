"""What changes in a day on the machines of a master target, against its limit and against its retention volume."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit import builders as a
from tests.unit.checks.case import FAIL, NA, PASS, UNKNOWN, Case, assert_case, verdict_of

from failback_operator.checks.master_target import TARGET_CHECKS
from failback_operator.checks.master_target.traffic import bucket
from failback_operator.domain.fabric import RetentionVolume
from failback_operator.domain.limits import Limits

GB = 10**9


def machines(*rates, limits=None, free=None, **changes):
    """A target of machines that change so many MB each; None: it is not told."""
    items = tuple(a.item(f"m-{n}", detail=a.detail(f"m-{n}", change_rate_mb=rate)) for n, rate in enumerate(rates))
    volume = RetentionVolume("R", 10**13, 10**13 if free is None else free)
    site = a.site_context(a.view(limits=limits)) if limits else None
    return a.target_context(planned=items, site=site, server=a.master_target_server(retention_volumes=(volume,)), **changes)


HOURLY = replace(Limits(), change_rate_period=timedelta(hours=1))
UNREAD = replace(a.target_context(), planned=(a.item(detail=None),))
CASES = [
    Case("ChangesCarried", "little", PASS, machines(1000, 2000), "no more than 2000 GB"),
    Case("ChangesCarried", "at the limit", PASS, machines(1_500_000, 500_000)),
    Case(
        "ChangesCarried",
        "above",
        FAIL,
        machines(1_500_000, 510_000),
        "2 machines (m-0, m-1) change 2000 GB or more in a day; the limit is 2000 GB",
    ),
    Case("ChangesCarried", "far above", FAIL, machines(3_456_000), "1 machines (m-0) change 3400 GB or more"),
    Case("ChangesCarried", "another limit", FAIL, machines(101_000, limits=replace(Limits(), changes_per_day_gb=100)), "100 GB"),
    Case("ChangesCarried", "an hour's rate, at the limit", PASS, machines(83_333, limits=HOURLY)),
    Case("ChangesCarried", "an hour's rate, above", FAIL, machines(84_000, limits=HOURLY), "change 2000 GB"),
    Case("ChangesCarried", "one not told", UNKNOWN, machines(1000, None), "not told of m-1"),
    Case("ChangesCarried", "one not told, above without it", FAIL, machines(2_100_000, None)),
    Case("ChangesCarried", "detail unread", UNKNOWN, UNREAD, "app-1"),
    Case("ChangesCarried", "nobody", NA, machines()),
    Case("ChangesCarried", "vault unread", UNKNOWN, replace(machines(), site=a.blind_vault()), "see DiskLimit"),
    Case("ChangesCarried", "its disks unread", UNKNOWN, machines(usage=None), "what is planned on it is not known"),
    Case("RetentionFreeSpace", "room", PASS, machines(1000), "volume R has room"),
    Case("RetentionFreeSpace", "just enough", PASS, machines(1000, free=GB)),
    Case("RetentionFreeSpace", "a byte too little", FAIL, machines(1000, free=GB - 1), "volume R has less free space"),
    Case("RetentionFreeSpace", "one not told", UNKNOWN, machines(1000, None), "m-1"),
    Case(
        "RetentionFreeSpace",
        "free space not told",
        NA,
        replace(machines(1000), server=a.master_target_server(retention_volumes=(RetentionVolume("R", 1, None),))),
    ),
    Case(
        "RetentionFreeSpace", "volume not listed", NA, replace(machines(1), server=a.master_target_server(retention_volumes=()))
    ),
    Case("RetentionFreeSpace", "nobody", NA, machines()),
    Case("RetentionFreeSpace", "its disks unread", UNKNOWN, machines(usage=None)),
    Case("RetentionFreeSpace", "not registered", UNKNOWN, a.target_context(server=None)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case):
    assert_case(TARGET_CHECKS, case)


@pytest.mark.parametrize(
    ("number", "shown"), [(0, 0), (9.9, 9), (10, 10), (99.9, 99), (101, 100), (2399, 2300), (98_765, 98_000)]
)
def test_numbers_have_two_digits(number, shown):
    assert bucket(number) == shown


def test_rates_that_move_a_little_change_no_text():
    texts = {
        verdict_of(TARGET_CHECKS, Case(check, "", FAIL, machines(2_400_000 + wobble, free=GB))).observed
        for wobble in (0, 1000, 90_000)
        for check in ("ChangesCarried", "RetentionFreeSpace")
    }
    assert len(texts) == 2
