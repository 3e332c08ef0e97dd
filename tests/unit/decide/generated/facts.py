"""Facts that went wrong in one place: any member of any dataclass of a snapshot, replaced by what the world may put there.

Nothing here knows what a member means: its type hint tells what else may stand in it. So a new fact is mutated as soon as it
is there.
"""

import types
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st
from tests.unit import builders as b

from failback_operator.domain.ids import ArmId
from failback_operator.domain.reading import Part, SourceError, SourceProblem
from failback_operator.domain.vsphere import VirtualMachine

SENTINELS = tuple(datetime(year, 12, 31, tzinfo=UTC) for year in (1, 1601, 1753, 1970, 9999))
"""Dates that the service tells for "never". The adapters take them out; a judgement survives one all the same."""

AGES = (0, 1, 59, 60, 61, 299, 300, 301, 599, 600, 601, 899, 900, 901, 4499, 4500, 4501, 14_399, 14_400, 14_401, 86_400, 10**8)
"""Seconds at, below and above the limits of judgement."""

TIMES = (*SENTINELS, *(b.NOW - timedelta(seconds=age) for age in AGES), b.NOW + timedelta(hours=1), b.NOW + timedelta(days=29))
NUMBERS = (0, 1, 2, 14, 15, 16, 59, 60, 61, 64, 65, 99, 100, 1024, 2**31, 2**40, 2**53, 10**15, -1)
TEXTS = ("", " ", "?", "None", "Ärger/データ", "two\nlines", "x" * 300, "10.10.0.21", "fe80::1", "0.0.0.0/0", "Linux", "Windows")
SYSTEMS = (
    "Ubuntu Linux (64-bit)",
    "Ubuntu Server 16.04.7 LTS",
    "ubuntu64Guest",
    "Red Hat Enterprise Linux 8 (64-bit)",
    "Microsoft Windows Server 2012 R2 (64-bit)",
    "Windows 2008 R2",
    "windows9Server64Guest",
    "Other 4.x or later Linux (64-bit)",
    "otherGuest64",
)

Step = str | int
Path = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A dataclass in a snapshot and the way to it: names of members and positions in tuples."""

    path: Path
    value: Any


def nodes(value: Any, path: Path = ()) -> Iterator[Node]:
    """All dataclasses in `value`, itself included."""
    if isinstance(value, tuple):
        for position, each in enumerate(value):
            yield from nodes(each, (*path, position))
    elif is_dataclass(value) and not isinstance(value, type):
        yield Node(path, value)
        for field in fields(value):
            yield from nodes(getattr(value, field.name), (*path, field.name))


def put(value: Any, path: Path, new: Any) -> Any:
    """`value` with `new` at `path`."""
    if not path:
        return new
    first, *rest = path
    if isinstance(first, int):
        return (*value[:first], put(value[first], tuple(rest), new), *value[first + 1 :])
    return replace(value, **{first: put(getattr(value, first), tuple(rest), new)})


@cache
def hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


@st.composite
def mutated(draw: st.DrawFn, facts: Any) -> Any:
    """The facts with one member of one dataclass changed; classes of which there are many are no likelier than others."""
    by_class: dict[type, list[Node]] = defaultdict(list)
    for node in nodes(facts):
        if not isinstance(node.value, Part):  # of which a type hint tells too little: it is another as a whole
            by_class[type(node.value)].append(node)
    kind = draw(st.sampled_from(sorted(by_class, key=lambda each: each.__name__)))
    node = draw(st.sampled_from(by_class[kind]))
    if kind is VirtualMachine and draw(st.integers(0, 2)) == 0:
        return put(facts, node.path, draw(_hidden(node.value)))
    name = draw(st.sampled_from([field.name for field in fields(kind)]))
    others = tuple(getattr(each.value, name) for each in by_class[kind] if each is not node)
    new = draw(_instead(hints(kind)[name], getattr(node.value, name), others))
    return put(facts, (*node.path, name), new)


@st.composite
def _hidden(draw: st.DrawFn, machine: VirtualMachine) -> VirtualMachine:
    """A VM of which some members may not be read: they are as if absent, and named in `unread`."""
    names = [f.name for f in fields(VirtualMachine) if f.name not in {"moref", "name", "unread"}]
    hidden = draw(st.sets(st.sampled_from(names), min_size=1, max_size=3))
    bare = VirtualMachine(machine.moref, machine.name)
    return replace(machine, **{name: getattr(bare, name) for name in hidden}, unread=machine.unread | hidden)


def _instead(hint: Any, value: Any, others: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    """What may stand in a member instead of `value`; `others` stand in the same member of others of its class."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in {Union, types.UnionType}:
        rest = [each for each in arguments if each is not type(None)]
        there = _instead(rest[0], value, tuple(o for o in others if o is not None))
        return st.one_of(st.none(), there) if len(rest) < len(arguments) else there
    if origin is Part:
        return _part(arguments[0], value)
    if origin is tuple:
        return _entries(arguments, value, others)
    if origin is frozenset:
        return st.sampled_from([frozenset(), frozenset(list(value)[:1]), *others])
    return _single(hint, value, others)


