"""Members and messages in which recorded traffic or the newer service version differ from the published descriptions.

Each entry is an exact place with the source of the member; an entry that no pair needs fails the test, so the list cannot rot.
"""

CASING_2017 = "recorded in 2017 traffic with this casing (site-recovery facts, pitfalls: wire casing drifts)"
ITEM = "properties/providerSpecificDetails/sourceVmCPUCount"

# (operation, oav's code, path in the payload) → source. Versions: 2021-04-01 is described, 2025-08-01 is spoken.
OAV: dict[tuple[str, str, str], str] = {
    ("ReplicationProtectedItems_Get", "OBJECT_ADDITIONAL_PROPERTIES", f"/{ITEM}"): CASING_2017,
    ("ReplicationProtectedItems_List", "OBJECT_ADDITIONAL_PROPERTIES", f"/value/[]/{ITEM}"): CASING_2017,
}

# (model, path) → source, for members that the SDK's models do not declare.
SDK: dict[tuple[str, str], str] = {
    ("ReplicationProtectedItem", "properties.providerSpecificDetails.sourceVmCPUCount"): CASING_2017,
}
