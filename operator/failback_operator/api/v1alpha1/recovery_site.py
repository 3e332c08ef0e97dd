"""RecoverySite: a vault's fabric (one configuration server), its Azure cloud, and its vCenters."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from failback_operator.api.common import (
    LEDGER_FIELD,
    ApiModel,
    LedgerEntry,
    LocalRef,
    Resource,
    SecretKeyRef,
    StatusBase,
    Text,
    Time,
    list_map,
    rule,
    rules,
)

Guid = Annotated[str, Field(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", max_length=36)]
HttpsUrl = Annotated[str, Field(pattern=r"^https://[^\s]+$", max_length=512)]


class CaSource(ApiModel):
    """A bundle of certificates (PEM): inline, or from a ConfigMap or Secret of the namespace."""

    inline: str | None = Field(default=None, description="PEM text.", max_length=65536)
    config_map_key_ref: SecretKeyRef | None = Field(default=None, description="Key of a ConfigMap that holds PEM text.")
    secret_key_ref: SecretKeyRef | None = Field(default=None, description="Key of a Secret that holds PEM text.")

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule(
                "[has(self.inline), has(self.configMapKeyRef), has(self.secretKeyRef)].filter(x, x).size() == 1",
                "give exactly one of inline, configMapKeyRef and secretKeyRef",
            )
        )
    )


class VaultRef(ApiModel):
    """The Recovery Services vault and the fabric in it. Immutable."""

    subscription_id: Guid = Field(description="Subscription of the vault.")
    resource_group: Text = Field(description="Resource group of the vault.")
    name: Text = Field(description="Name of the vault.")
    fabric: Text = Field(description="Name or friendly name (the configuration server's host name) of the fabric.")


class AzureCloud(ApiModel):
    """Which Azure: a named cloud, or a custom one by its addresses."""

    name: Literal["Public", "China", "USGovernment", "Custom"] = Field(default="Public", description="The cloud.")
    resource_manager: HttpsUrl | None = Field(default=None, description="Custom cloud: URL of the resource manager.")
    authority: HttpsUrl | None = Field(default=None, description="Custom cloud: URL of the authority that issues tokens.")
    audience: HttpsUrl | None = Field(default=None, description="Custom cloud: audience of the tokens.")
    ca: CaSource | None = Field(default=None, description="Certificates to trust instead of the public ones.")

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule(
                "self.name != 'Custom' || (has(self.resourceManager) && has(self.authority) && has(self.audience))",
                "a Custom cloud needs resourceManager, authority and audience",
            )
        )
    )


class AzureCredentials(ApiModel):
    """How the operator logs in to Azure."""

    kind: Literal["ClientSecret", "WorkloadIdentity"] = Field(description="Kind of credential.")
    tenant_id: Guid = Field(description="Entra tenant.")
    client_id: Guid = Field(description="Application (client) id.")
    secret_ref: LocalRef | None = Field(default=None, description="ClientSecret: Secret with the key `clientSecret`.")
    token_file: Text | None = Field(
        default=None, description="WorkloadIdentity: file of the projected token; default AZURE_FEDERATED_TOKEN_FILE."
    )

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule("self.kind != 'ClientSecret' || has(self.secretRef)", "ClientSecret needs secretRef"),
        )
    )


class AzureSpec(ApiModel):
    """Cloud and credentials."""

    cloud: AzureCloud = Field(
        default_factory=AzureCloud, description="Which Azure.", json_schema_extra={"default": {"name": "Public"}}
    )
    credentials: AzureCredentials = Field(description="How to log in.")


class VCenterSpec(ApiModel):
    """A vCenter server of the site."""

    name: Text = Field(description="Name for it in status and messages.")
    server: Text = Field(description="Host name or address.")
    port: int = Field(default=443, description="TCP port.", ge=1, le=65535)
    credentials_ref: LocalRef = Field(description="Secret with the keys `username` and `password`.")
    ca: CaSource | None = Field(default=None, description="Certificates to trust; default: the system's.")


class ConfigurationServerSpec(ApiModel):
    """The configuration server as it must be found."""

    ip_addresses: list[Text] = Field(
        default_factory=list,
        description="Pinned addresses: it must have been restored with one of these (empty: not checked).",
        max_length=8,
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )
    vm_name: Text | None = Field(default=None, description="Its VM in vCenter; default: found by address.")
    vcenter_account: Text | None = Field(
        default=None, description="Its own account in vCenter, as vCenter spells it: its privileges are then checked."
    )


class RunAsAccounts(ApiModel):
    """Accounts, as named on the configuration server, that install the mobility service on the way back to Azure."""

    windows: Text | None = Field(default=None, description="Account for Windows machines.")
    linux: Text | None = Field(default=None, description="Account for Linux machines.")


class FailbackPolicy(ApiModel):
    """What becomes of a failback policy that is missing."""

    create: Literal["Never", "IfMissing"] = Field(
        default="Never",
        description="IfMissing: the operator makes a failback policy of the documented figures where the vault has none, and "
        "associates it with the configuration server (R10). A policy or association that exists is never changed.",
    )


class SiteRemediation(ApiModel):
    """Which fixes of the site the operator makes itself. Each is shown before it is done."""

    refresh_provider: Literal["Manual", "Automatic"] = Field(
        default="Manual",
        description="Refresh the configuration server while Site Recovery does not list what the site has (R17, R23).",
    )


class RecoverySiteSpec(ApiModel):
    """What is wanted of a site."""

    vault: VaultRef = Field(
        description="The vault and its fabric; immutable.",
        json_schema_extra=rules(rule("self == oldSelf", "the vault of a site is immutable")),
    )
    azure: AzureSpec = Field(description="Azure cloud and credentials.")
    vcenters: list[VCenterSpec] = Field(
        description="The site's vCenters.",
        min_length=1,
        max_length=1,
        json_schema_extra=list_map("name"),
    )
    configuration_server: ConfigurationServerSpec = Field(
        default_factory=ConfigurationServerSpec, description="The configuration server.", json_schema_extra={"default": {}}
    )
    run_as_accounts: RunAsAccounts = Field(
        default_factory=RunAsAccounts, description="Accounts for the way back to Azure.", json_schema_extra={"default": {}}
    )
    failback_policy: FailbackPolicy = Field(
        default_factory=FailbackPolicy, description="The failback policy.", json_schema_extra={"default": {}}
    )
    remediation: SiteRemediation = Field(
        default_factory=SiteRemediation, description="Fixes that the operator may make.", json_schema_extra={"default": {}}
    )
    refresh_requested_at: Time | None = Field(
        default=None,
        description="Asks for one refresh of the configuration server, begun at this instant or later; a later instant asks for "
        "another one.",
    )
    retries: list[Text] = Field(
        default_factory=list,
        description="Keys of failed entries of status.ledger after which the operator tries that fix again.",
        max_length=50,
    )
    suspend: bool = Field(default=False, description="Stop every new effect of the site at once; what runs is followed.")


class SourceStatus(ApiModel):
    """How fresh a source of facts is."""

    name: str = Field(description="azure, or vcenter/<name>.", max_length=253)
    state: Literal["Fresh", "Stale", "Unread"] = Field(description="Fresh, Stale or never read.")
    reason: str | None = Field(default=None, description="Why it is not fresh.", max_length=63)
    message: str | None = Field(default=None, description="What was answered.", max_length=1024)
    fresh_since: Time | None = Field(default=None, description="Since when it has been in this state.")


class FoundCounts(ApiModel):
    """What was found at the site."""

    protected_items: int = Field(default=0, description="Protected items of the fabric.", ge=0)
    failed_over: int = Field(default=0, description="Of them, running in Azure.", ge=0)
    master_targets: int = Field(default=0, description="Registered master targets.", ge=0)
    process_servers: int = Field(default=0, description="Registered process servers.", ge=0)


class Awaited(ApiModel):
    """Something that the site has and Site Recovery does not list."""

    check: str = Field(description="Check that fails for want of it.", max_length=63)
    subject: str = Field(description="Kind/name of whose it is.", max_length=316)
    since: Time = Field(description="When the operator first saw that it is not listed.")


class RecoverySiteStatus(StatusBase):
    """What is known of a site."""

    sources: list[SourceStatus] = Field(
        default_factory=list,
        description="Each source of facts.",
        max_length=8,
        json_schema_extra=list_map("name"),
    )
    found: FoundCounts | None = Field(default=None, description="What was found.")
    configuration_server_version: str | None = Field(default=None, description="Its agent version.", max_length=63)
    fabric_id: str | None = Field(default=None, description="ARM id of the fabric.", max_length=1024)
    awaited: list[Awaited] = Field(
        default_factory=list,
        description="What a discovery by the configuration server is awaited for.",
        max_length=50,
        json_schema_extra=list_map("check", "subject"),
    )
    ledger: list[LedgerEntry] = Field(
        default_factory=list,
        description="Effects on the vault and its fabric, newest last.",
        max_length=50,
        json_schema_extra=LEDGER_FIELD,
    )


class RecoverySite(Resource[RecoverySiteSpec, RecoverySiteStatus]):
    """A recovery site: vault, configuration server and vCenter."""

    status: RecoverySiteStatus = Field(default_factory=RecoverySiteStatus)
