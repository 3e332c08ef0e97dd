"""Names, builds and guest ids of operating systems. Source: the vSphere API's guest ids; Microsoft's build numbers."""

import re

WINDOWS_SERVER = re.compile(r"Windows Server(?:\s*\(R\))?\s*(\d{4})(?:\s*(R2))?(\s+or later)?", re.IGNORECASE)

BUILDS: dict[str, tuple[int, int]] = {
    "7601": (2008, 2),
    "9200": (2012, 0),
    "9600": (2012, 2),
    "14393": (2016, 0),
    "17763": (2019, 0),
    "20348": (2022, 0),
    "26100": (2025, 0),
}
"""Build → (year, 2 for R2). Only where the name says Server: 26100 is also a Windows 11."""

GUEST_ID_WINDOWS: tuple[tuple[str, tuple[int, int], tuple[int, int] | None], ...] = (
    ("winNet", (2003, 0), None),
    ("winLonghorn", (2008, 0), (2008, 0)),
    ("windows7Server", (2008, 2), (2008, 2)),
    ("windows8Server", (2012, 0), (2012, 2)),
    ("windows9Server", (2016, 0), None),
    ("windows2019srvNext", (2022, 0), None),
    ("windows2019srv", (2019, 0), (2019, 0)),
    ("windows2022srvNext", (2025, 0), None),
)
"""Beginning of the id → earliest and latest version; windows8Server is 2012 or 2012 R2, windows9Server is "2016 or later"."""

DISTROS: dict[str, str] = {
    "red hat": "rhel",
    "redhat": "rhel",
    "rhel": "rhel",
    "centos": "centos",
    "oracle": "oracle",
    "oraclelinux": "oracle",
    "ol": "oracle",
    "rockylinux": "rocky",
    "rocky": "rocky",
    "almalinux": "alma",
    "suse": "sles",
    "sles": "sles",
    "ubuntu": "ubuntu",
    "debian": "debian",
    "asianux": "asianux",
}
"""Words at which a distribution is known, in the order in which they are looked for."""

ASR_LINUX = re.compile(r"^(RHEL|CENTOS|OL|SLES|UBUNTU|DEBIAN)-?(\d+)(\.\d+)?(?:-SP(\d+))?", re.IGNORECASE)
"""Form of Site Recovery's osVersion of Linux machines. A lone 64 is the width of the processor's words."""

GUEST_ID_DISTROS = re.compile(
    r"^(rhel|centos|debian|sles|oracleLinux|asianux|ubuntu|rockylinux|almalinux|redhat)_?(\d+)?", re.IGNORECASE
)
"""Guest ids of Linux distributions with their major version, if they have one; a lone 64 is no version."""
