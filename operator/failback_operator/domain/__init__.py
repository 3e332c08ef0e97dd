"""Frozen facts of a site, and the protocols by which inner rooms speak to outer ones. No SDK, no clock, no I/O."""
