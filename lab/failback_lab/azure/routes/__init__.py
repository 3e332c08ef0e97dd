"""Requests to answers: one module a group of resources."""
