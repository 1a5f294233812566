"""Contracts: the records on the wire, their lawful form, their seal, their codes. Pure but for load.py."""
