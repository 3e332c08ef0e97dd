"""Reads how a task of vCenter stands, so that an effect can be followed over a restart of the operator."""

from pyVmomi import vmodl

from failback_operator.domain.ids import Moref
from failback_operator.domain.tasks import TaskPhase, TaskState
from failback_operator.observe.vsphere.connection import Connection
from failback_operator.observe.vsphere.failures import words
from failback_operator.observe.vsphere.retrieve import Selection, retrieve
from failback_operator.observe.vsphere.session import VsphereSession

STATE, ERROR = "info.state", "info.error"
PHASES = {"queued": TaskPhase.RUNNING, "running": TaskPhase.RUNNING, "success": TaskPhase.SUCCEEDED, "error": TaskPhase.FAILED}


async def task_state(session: VsphereSession, task: str) -> TaskState:
    """The state of the task with that id. Raises SourceFailed."""

    def read(connection: Connection) -> TaskState:
        for row in retrieve(connection, Selection("Task", (STATE, ERROR), (Moref(task),))):
            error = row.values.get(ERROR)
            message = words(error) if isinstance(error, vmodl.MethodFault) else ""
            return TaskState(PHASES[str(row.values[STATE])], message)
        return TaskState(TaskPhase.GONE)

    return await session.call(read)
