"""What touches other systems: the bus itself, an agency's database, an agency's folder."""
