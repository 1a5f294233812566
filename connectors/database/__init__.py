"""The database connector: exchange tables (前置库), for an agency whose system writes rows."""
