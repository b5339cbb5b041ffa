"""The page at /_local/: what goes through the gateway, live, and what a person can do about it."""
