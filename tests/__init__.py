"""Tests: unit, contract, integration, house rules, and the proof of each promise."""
