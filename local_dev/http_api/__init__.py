"""HTTP APIs of API Gateway: routes, the events and answers of payload formats, CORS, authorizers."""
