"""What stands in front of the gateway where it is served over TLS, as CloudFront does: it ends TLS and HTTP/1.1, /2
and /3, and asks the gateway's own server over HTTP/1.1.
"""
