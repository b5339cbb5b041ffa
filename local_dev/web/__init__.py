"""The wire: HTTP and WebSocket, the management API, the edge function."""
