"""Replication policies and their association with a container."""

from dataclasses import dataclass

from failback_operator.domain.ids import ArmId


@dataclass(frozen=True, slots=True)
class Policy:
    """A replication policy; `instance_type` InMage is a failback policy, InMageAzureV2 one to Azure."""

    arm_id: ArmId
    name: str
    instance_type: str
    rpo_threshold_minutes: int | None
    retention_minutes: int | None
    app_consistent_minutes: int | None


@dataclass(frozen=True, slots=True)
class ContainerMapping:
    """An association of a policy with a container; failback: target container = the same container."""

    arm_id: ArmId
    container_id: ArmId
    target_container_id: str | None
    policy_id: ArmId | None
    state: str | None
    health: str | None
