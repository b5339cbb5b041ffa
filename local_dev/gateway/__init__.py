"""The rules of an API Gateway WebSocket API; no sockets in here."""
