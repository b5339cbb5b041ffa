"""What goes wrong on purpose: rules as data, a seeded decision, and what carries it out (`--faults`)."""
