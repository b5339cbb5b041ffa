"""The template, and what is deployed from it."""
