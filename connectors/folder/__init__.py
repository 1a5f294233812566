"""The folder connector: JSON files in and out, for an agency without a database to reach."""
