"""IAM, as much of it as the gateway needs: credentials, Signature Version 4, policies."""
