"""What decides: the law, the rulebook, the casebook, the exchange, the command."""
