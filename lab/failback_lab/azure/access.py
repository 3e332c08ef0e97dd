"""Who may do what: the action that a request needs, and the refusal where it is denied."""

from .arm import ArmError
from .directory import Account

_VERBS = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}


def action_of(method: str, path: str) -> tuple[str, str]:
    """The action and the scope of a request, by ARM's naming rule.

    `POST .../replicationProtectedItems/x/reProtect` needs `.../replicationProtectedItems/reProtect/action`.
    Source: site-recovery facts, section 5, "RBAC".
    """
    head, _, tail = path.rstrip("/").rpartition("/providers/")
    namespace, *segments = tail.split("/")
    is_action = method == "POST"
    if is_action:
        *segments, verb = segments
    types = segments[0::2]
    scope_length = len(segments) - (len(segments) % 2)
    names = [namespace, *types, f"{verb}/action" if is_action else _VERBS[method]]
    scope = "/".join((f"{head}/providers", namespace, *segments[:scope_length]))
    return "/".join(names), scope


def check_access(account: Account, method: str, path: str) -> None:
    """Raises ArmError 403 AuthorizationFailed, naming action and scope, where the account may not."""
    action, scope = action_of(method, path)
    if account.may(action):
        return
    text = (
        f"The client '{account.client_id}' with object id '{account.object_id}' does not have authorization to perform "
        f"action '{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh "
        "your credentials."
    )
    raise ArmError(403, "AuthorizationFailed", text)
