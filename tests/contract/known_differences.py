"""Places in which recorded traffic or the newer service version differ from the published descriptions, or oav from both.

Each entry is an exact place with the source of what stands there; an entry that no pair needs fails the test, so the list cannot
rot. Versions: 2021-04-01 is described, 2025-08-01 is spoken.
"""

from typing import NamedTuple


class Place(NamedTuple):
    """Where oav complains: the operation, its own code, and the path in the payload (`[]` for any index)."""

    operation: str
    code: str
    path: str


class Difference(NamedTuple):
    """What oav may say at a place: its message has the words `says`; `source` tells why it may stand there."""

    says: str
    source: str


_DISCRIMINATOR = "DISCRIMINATOR_VALUE_NOT_FOUND"
_ADDITIONAL = "OBJECT_ADDITIONAL_PROPERTIES"
_TASK = "tasks/[]/customDetails/instanceType"
_CPU = "properties/providerSpecificDetails/sourceVmCPUCount"
_MAPPING = "properties/providerSpecificInput/instanceType"
_CHILD = "tasks/[]/groupTaskCustomDetails/childTasks/[]/customDetails/instanceType"

CASING_2017 = "recorded in 2017 traffic with this casing (site-recovery facts, pitfalls: wire casing drifts)"
CPU_COUNT = Difference("sourceVmCPUCount", CASING_2017)
PLAIN_TASK = Difference(
    '"TaskDetails"',
    "the taskType of a plain task in the published example ReplicationJobs_Get.json; service.json describes no sub-type of "
    "TaskTypeDetails for it, so that the base type is meant: the SDK's models check it",
)
OAV_LIMIT = Difference(
    '"JobTaskDetails"',
    "described in service.json (JobTaskDetails, a sub-type of TaskTypeDetails), and yet not found: a limit of oav 4.0.3 that "
    "contract/README.md names; the SDK's models check it",
)

NO_KIND = Difference(
    'Discriminator value "" not found',
    "empty, and so without instanceType, in the published example ReplicationProtectionContainerMappings_Create.json",
)

OAV: dict[Place, Difference] = {
    Place("ReplicationProtectedItems_Get", _ADDITIONAL, f"/{_CPU}"): CPU_COUNT,
    Place("ReplicationProtectedItems_List", _ADDITIONAL, f"/value/[]/{_CPU}"): CPU_COUNT,
    Place("ReplicationJobs_Get", _DISCRIMINATOR, f"/properties/{_TASK}"): PLAIN_TASK,
    Place("ReplicationJobs_Get", _DISCRIMINATOR, f"/properties/{_CHILD}"): OAV_LIMIT,
    Place("ReplicationProtectionContainerMappings_Create", _DISCRIMINATOR, f"/{_MAPPING}"): NO_KIND,
}

# (model, path) → source, for members that the SDK's models do not declare.
SDK: dict[tuple[str, str], str] = {
    ("ReplicationProtectedItem", "properties.providerSpecificDetails.sourceVmCPUCount"): CASING_2017,
}
