"""Mutation testing of checks/, decide/ and planning/: does a test fail when the code is wrong? See docs/testing.md."""
