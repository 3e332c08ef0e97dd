"""Merge patches: applied to what is stored they give what is wanted, and say nothing where nothing differs."""

from hypothesis import given
from hypothesis import strategies as st

from failback_operator.runtime.merge import merge_patch

LEAVES = st.one_of(st.booleans(), st.integers(0, 3), st.sampled_from(["", "x"]), st.lists(st.integers(0, 3), max_size=2))
NAMES = st.sampled_from("abc")
INNER = st.dictionaries(NAMES, LEAVES, max_size=3)
MIDDLE = st.dictionaries(NAMES, st.one_of(LEAVES, INNER, st.lists(INNER, max_size=2)), max_size=3)
OBJECTS = st.dictionaries(NAMES, st.one_of(LEAVES, MIDDLE), max_size=3)


def applied(target, patch):
    """RFC 7396, section 2."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = applied(result.get(name), value)
    return result


@given(stored=OBJECTS, wanted=OBJECTS)
def test_the_patch_turns_the_stored_into_the_wanted(stored, wanted):
    assert applied(stored, merge_patch(stored, wanted)) == wanted


@given(stored=OBJECTS)
def test_nothing_is_said_where_nothing_differs(stored):
    assert merge_patch(stored, stored) == {}
