"""Scans of what is deployed and what is pinned: no finding without a written reason."""
