"""The running operator: watch, queue, reconcile, status, ledger, leases. The only room that knows Kopf and Kubernetes."""
