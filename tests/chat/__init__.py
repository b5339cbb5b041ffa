"""The chat as a whole: protocol clients against the running gateway, real handlers, streams and tables."""
