"""Site Recovery and Azure machines, read through the vendor's SDKs."""

from .budget import Account, Budget, BudgetBook, BudgetSettings, Kind
from .endpoint import CLOUDS, AzureEndpoint, ClientSecret, Cloud, CloudAddresses, WorkloadIdentity
from .errors import ReadFailed, held_back
from .poller import AzurePoller
from .reader import VaultReader
from .session import AzureSession, CallRecord, SiteRecoveryClient, Timeouts
from .settings import PollSettings, ReaderSettings

__all__ = [
    "CLOUDS",
    "Account",
    "AzureEndpoint",
    "AzurePoller",
    "AzureSession",
    "Budget",
    "BudgetBook",
    "BudgetSettings",
    "CallRecord",
    "ClientSecret",
    "Cloud",
    "CloudAddresses",
    "Kind",
    "PollSettings",
    "ReadFailed",
    "ReaderSettings",
    "SiteRecoveryClient",
    "Timeouts",
    "VaultReader",
    "WorkloadIdentity",
    "held_back",
]
