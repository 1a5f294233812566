"""Faults on real processes, judged by what the agencies' own tables and folders hold."""
