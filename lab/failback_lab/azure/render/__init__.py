"""Answers: one module a kind of resource, with members spelled and left null as recorded."""
