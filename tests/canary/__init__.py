"""Canaries: a value of its own in every classified field, and the table of where each may be."""
