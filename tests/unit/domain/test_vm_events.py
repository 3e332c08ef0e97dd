"""Accounts as vCenter and people write them."""

import pytest

from failback_operator.domain.vm_events import is_same_account


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("asr-cs@vsphere.local", "VSPHERE.LOCAL\\asr-cs", True),
        ("VSPHERE.LOCAL\\ASR-cs", "vsphere.local\\asr-CS", True),
        ("svc@corp.example.com", "CORP\\svc", True),
        ("CORP\\svc", "svc@corp.example.com", True),
        ("svc", "CORP\\svc", True),
        ("CORP\\svc", "svc", True),
        ("CORP\\svc", "OTHER\\svc", False),
        ("svc@corp.example.com", "svc@corp.example.org", False),
        ("CORP\\svc", "CORP\\other", False),
        ("", "", False),
        ("CORP\\svc", "", False),
    ],
)
def test_accounts(one, other, is_same):
    assert is_same_account(one, other) is is_same
