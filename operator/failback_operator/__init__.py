"""Brings VMware machines home from Azure after a Site Recovery failover."""
