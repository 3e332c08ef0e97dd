"""Which failback policy a reprotect names: the one that its check approves of."""

from dataclasses import replace

import tests.unit.builders as a

from failback_operator.decide.architectures.classic_bodies import failback_policy
from failback_operator.domain.ids import ArmId
from failback_operator.domain.limits import Limits


def test_of_several_the_paired_one_with_the_documented_figures_is_named():
    vault = a.vault()
    item = vault.items[0]
    good = failback_policy(item, vault, Limits())
    assert good is not None
    mapping = next(m for m in vault.mappings if m.policy_id == good.arm_id)
    other = replace(good, arm_id=ArmId(f"{good.arm_id[:-1]}!"), name="aaa", rpo_threshold_minutes=99)
    paired = replace(
        vault, policies=(other, *vault.policies), mappings=(replace(mapping, policy_id=other.arm_id), *vault.mappings)
    )
    assert failback_policy(item, paired, Limits()) == good


def test_one_that_is_not_paired_is_not_named():
    vault = a.vault()
    broken = replace(vault, mappings=tuple(replace(m, state="PairingFailed") for m in vault.mappings))
    assert failback_policy(vault.items[0], broken, Limits()) is None
