"""The proof: each promise of a chapter is a check that `make prove WHAT=<chapter>` runs."""
