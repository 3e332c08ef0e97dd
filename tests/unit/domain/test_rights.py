"""What roles give: patterns with `*`, what a role leaves out, and that another may give it."""

import pytest

from failback_operator.domain.rights import Permission, gives

ACTION = "Microsoft.RecoveryServices/vaults/replicationFabrics/refreshProvider/action"


@pytest.mark.parametrize(
    ("actions", "not_actions", "given"),
    [
        (("*",), (), True),
        ((ACTION,), (), True),
        ((ACTION.upper(),), (), True),
        (("*/action",), (), True),
        (("*/read",), (), False),
        (("Microsoft.RecoveryServices/vaults/*",), (), True),
        (("Microsoft.RecoveryServices/vaults",), (), False),
        (("Microsoft?RecoveryServices/*",), (), False),
        ((), (), False),
        (("*",), ("*/action",), False),
        (("*",), ("*/read",), True),
    ],
)
def test_a_role_gives_what_its_patterns_cover_and_does_not_leave_out(actions, not_actions, given):
    assert Permission(actions, not_actions).gives(ACTION) is given


def test_what_one_role_leaves_out_another_may_give():
    assert gives((Permission(("*",), (ACTION,)), Permission((ACTION,))), ACTION)
    assert not gives((Permission(("*",), (ACTION,)), Permission(("*/read",))), ACTION)
    assert not gives((), ACTION)
