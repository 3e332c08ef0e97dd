"""Names of what is reconciled: a site, or all objects that name none."""

from dataclasses import dataclass
from typing import TypeAlias

from failback_operator.api.crds import KINDS
from failback_operator.api.v1alpha1 import FailbackMachine, FailbackPlan, MasterTarget, ProcessServer, RecoverySite
from failback_operator.domain.steps import ObjectKey

AnyObject: TypeAlias = RecoverySite | MasterTarget | ProcessServer | FailbackPlan | FailbackMachine
SITE_KIND = RecoverySite.__name__
PLAN_KIND = FailbackPlan.__name__
TARGET_KIND = MasterTarget.__name__
MODELS: dict[str, type[AnyObject]] = {
    model.__name__: model for model in (RecoverySite, MasterTarget, ProcessServer, FailbackPlan, FailbackMachine)
}
PLURALS = {kind.name: kind.plural for kind in KINDS}


@dataclass(frozen=True, slots=True, order=True)
class SiteKey:
    """A RecoverySite; `UNASSIGNED` stands for everything whose site does not exist."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.name else "unassigned"

    @property
    def object_key(self) -> ObjectKey:
        """The RecoverySite itself."""
        return ObjectKey(SITE_KIND, self.namespace, self.name)


UNASSIGNED = SiteKey("", "")


def key_of(found: AnyObject) -> ObjectKey:
    """The key of an object."""
    return ObjectKey(type(found).__name__, found.namespace, found.name)


def named_site(found: AnyObject) -> SiteKey:
    """The site that an object is, or names."""
    name = found.name if isinstance(found, RecoverySite) else found.spec.site_ref.name
    return SiteKey(found.namespace, name)
