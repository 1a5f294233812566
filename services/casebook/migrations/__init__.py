"""The casebook's form from release to release: one file a step, never changed once released."""
