"""What is installed: the local stack, the rulebooks, the runbook."""
