"""Which operating system a machine has, as far as can be known, and whether one is the same as or later than another.

What is known of a version is an interval: `low` is the earliest that it can be, `high` the latest (None: no end). Source: the
vSphere API's guest ids and guest data, Site Recovery's osVersion; what each of them leaves open is said at the tables below.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from failback_operator.domain.operating_system_tables import (
    ASR_LINUX,
    BUILDS,
    DISTROS,
    GUEST_ID_DISTROS,
    GUEST_ID_WINDOWS,
    WINDOWS_SERVER,
)

Version = tuple[int, ...]
WINDOWS = "windows"


class Family(StrEnum):
    """Windows or Linux; Site Recovery protects no other."""

    WINDOWS = "Windows"
    LINUX = "Linux"


class Quality(StrEnum):
    """How well the version is known."""

    EXACT = "Exact"
    MAJOR_ONLY = "MajorOnly"
    AT_LEAST = "AtLeast"
    BETWEEN = "Between"
    NONE = "None"


@dataclass(frozen=True, slots=True)
class OperatingSystem:
    """`distro` is `windows` for Windows servers, None where versions have no order (client Windows) or nothing is known."""

    family: Family | None = None
    distro: str | None = None
    low: Version | None = None
    high: Version | None = None
    quality: Quality = Quality.NONE
    text: str = "unknown"

    def __str__(self) -> str:
        return self.text


UNKNOWN = OperatingSystem()


@dataclass(frozen=True, slots=True)
class Sources:
    """What was told of one machine's operating system; any may be missing."""

    detailed_data: str | None = None  # guest.guestDetailedData or extraConfig guestInfo.detailed.data
    asr_version: str | None = None  # osVersion of Site Recovery
    full_name: str | None = None  # guest.guestFullName
    guest_id: str | None = None  # config.guestId
    asr_type: str | None = None  # osType of Site Recovery
    guest_family: str | None = None  # guest.guestFamily


@lru_cache(maxsize=4096)  # the same few systems are asked for thousands of times in each decision
def identify(sources: Sources) -> OperatingSystem:
    """The operating system by the best source: detailed data, then Site Recovery's version, then full name, then guest id.

    The first source that tells a version wins. Where none does, the first that tells a distribution, then a family.
    """
    found = [
        parse_detailed_data(sources.detailed_data or ""),
        parse_asr_version(sources.asr_version or ""),
        parse_full_name(sources.full_name or ""),
        parse_guest_id(sources.guest_id or ""),
        _by_family(sources.asr_type),
        _by_family(sources.guest_family),
    ]
    for is_told in (_has_version, _has_distro, _has_family):
        for each in found:
            if is_told(each):
                return each
    return UNKNOWN


def is_same_family(target: OperatingSystem, machine: OperatingSystem) -> bool | None:
    """True or False where both families are known, else None."""
    if target.family is None or machine.family is None:
        return None
    return target.family is machine.family


def is_same_or_later(target: OperatingSystem, machine: OperatingSystem) -> bool | None:
    """Whether `target` is the same as or later than `machine`; None where that is not decidable.

    Another family is False. Linux distributions have no order among each other: None.
    """
    same_family = is_same_family(target, machine)
    if not same_family:
        return same_family
    if target.distro is None or target.distro != machine.distro or target.low is None or machine.low is None:
        return None
    if target.high is not None and target.high < machine.low:
        return False
    if machine.high is not None and target.low >= machine.high:
        return True
    return None


def parse_detailed_data(text: str) -> OperatingSystem:
    """From VMware Tools' `key='value'` pairs."""
    values = dict(re.findall(r"(\w+)='([^']*)'", text))
    pretty, distro_name = values.get("prettyName", ""), values.get("distroName", "")
    family = values.get("familyName", "")
    if "windows" in f"{family} {distro_name}".casefold():
        server = _windows_server(pretty)
        if _has_version(server):
            return server
        year = BUILDS.get(values.get("buildNumber", "")) if "server" in pretty.casefold() else None
        return (
            _exact(Family.WINDOWS, WINDOWS, year, pretty) if year else OperatingSystem(Family.WINDOWS, text=pretty or "Windows")
        )
    distro = _distro(distro_name) or _distro(pretty)
    if distro is None:
        return OperatingSystem(Family.LINUX, text=pretty or "Linux") if family.casefold() == "linux" else UNKNOWN
    return _linux(distro, values.get("distroVersion", ""), pretty or distro_name)


