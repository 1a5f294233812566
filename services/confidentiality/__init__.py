"""What of a message a recipient may see, by its relation to the case: pure."""
