"""What the operator mends in Azure, for all machines of a site: discovery is refreshed, a failback policy is made."""
