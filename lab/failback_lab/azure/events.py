"""Events of the vault. Only their form is described; the lab writes one at each end of a job."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Event:
    """One event."""

    name: str
    code: str
    description: str
    severity: str
    time: datetime
    object_name: str
    correlation_id: str
    job: str
    job_title: str
    job_state: str
