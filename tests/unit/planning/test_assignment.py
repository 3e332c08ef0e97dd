"""Groups are all or nothing, on one target, within its slots."""

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failback_operator.planning.assignment import Group, NoFit, Placed, TargetSlots, Undecided, Waiting, assign
from failback_operator.planning.waves import Wave, plan_waves


def slots(name="mt-1", free=58, empty=58, **changes):
    return TargetSlots(name, free, empty, **changes)


def group(key, disks=10, candidates=("mt-1",), **changes):
    return Group(**({"key": key, "members": (key,), "disks": disks, "pending": disks or 0, "candidates": candidates} | changes))


@pytest.mark.parametrize(
    ("groups", "targets", "placements"),
    [
        ([group("a")], [slots()], {"a": Placed("mt-1")}),
        ([group("a", 58)], [slots()], {"a": Placed("mt-1")}),
        ([group("a", 59)], [slots()], {"a": NoFit(59)}),
        ([group("a", 40), group("b", 30)], [slots()], {"a": Placed("mt-1"), "b": Waiting(("mt-1",), 30)}),
        # Largest first, whatever the order of the list.
        ([group("a", 30), group("b", 40)], [slots()], {"a": Waiting(("mt-1",), 30), "b": Placed("mt-1")}),
        # Who had a place keeps it.
        (
            [group("a", 30, sticky="mt-1"), group("b", 40)],
            [slots()],
            {"a": Placed("mt-1"), "b": Waiting(("mt-1",), 40)},
        ),
        # Who runs there is there, whether it fits or not.
        ([group("a", 99, fixed="mt-1")], [slots(free=0)], {"a": Placed("mt-1")}),
        ([group("a", fixed="gone")], [slots()], {"a": Placed("mt-1")}),
        # Who may not start anyway comes last, even with a place.
        (
            [group("a", 40, sticky="mt-1", is_eager=False), group("b", 30)],
            [slots()],
            {"a": Waiting(("mt-1",), 40), "b": Placed("mt-1")},
        ),
        ([group("a", candidates=())], [slots()], {"a": Undecided(has_candidates=False)}),
        ([group("a", candidates=("gone",))], [slots()], {"a": Undecided(has_candidates=False)}),
        ([group("a", None)], [slots()], {"a": Undecided(has_candidates=True)}),
        ([group("a")], [slots(free=None, empty=None)], {"a": Undecided(has_candidates=True)}),
        ([group("a")], [slots(is_cordoned=True)], {"a": Waiting(("mt-1",), 10)}),
        ([group("a", sticky="mt-1")], [slots(is_cordoned=True)], {"a": Placed("mt-1")}),
        (
            [group("a", candidates=("mt-1", "mt-2"))],
            [slots(is_preferred=False), slots("mt-2")],
            {"a": Placed("mt-2")},
        ),
        (
            [group("a", candidates=("mt-1", "mt-2"), sticky="mt-2")],
            [slots(), slots("mt-2")],
            {"a": Placed("mt-2")},
        ),
        (
            [group("a", candidates=("mt-1", "mt-2"), sticky="mt-1")],
            [slots(is_preferred=False), slots("mt-2", is_preferred=False)],
            {"a": Placed("mt-1")},
        ),
    ],
)
def test_assignment(groups, targets, placements):
    assert assign(groups, targets) == placements
    assert assign(list(reversed(groups)), list(reversed(targets))) == placements


def test_only_what_is_still_to_be_attached_takes_slots():
    started = group("a", 40, fixed="mt-1", pending=0)
    assert assign([started, group("b", 18)], [slots(free=18)]) == {"a": Placed("mt-1"), "b": Placed("mt-1")}


NAMES = ("mt-1", "mt-2", "mt-3")
GROUPS = st.lists(
    st.builds(
        lambda disks, candidates, sticky, eager: (disks, tuple(sorted(candidates)), sticky, eager),
        st.integers(1, 62),
        st.sets(st.sampled_from(NAMES), min_size=1),
        st.sampled_from((None, *NAMES)),
        st.booleans(),
    ),
    max_size=25,
)


@given(GROUPS, st.lists(st.integers(0, 60), min_size=3, max_size=3), st.randoms(use_true_random=False))
def test_no_target_is_ever_overfilled_and_order_does_not_matter(drawn, free, random):
    groups = [
        group(f"g{i:02}", disks, candidates, sticky=sticky, is_eager=eager)
        for i, (disks, candidates, sticky, eager) in enumerate(drawn)
    ]
    targets = [slots(name, f, 60) for name, f in zip(NAMES, free, strict=True)]
    placements = assign(groups, targets)
    taken = defaultdict(int)
    for each in groups:
        placement = placements[each.key]
        if isinstance(placement, Placed):
            assert placement.target in each.candidates
            taken[placement.target] += each.pending
        if isinstance(placement, NoFit):
            assert each.disks > 60
    assert all(taken[t.name] <= t.free for t in targets)
    shuffled, moved = list(groups), list(targets)
    random.shuffle(shuffled)
    random.shuffle(moved)
    assert assign(shuffled, moved) == placements


def waves(groups, targets):
    return plan_waves(groups, targets, assign(groups, targets))


def test_waves_follow_each_other_as_targets_fall_empty():
    groups = [group(k, 30) for k in ("a", "b", "c")]
    assert waves(groups, [slots()]) == (Wave(1, "mt-1", ("a",)), Wave(2, "mt-1", ("b",)), Wave(3, "mt-1", ("c",)))


def test_first_wave_waits_for_a_target_that_is_full():
    assert waves([group("a", 30)], [slots(free=0)]) == (Wave(1, "mt-1", ("a",)),)


def test_a_wave_may_use_several_targets():
    groups = [group("a", 50), group("b", 50, ("mt-2",))]
    assert waves(groups, [slots(), slots("mt-2")]) == (Wave(1, "mt-1", ("a",)), Wave(1, "mt-2", ("b",)))


@pytest.mark.parametrize(
    ("groups", "targets"),
    [
        ([group("a", 61)], [slots()]),
        ([group("a", None)], [slots()]),
        ([group("a", 10)], [slots(is_cordoned=True)]),
        ([], []),
    ],
)
def test_who_fits_nowhere_is_in_no_wave(groups, targets):
    assert waves(groups, targets) == ()


@given(GROUPS)
def test_every_group_that_fits_is_in_exactly_one_wave(drawn):
    groups = [group(f"g{i:02}", disks, candidates) for i, (disks, candidates, _, _) in enumerate(drawn)]
    targets = [slots(name, 60, 60) for name in NAMES]
    made = waves(groups, targets)
    machines = [m for wave in made for m in wave.machines]
    assert sorted(machines) == sorted(g.key for g in groups if g.disks <= 60)
    sizes = {g.key: g.disks for g in groups}
    assert all(sum(sizes[m] for m in wave.machines) <= 60 for wave in made)
