"""What a merge patch must say so that a stored object becomes the wanted one."""

from pydantic import JsonValue

from failback_operator.runtime.kube import Body


def merge_patch(stored: Body, wanted: Body) -> Body:
    """Members that differ; null for those that go; lists as a whole. Empty if nothing differs.

    Source: RFC 7396.
    """
    changes: Body = dict.fromkeys(stored.keys() - wanted.keys())
    for name, value in wanted.items():
        before = stored.get(name)
        if isinstance(value, dict) and isinstance(before, dict):
            below: JsonValue = merge_patch(before, value)
            if below:
                changes[name] = below
        elif name not in stored or before != value:
            changes[name] = value
    return changes
