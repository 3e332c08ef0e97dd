"""Site Recovery and Azure machines, read through the vendor's SDKs."""

from .endpoint import CLOUDS, AzureEndpoint, ClientSecret, Cloud, CloudAddresses, WorkloadIdentity
from .errors import ReadFailed
from .poller import AzurePoller
from .reader import VaultReader
from .session import AzureSession, CallRecord, SiteRecoveryClient, Timeouts
from .settings import PollSettings, ReaderSettings

__all__ = [
    "CLOUDS",
    "AzureEndpoint",
    "AzurePoller",
    "AzureSession",
    "CallRecord",
    "ClientSecret",
    "Cloud",
    "CloudAddresses",
    "PollSettings",
    "ReadFailed",
    "ReaderSettings",
    "SiteRecoveryClient",
    "Timeouts",
    "VaultReader",
    "WorkloadIdentity",
]
