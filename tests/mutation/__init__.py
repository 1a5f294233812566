"""Spoils one thing of the product at a time and sees whether a test of its behaviour notices."""
