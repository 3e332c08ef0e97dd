"""The lab's Azure: Entra ID, Site Recovery, Compute and Network as the operator meets them, over TLS.

It is built from the scenario and from what the public record of the service says; where that is silent about a code it
answers `LAB-UNKNOWN-n`. It shares no code with the operator and judges refusals from its own reading of vCenter.
"""
