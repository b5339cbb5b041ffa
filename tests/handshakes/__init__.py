"""Handshakes of each version of HTTP as they went over the wire, recorded for the lab's page."""
