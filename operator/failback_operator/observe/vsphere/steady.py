"""Numbers that move while nothing happens (free space, memory in use): told anew only once they have moved by a part.

Without it a figure that trembles about a limit would make a verdict come and go, and each tremble a new judgement of the site.
"""

from dataclasses import replace

from failback_operator.domain.vsphere import Datastore, Host

PARTS = 100
"""A number is told anew when it has moved by more than the hundredth part of the whole."""
MIB = 1024**2


def steadied(new: int | None, told: int | None, whole: int | None) -> int | None:
    """The number to tell: what was `told` last, until `new` is further from it than the part of the `whole`."""
    if new is None or told is None or whole is None:
        return new
    return told if abs(new - told) * PARTS <= whole else new


def steady_datastore(new: Datastore, told: Datastore | None) -> Datastore:
    """The datastore with the numbers that were told last, as far as they still do. One of another size is told as it is."""
    if told is None or told.capacity_bytes != new.capacity_bytes:
        return new
    return replace(
        new,
        free_bytes=steadied(new.free_bytes, told.free_bytes, new.capacity_bytes),
        uncommitted_bytes=steadied(new.uncommitted_bytes, told.uncommitted_bytes, new.capacity_bytes),
    )


def steady_host(new: Host, used_mib: int | None, told: Host | None) -> Host:
    """The host with the memory in use that was told last, as far as it still does."""
    used = None if used_mib is None else used_mib * MIB
    return replace(new, used_memory_bytes=steadied(used, told.used_memory_bytes if told else None, new.memory_bytes))
