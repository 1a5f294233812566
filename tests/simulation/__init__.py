"""The seeded simulation: months of a county over the real casebook, judged after every step."""
