"""The law, pure: what a message does to a case. No I/O, no clock, no randomness."""
