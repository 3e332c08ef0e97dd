"""The catalogue of checks: pure functions of facts, one file a subject."""
