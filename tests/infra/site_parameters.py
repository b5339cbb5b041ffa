"""Values for the parameters of the site's stack."""

GIVEN = {
    "ApiId": "abc123",
    "PollApiId": "def456",
    "StageName": "live",
    "EdgeKeyArn": "",
    "DomainName": "",
    "CertificateArn": "",
    "HostedZoneId": "",
    "BackendHost": "",
    "WebAclArn": "",
}
"""What it is given where nothing was chosen."""

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/1"
WEB_ACL = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/chat/1"
