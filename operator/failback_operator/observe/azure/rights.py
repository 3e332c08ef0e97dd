"""The operator's own rights on the vault, read as seldom as what stands around the machines."""

from dataclasses import replace

from failback_operator.domain.ports import Clock
from failback_operator.domain.reading import Part, SourceProblem
from failback_operator.domain.rights import Permission

from .calls import Calls
from .errors import source_error
from .estate import UNREADABLE
from .session import AzureSession
from .settings import ReaderSettings
from .wire import Record

PERMISSIONS = "providers/Microsoft.Authorization/permissions"
VERSION = "2022-04-01"
"""Source: the published description of Permissions - List For Resource."""


class RightsReader:
    """Keeps the rights until they are `estate_age` old."""

    def __init__(self, session: AzureSession, calls: Calls, settings: ReaderSettings, clock: Clock) -> None:
        self._session = session
        self._calls = calls
        self._age = settings.estate_age
        self._clock = clock

    async def read(self, known: Part[tuple[Permission, ...]]) -> Part[tuple[Permission, ...]]:
        """What the operator's roles give on the vault. Raises nothing.

        What cannot be read now keeps what was read before, beside the error; a refusal says that the roles have changed.
        """
        now = self._clock.now()
        if known.error is None and known.as_of is not None and now - known.as_of <= self._age:
            return known
        at = self._session.endpoint
        vault = f"/subscriptions/{at.subscription_id}/resourceGroups/{at.resource_group}"
        path = f"{vault}/providers/Microsoft.RecoveryServices/vaults/{at.vault}/{PERMISSIONS}"
        try:
            found = await self._all(path)
            if not found.issuperset(known.facts or ()):
                found |= await self._all(path)  # a page may be cut short: gone is what a second list lacks as well
        except UNREADABLE as raised:
            error = source_error(raised, at)
            return Part(None, None, error) if error.problem is SourceProblem.FORBIDDEN else replace(known, error=error)
        return Part(tuple(sorted(found, key=lambda each: (each.actions, each.not_actions))), now, None)

    async def _all(self, path: str) -> set[Permission]:
        """Raises what cannot be read."""
        return set(await self._calls.whole(_permission, self._session.resource_manager.list, path, api_version=VERSION))


def _permission(source: object) -> Permission:
    role = Record(source)
    return Permission(tuple(sorted(role.texts("actions"))), tuple(sorted(role.texts("notActions"))))