def _single(hint: Any, value: Any, others: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    hint = getattr(hint, "__supertype__", hint)
    same = [st.sampled_from(others)] if others else []
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    for kind, make in SINGLES.items():
        if hint is kind:
            return st.one_of(*same, make(value))
    return st.one_of(*same) if same else st.just(value)


def _text(value: str | None) -> st.SearchStrategy[str]:
    told = [] if value is None else [value.upper(), value.lower(), f"{value}-2", f" {value}"]
    return st.sampled_from([*told, *TEXTS, *SYSTEMS])


def _number(value: int | None) -> st.SearchStrategy[int]:
    near = [] if value is None else [value - 1, value + 1, value * 10]
    return st.sampled_from([*near, *NUMBERS])


def _arm_id(value: str | None) -> st.SearchStrategy[ArmId]:
    known = (b.item_id(), b.azure_vm_id(), b.nic_id(), b.FABRIC_ID, b.CONTAINER_ID, b.POLICY_ID, b.LOG_STORAGE_ID, b.SUBNET_ID)
    told = [] if value is None else [ArmId(value.upper()), ArmId(f"{value}-2")]
    return st.sampled_from([*told, *known])


SINGLES: dict[type, Callable[[Any], st.SearchStrategy[Any]]] = {
    bool: lambda value: st.just(not value),
    int: _number,
    str: _text,
    ArmId: _arm_id,
    datetime: lambda _: st.sampled_from(TIMES),
}


@st.composite
def _entries(draw: st.DrawFn, arguments: tuple[Any, ...], value: Any, others: tuple[Any, ...]) -> tuple[Any, ...]:
    """Another tuple: emptied, shorter, with an entry twice, the other way round, that of another one, or with an odd entry."""
    entries = tuple(value or ())
    if len(arguments) != 2 or arguments[1] is not ...:
        return entries
    choices: list[st.SearchStrategy[tuple[Any, ...]]] = [st.just(()), st.just(entries[1:]), st.just(entries[::-1])]
    choices.append(st.just(entries * 2))
    if others:
        choices.append(st.sampled_from([tuple(each or ()) for each in others]))
    choices.append(_instead(arguments[0], entries[0] if entries else None, entries).map(lambda odd: (*entries, *_as_entry(odd))))
    return draw(st.one_of(choices))


def _as_entry(odd: Any) -> tuple[Any, ...]:
    return () if odd is None else (odd,)


ERRORS = st.sampled_from([SourceError(problem, f"it answered {problem}") for problem in SourceProblem])


@st.composite
def _part(draw: st.DrawFn, hint: Any, value: Part[Any]) -> Part[Any]:
    """A source that was never read, is old, or answered an error of late; else other facts in it."""
    return draw(st.one_of(st.just(Part()), unread(value), stale(value), st.just(replace(value, error=draw(ERRORS)))))


def unread(part: Part[Any]) -> st.SearchStrategy[Part[Any]]:
    """The source as one that has never been read."""
    return ERRORS.map(lambda error: Part(None, None, error))


def stale(part: Part[Any], limit: timedelta = timedelta(minutes=30)) -> st.SearchStrategy[Part[Any]]:
    """The source as last read too long ago, whatever the limit is."""
    ages = st.sampled_from([limit + timedelta(seconds=1), limit * 2, timedelta(days=40)])
    return st.tuples(ages, ERRORS).map(lambda told: replace(part, as_of=b.NOW - told[0], error=told[1]))
