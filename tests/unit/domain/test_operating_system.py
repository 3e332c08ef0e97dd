"""Operating systems: each source and each row of the guest ids, and what can be decided of two of them."""

import pytest

from failback_operator.domain.operating_system import (
    UNKNOWN,
    Family,
    OperatingSystem,
    Quality,
    Sources,
    identify,
    is_same_family,
    is_same_or_later,
    parse_asr_version,
    parse_detailed_data,
    parse_full_name,
    parse_guest_id,
)

WIN, LIN = Family.WINDOWS, Family.LINUX
EXACT, MAJOR, LEAST, BETWEEN, NONE = Quality.EXACT, Quality.MAJOR_ONLY, Quality.AT_LEAST, Quality.BETWEEN, Quality.NONE


def told(found: OperatingSystem):
    return (found.family, found.distro, found.low, found.quality)


@pytest.mark.parametrize(
    ("guest_id", "expected"),
    [
        ("winNetEnterprise64Guest", (WIN, "windows", (2003, 0), LEAST)),
        ("winLonghorn64Guest", (WIN, "windows", (2008, 0), EXACT)),
        ("windows7Server64Guest", (WIN, "windows", (2008, 2), EXACT)),
        ("windows8Server64Guest", (WIN, "windows", (2012, 0), BETWEEN)),
        ("windows9Server64Guest", (WIN, "windows", (2016, 0), LEAST)),
        ("windows2019srv_64Guest", (WIN, "windows", (2019, 0), EXACT)),
        ("windows2019srvNext_64Guest", (WIN, "windows", (2022, 0), LEAST)),
        ("windows2022srvNext_64Guest", (WIN, "windows", (2025, 0), LEAST)),
        ("windows7Guest", (WIN, None, None, NONE)),
        ("windows9_64Guest", (WIN, None, None, NONE)),
        ("windows11_64Guest", (WIN, None, None, NONE)),
        ("windows12_64Guest", (WIN, None, None, NONE)),
        ("winXPProGuest", (WIN, None, None, NONE)),
        ("rhel7_64Guest", (LIN, "rhel", (7, 0), MAJOR)),
        ("rhel10_64Guest", (LIN, "rhel", (10, 0), MAJOR)),
        ("centos8_64Guest", (LIN, "centos", (8, 0), MAJOR)),
        ("debian10_64Guest", (LIN, "debian", (10, 0), MAJOR)),
        ("sles12_64Guest", (LIN, "sles", (12, 0), MAJOR)),
        ("oracleLinux8_64Guest", (LIN, "oracle", (8, 0), MAJOR)),
        ("asianux4_64Guest", (LIN, "asianux", (4, 0), MAJOR)),
        ("ubuntu64Guest", (LIN, "ubuntu", None, NONE)),
        ("centos64Guest", (LIN, "centos", None, NONE)),
        ("sles64Guest", (LIN, "sles", None, NONE)),
        ("oracleLinux64Guest", (LIN, "oracle", None, NONE)),
        ("rockylinux_64Guest", (LIN, "rocky", None, NONE)),
        ("almalinux_64Guest", (LIN, "alma", None, NONE)),
        ("redhatGuest", (LIN, "rhel", None, NONE)),
        ("debianGuest", (LIN, "debian", None, NONE)),
        ("other3xLinux64Guest", (LIN, None, None, NONE)),
        ("genericLinuxGuest", (LIN, None, None, NONE)),
        ("otherGuest", (None, None, None, NONE)),
        ("otherGuest64", (None, None, None, NONE)),
        ("someIdOfANewerVCenter", (None, None, None, NONE)),
        ("", (None, None, None, NONE)),
    ],
)
def test_guest_ids(guest_id, expected):
    assert told(parse_guest_id(guest_id)) == expected


