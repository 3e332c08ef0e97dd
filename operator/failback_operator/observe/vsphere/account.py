"""The operator's own account as its session has it: the log-in may have been written otherwise."""

from failback_operator.observe.vsphere.connection import Connection
from failback_operator.observe.vsphere.retrieve import Selection, moref_of, retrieve

SESSION = "currentSession"


def own_account(connection: Connection) -> str:
    """Source: SessionManager.currentSession.userName. Raises what vCenter raises."""
    manager = moref_of(connection.content.sessionManager)
    (row,) = retrieve(connection, Selection("SessionManager", (SESSION,), (manager,)))
    session = row.values.get(SESSION)
    return str(session.userName) if session is not None else connection.endpoint.username