def parse_asr_version(text: str) -> OperatingSystem:
    """From Site Recovery: `Microsoft Windows Server 2019 Datacenter`, `RHEL-7.9-64`, `SLES12-SP3-64`."""
    if "windows" in text.casefold():
        return _windows(text)
    match = ASR_LINUX.match(text)
    if match is None:
        return UNKNOWN
    name, major, minor, service_pack = match.groups()
    distro = DISTROS[name.casefold()]
    number = (
        "" if minor is None and major in {"64", "32"} else f"{major}{minor or ''}{'.' + service_pack if service_pack else ''}"
    )
    return _linux(distro, number, text)


def parse_full_name(text: str) -> OperatingSystem:
    """From vSphere's names: `Microsoft Windows Server 2016 or later (64-bit)`, `Red Hat Enterprise Linux 7 (64-bit)`."""
    lowered = text.casefold()
    if "windows" in lowered:
        return _between_2012_and_its_r2(_windows(text))
    bare = re.sub(r"\(\d+-bit\)", "", text)
    distro = _distro(bare)
    if distro is None:
        return OperatingSystem(Family.LINUX, text=text) if "linux" in lowered else UNKNOWN
    number = re.search(r"\d+(?:\.\d+)*", bare)
    if number is None:
        return _linux(distro, "", text)
    if re.search(r"/\d|or later", bare):
        low = (int(number.group().split(".")[0]), 0)
        return OperatingSystem(Family.LINUX, distro, low, None, Quality.AT_LEAST, text)
    return _linux(distro, number.group(), text)


def parse_guest_id(guest_id: str) -> OperatingSystem:
    """From the configured guest id, which newer vCenters extend: matched as text by its beginning."""
    for prefix, low, high in GUEST_ID_WINDOWS:
        if guest_id.startswith(prefix):
            return OperatingSystem(Family.WINDOWS, WINDOWS, low, high, _quality(low, high), guest_id)
    if guest_id.casefold().startswith("win"):
        return OperatingSystem(Family.WINDOWS, text=guest_id)
    match = GUEST_ID_DISTROS.match(guest_id)
    if match is not None:
        name, number = match.groups()
        return _linux(DISTROS[name.casefold()], "" if number in {None, "64"} else str(number), guest_id)
    return OperatingSystem(Family.LINUX, text=guest_id) if "linux" in guest_id.casefold() else UNKNOWN


def _windows(text: str) -> OperatingSystem:
    return _windows_server(text) if "server" in text.casefold() else OperatingSystem(Family.WINDOWS, text=text)


def _between_2012_and_its_r2(found: OperatingSystem) -> OperatingSystem:
    """vSphere has one guest id, and so one name, for 2012 and 2012 R2."""
    if found.low == found.high == (2012, 0):
        return replace(found, high=(2012, 2), quality=Quality.BETWEEN)
    return found


def _windows_server(text: str) -> OperatingSystem:
    match = WINDOWS_SERVER.search(text)
    if match is None:
        return OperatingSystem(Family.WINDOWS, text=text)
    year = (int(match.group(1)), 2 if match.group(2) else 0)
    if match.group(3):
        return OperatingSystem(Family.WINDOWS, WINDOWS, year, None, Quality.AT_LEAST, text)
    return _exact(Family.WINDOWS, WINDOWS, year, text)


def _linux(distro: str, number: str, text: str) -> OperatingSystem:
    """`7.9` is exact; `7` leaves the minor version open: it lies between 7 and all of 7."""
    match = re.match(r"\d+(?:\.\d+)*", number)
    if match is None:
        return OperatingSystem(Family.LINUX, distro, text=text)
    parts = tuple(int(p) for p in match.group().split("."))
    if len(parts) == 1:
        return OperatingSystem(Family.LINUX, distro, (*parts, 0), (*parts, _ANY), Quality.MAJOR_ONLY, text)
    return _exact(Family.LINUX, distro, parts[:2], text)


_ANY = 10**6
"""Later than any minor version."""


def _exact(family: Family, distro: str, version: Version, text: str) -> OperatingSystem:
    return OperatingSystem(family, distro, version, version, Quality.EXACT, text)


def _quality(low: Version, high: Version | None) -> Quality:
    if high is None:
        return Quality.AT_LEAST
    return Quality.EXACT if low == high else Quality.BETWEEN


def _distro(text: str) -> str | None:
    lowered = text.casefold()
    return next((distro for word, distro in DISTROS.items() if re.search(rf"\b{re.escape(word)}", lowered)), None)


def _by_family(text: str | None) -> OperatingSystem:
    lowered = (text or "").casefold()
    for family in Family:
        if lowered.startswith(family.value.casefold()):
            return OperatingSystem(family, text=family.value)
    return UNKNOWN


def _has_version(found: OperatingSystem) -> bool:
    return found.low is not None


def _has_distro(found: OperatingSystem) -> bool:
    return found.distro is not None


def _has_family(found: OperatingSystem) -> bool:
    return found.family is not None
