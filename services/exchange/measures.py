"""What the exchange counts."""
