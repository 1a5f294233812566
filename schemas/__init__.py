"""Contracts: records on the wire, their lawful form, seal and codes. Pure but for load.py."""
