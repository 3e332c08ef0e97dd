"""Members and messages in which recorded traffic or the newer service version differ from the published descriptions.

Each entry is an exact place with the source of the member; an entry that no pair needs fails the test, so the list cannot rot.
"""

# (operation, oav's code, path in the payload) → source. Versions: 2021-04-01 is described, 2025-08-01 is spoken.
OAV: dict[tuple[str, str, str], str] = {}

# (model, path) → source, for members that the SDK's models do not declare.
SDK: dict[tuple[str, str], str] = {}