def test_one_id_stands_for_2012_and_its_r2():
    assert parse_guest_id("windows8Server64Guest").high == (2012, 2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Microsoft Windows Server 2019 (64-bit)", (WIN, "windows", (2019, 0), EXACT)),
        ("Microsoft Windows Server 2016 or later (64-bit)", (WIN, "windows", (2016, 0), LEAST)),
        ("Microsoft Windows Server 2008 R2 (64-bit)", (WIN, "windows", (2008, 2), EXACT)),
        ("Microsoft Windows Server (R) 2008", (WIN, "windows", (2008, 0), EXACT)),
        ("Microsoft Windows Server 2012 (64-bit)", (WIN, "windows", (2012, 0), BETWEEN)),
        ("Microsoft Windows Server", (WIN, None, None, NONE)),
        ("Microsoft Windows 10 (64-bit)", (WIN, None, None, NONE)),
        ("Red Hat Enterprise Linux 7 (64-bit)", (LIN, "rhel", (7, 0), MAJOR)),
        ("CentOS 4/5 or later (64-bit)", (LIN, "centos", (4, 0), LEAST)),
        ("Oracle Linux 4/5 or later (64-bit)", (LIN, "oracle", (4, 0), LEAST)),
        ("Debian GNU/Linux 10 (64-bit)", (LIN, "debian", (10, 0), MAJOR)),
        ("SUSE Linux Enterprise 12 (64-bit)", (LIN, "sles", (12, 0), MAJOR)),
        ("Ubuntu Linux (64-bit)", (LIN, "ubuntu", None, NONE)),
        ("Other 3.x or later Linux (64-bit)", (LIN, None, None, NONE)),
        ("Solaris 11", (None, None, None, NONE)),
        ("", (None, None, None, NONE)),
    ],
)
def test_full_names(text, expected):
    assert told(parse_full_name(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Microsoft Windows Server 2016 Datacenter", (WIN, "windows", (2016, 0), EXACT)),
        ("Microsoft Windows Server 2012 R2 Standard", (WIN, "windows", (2012, 2), EXACT)),
        ("Microsoft Windows 10 Enterprise", (WIN, None, None, NONE)),
        ("UBUNTU-16.04-64", (LIN, "ubuntu", (16, 4), EXACT)),
        ("RHEL-7.9-64", (LIN, "rhel", (7, 9), EXACT)),
        ("RHEL7-64", (LIN, "rhel", (7, 0), MAJOR)),
        ("OL7-64", (LIN, "oracle", (7, 0), MAJOR)),
        ("CENTOS-6.10", (LIN, "centos", (6, 10), EXACT)),
        ("SLES12-SP3-64", (LIN, "sles", (12, 3), EXACT)),
        ("SLES15-64", (LIN, "sles", (15, 0), MAJOR)),
        ("DEBIAN8-64", (LIN, "debian", (8, 0), MAJOR)),
        ("UBUNTU-64", (LIN, "ubuntu", None, NONE)),
        ("10.0.17763", (None, None, None, NONE)),
        ("", (None, None, None, NONE)),
    ],
)
def test_site_recoverys_versions(text, expected):
    assert told(parse_asr_version(text)) == expected


def windows_data(build, pretty):
    return f"buildNumber='{build}' distroName='Windows' distroVersion='10.0' familyName='Windows' prettyName='{pretty}'"


@pytest.mark.parametrize(
    ("build", "version"),
    [
        ("7601", (2008, 2)),
        ("9200", (2012, 0)),
        ("9600", (2012, 2)),
        ("14393", (2016, 0)),
        ("17763", (2019, 0)),
        ("20348", (2022, 0)),
        ("26100", (2025, 0)),
    ],
)
def test_builds_tell_where_the_name_says_server_without_a_year(build, version):
    assert told(parse_detailed_data(windows_data(build, "Windows Server Datacenter"))) == (WIN, "windows", version, EXACT)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (windows_data("17763", "Windows Server 2019 Datacenter, 64-bit (Build 17763.5329)"), (WIN, "windows", (2019, 0), EXACT)),
        (windows_data("9600", "Windows Server 2012 R2 Standard"), (WIN, "windows", (2012, 2), EXACT)),
        (windows_data("26100", "Windows 11 Pro"), (WIN, None, None, NONE)),
        (windows_data("99999", "Windows Server Datacenter"), (WIN, None, None, NONE)),
        (windows_data("26100", ""), (WIN, None, None, NONE)),
        (
            "distroName='Ubuntu' distroVersion='16.04' familyName='Linux' prettyName='Ubuntu 16.04.2 LTS'",
            (LIN, "ubuntu", (16, 4), EXACT),
        ),
        (
            "distroName='Red Hat Enterprise Linux Server' distroVersion='7.9' familyName='Linux' prettyName='RHEL 7.9'",
            (LIN, "rhel", (7, 9), EXACT),
        ),
        ("distroName='CentOS Linux' distroVersion='7' familyName='Linux'", (LIN, "centos", (7, 0), MAJOR)),
        ("distroName='' familyName='Linux' prettyName='Debian GNU/Linux'", (LIN, "debian", None, NONE)),
        ("distroName='Gentoo' familyName='Linux' prettyName='Gentoo'", (LIN, None, None, NONE)),
        ("distroName='Gentoo' familyName='Linux'", (LIN, None, None, NONE)),
        ("familyName='FreeBSD'", (None, None, None, NONE)),
        ("", (None, None, None, NONE)),
    ],
)
def test_detailed_data(text, expected):
    assert told(parse_detailed_data(text)) == expected


DETAILED = windows_data("20348", "Windows Server 2022 Datacenter")
ASR, NAME, GUEST_ID = (
    "Microsoft Windows Server 2019 Standard",
    "Microsoft Windows Server 2016 or later (64-bit)",
    "winLonghorn64Guest",
)


@pytest.mark.parametrize(
    ("sources", "version"),
    [
        (Sources(DETAILED, ASR, NAME, GUEST_ID), (2022, 0)),
        (Sources(None, ASR, NAME, GUEST_ID), (2019, 0)),
        (Sources(None, None, NAME, GUEST_ID), (2016, 0)),
        (Sources(None, None, None, GUEST_ID), (2008, 0)),
        (Sources(windows_data("1", "Windows"), None, NAME, GUEST_ID), (2016, 0)),
    ],
)
def test_the_best_source_that_tells_a_version_wins(sources, version):
    assert identify(sources).low == version


