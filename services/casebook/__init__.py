"""The casebook: cases, duties, decisions, originals, outbox and progress, in one SQL database."""
