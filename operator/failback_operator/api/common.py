"""What every kind shares: base model, object envelope, references, conditions, findings."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, PlainSerializer
from pydantic.alias_generators import to_camel

GROUP = "failback.dev"
VERSION = "v1alpha1"

NAME_PATTERN = r"^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$"


def rfc3339(moment: datetime) -> str:
    """`moment` as Kubernetes writes times: UTC, whole seconds, `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


Time = Annotated[AwareDatetime, PlainSerializer(rfc3339, return_type=str, when_used="json")]
"""A time stamp with zone; written with whole seconds, so that equal instants are equal texts."""
Name = Annotated[str, Field(min_length=1, max_length=253, pattern=NAME_PATTERN)]
Text = Annotated[str, Field(min_length=1, max_length=253)]
Message = Annotated[str, Field(max_length=1024)]
ArmIdText = Annotated[str, Field(min_length=1, max_length=1024)]


def rule(expression: str, message: str) -> JsonValue:
    """One CEL rule of the CRD: `expression` must hold, else `message` is what the user reads."""
    return {"rule": expression, "message": message}


def rules(*each: JsonValue) -> dict[str, JsonValue]:
    """CEL rules as schema members of a model or field."""
    return {"x-kubernetes-validations": list(each)}


def list_map(*keys: str) -> dict[str, JsonValue]:
    """Schema members of a list whose entries are told apart by `keys`."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(keys)}


class ApiModel(BaseModel):
    """Base of all API types: camelCase on the wire, unknown members ignored on reading (the API server prunes them)."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore")

    def wire(self) -> dict[str, JsonValue]:
        """The JSON form that the API server stores: camelCase, absent instead of null."""
        return self.model_dump(by_alias=True, exclude_none=True, mode="json")


class LocalRef(ApiModel):
    """A reference to an object of the same namespace."""

    name: Name = Field(description="Name of the object, in the same namespace.")


class SecretKeyRef(ApiModel):
    """A key of a Secret or ConfigMap of the same namespace."""

    name: Name = Field(description="Name of the Secret or ConfigMap, in the same namespace.")
    key: Text = Field(description="Key whose value is used.")


class ConditionStatus(StrEnum):
    """Status of a condition; Unknown means that it could not be read, never that it passed."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Condition(ApiModel):
    """metav1.Condition."""

    type: str = Field(description="Type of the condition, CamelCase.", max_length=316, min_length=1)
    status: ConditionStatus = Field(description="True, False or Unknown.")
    reason: str = Field(description="Machine-readable reason, CamelCase.", max_length=1024, min_length=1)
    message: str = Field(description="What a person should know.", max_length=32768)
    observed_generation: int | None = Field(
        default=None, description="Generation of the object that the condition was set for.", ge=0
    )
    last_transition_time: Time | None = Field(default=None, description="When the status last changed.")


class Severity(StrEnum):
    """How a finding weighs: a Blocker stops the steps that its check guards."""

    BLOCKER = "Blocker"
    WARNING = "Warning"
    INFO = "Info"


class Finding(ApiModel):
    """One gap, with evidence: what was expected, what was observed, where, and the cure."""

    check: str = Field(description="Id of the check, as in the catalogue.", max_length=63)
    subject: str = Field(description="Kind/name that it is about.", max_length=316)
    severity: Severity = Field(description="Blocker, Warning or Info.")
    verdict: Literal["Fail", "Unknown"] = Field(description="Fail, or Unknown where the facts could not be read.")
    clause: str | None = Field(default=None, description="Clause of the vendor's prerequisites.", max_length=16)
    expected: Message = Field(description="What the check asks for.")
    observed: Message = Field(description="What was seen.")
    remedy: Message = Field(description="What to do.")
    docs: str | None = Field(default=None, description="Where it is explained.", max_length=512)
    waived: bool = Field(default=False, description="True where the plan waives it.")


CONDITIONS_FIELD = list_map("type")
FINDINGS_FIELD = list_map("check", "subject")


class EffectOutcome(StrEnum):
    """What became of an intended effect.

    `Intended`: written before the call, no answer recorded yet. `Running`: accepted, its job or task is followed.
    `Succeeded`, `Failed`: the job's or task's end. `Refused`: the service said no, nothing happened.
    `NotSent`: proved not to have happened. `Ambiguous`: it may have happened; a person must say.
    """

    INTENDED = "Intended"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    REFUSED = "Refused"
    NOT_SENT = "NotSent"
    AMBIGUOUS = "Ambiguous"


class LedgerEntry(ApiModel):
    """One effect on the world: the intent is written before the call, the job afterwards."""

    key: str = Field(description="Deterministic key of the effect; one attempt of one step of one run.", max_length=253)
    effect: str = Field(description="Kind of the effect.", max_length=63)
    intended_at: Time = Field(description="When the intent was written.")
    not_after: Time = Field(description="The call is never sent after this instant.")
    outcome: EffectOutcome = Field(description="What became of it.")
    job: str | None = Field(default=None, description="Name of the Site Recovery job, or id of the vCenter task.", max_length=253)
    settled_at: Time | None = Field(default=None, description="When the outcome became final.")
    message: Message | None = Field(default=None, description="The service's own words where it refused or failed.")


LEDGER_FIELD = list_map("key")


class StatusBase(ApiModel):
    """What the status of every kind has."""

    observed_generation: int | None = Field(default=None, description="Generation of the spec that this status is about.", ge=0)
    conditions: list[Condition] = Field(
        default_factory=list, description="The object's conditions.", max_length=16, json_schema_extra=CONDITIONS_FIELD
    )
    findings: list[Finding] = Field(
        default_factory=list,
        description="What is missing or unknown, worst first; passed checks are not listed.",
        max_length=100,
        json_schema_extra=FINDINGS_FIELD,
    )
    findings_omitted: int = Field(default=0, description="Number of findings beyond those listed.", ge=0)


class ObjectMeta(ApiModel):
    """The part of Kubernetes object metadata that the operator reads."""

    name: str
    namespace: str
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: AwareDatetime | None = None
    deletion_timestamp: AwareDatetime | None = None
    finalizers: tuple[str, ...] = ()
    labels: dict[str, str] = Field(default_factory=dict)


SpecT = TypeVar("SpecT", bound=ApiModel)
StatusT = TypeVar("StatusT", bound=StatusBase)


class Resource(ApiModel, Generic[SpecT, StatusT]):
    """An object of one of our kinds, as read from the API server."""

    metadata: ObjectMeta
    spec: SpecT
    status: StatusT

    @property
    def name(self) -> str:
        """`metadata.name`."""
        return self.metadata.name

    @property
    def namespace(self) -> str:
        """`metadata.namespace`."""
        return self.metadata.namespace