@pytest.mark.parametrize(
    ("sources", "family", "distro"),
    [
        (Sources(full_name="Ubuntu Linux (64-bit)", asr_type="Linux"), LIN, "ubuntu"),
        (Sources(guest_id="otherGuest", asr_type="LINUX"), LIN, None),
        (Sources(guest_id="otherGuest", asr_type="windows", guest_family="linuxGuest"), WIN, None),
        (Sources(guest_family="windowsGuest"), WIN, None),
        (Sources(guest_family="otherGuestFamily"), None, None),
        (Sources(), None, None),
    ],
)
def test_else_a_distribution_else_a_family(sources, family, distro):
    found = identify(sources)
    assert (found.family, found.distro) == (family, distro)


def test_what_is_not_known_says_so():
    assert identify(Sources()) == UNKNOWN
    assert str(UNKNOWN) == "unknown"
    assert str(parse_asr_version("RHEL-7.9-64")) == "RHEL-7.9-64"


def windows(text):
    return parse_asr_version(f"Windows Server {text}")


def by_id(text):
    return parse_guest_id(text)


def linux(text):
    return parse_asr_version(text)


@pytest.mark.parametrize(
    ("target", "machine", "expected"),
    [
        (windows("2019"), windows("2019"), True),
        (windows("2022"), windows("2019"), True),
        (windows("2016"), windows("2019"), False),
        (windows("2012 R2"), windows("2012"), True),
        (windows("2012"), windows("2012 R2"), False),
        (linux("UBUNTU-16.04-64"), linux("UBUNTU-14.04-64"), True),
        (linux("UBUNTU-16.04-64"), linux("UBUNTU-16.04-64"), True),
        (linux("UBUNTU-16.04-64"), linux("UBUNTU-18.04-64"), False),
        (linux("RHEL-7.9-64"), linux("RHEL-7.10-64"), False),
        (linux("SLES12-SP5-64"), linux("SLES12-SP3-64"), True),
        (by_id("rhel8_64Guest"), linux("RHEL-7.9-64"), True),
        (by_id("rhel6_64Guest"), linux("RHEL-7.9-64"), False),
        (windows("2016"), by_id("windows8Server64Guest"), True),
        (windows("2008 R2"), by_id("windows8Server64Guest"), False),
        (by_id("windows9Server64Guest"), windows("2016"), True),
        (by_id("windows9Server64Guest"), windows("2012 R2"), True),
        # Families and distributions
        (windows("2022"), linux("RHEL-7.9-64"), False),
        (linux("RHEL-7.9-64"), windows("2022"), False),
        (linux("UBUNTU-16.04-64"), linux("RHEL-7.9-64"), None),
        # Undecidable, each as the facts name it
        (by_id("windows9Server64Guest"), windows("2019"), None),
        (windows("2022"), by_id("windows9Server64Guest"), None),
        (by_id("windows9Server64Guest"), by_id("windows9Server64Guest"), None),
        (by_id("windows8Server64Guest"), windows("2012 R2"), None),
        (by_id("windows8Server64Guest"), by_id("windows8Server64Guest"), None),
        (windows("2012"), by_id("windows8Server64Guest"), None),
        (by_id("rhel7_64Guest"), linux("RHEL-7.9-64"), None),
        (linux("RHEL-7.9-64"), by_id("rhel7_64Guest"), None),
        (by_id("rhel7_64Guest"), by_id("rhel7_64Guest"), None),
        (linux("CENTOS-7.9-64"), parse_full_name("CentOS 4/5 or later (64-bit)"), None),
        (by_id("ubuntu64Guest"), linux("UBUNTU-16.04-64"), None),
        (linux("UBUNTU-16.04-64"), by_id("ubuntu64Guest"), None),
        (windows("2022"), by_id("windows9_64Guest"), None),
        (by_id("windows9_64Guest"), by_id("windows9_64Guest"), None),
        (by_id("otherGuest"), windows("2019"), None),
        (windows("2019"), UNKNOWN, None),
        (by_id("other3xLinux64Guest"), linux("RHEL-7.9-64"), None),
    ],
)
def test_same_or_later(target, machine, expected):
    assert is_same_or_later(target, machine) is expected


@pytest.mark.parametrize(
    ("target", "machine", "expected"),
    [
        (windows("2022"), by_id("windows9_64Guest"), True),
        (linux("RHEL-7.9-64"), by_id("ubuntu64Guest"), True),
        (windows("2022"), linux("RHEL-7.9-64"), False),
        (windows("2022"), UNKNOWN, None),
        (UNKNOWN, windows("2022"), None),
    ],
)
def test_same_family(target, machine, expected):
    assert is_same_family(target, machine) is expected
