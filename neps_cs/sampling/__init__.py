"""Decide-functions: who chooses the values while a space is resolved."""
