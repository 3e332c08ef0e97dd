"""The resources as people write them: one module a kind."""
