"""Readers of a site's worlds: what a vendor's SDK answers becomes facts. No judgement here."""
