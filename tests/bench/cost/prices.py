"""What AWS asks, in us-east-1, first tier, without free tiers; and what a count comes to."""

from dataclasses import dataclass

from tests.bench.cost.counting import Counts


@dataclass(frozen=True)
class Price:
    """Dollars for one unit, and where and of which date it was seen. The pages are copies, not AWS's price list."""

    dollars: float
    unit: str
    seen: str
    url: str


_GATEWAY = "https://awsforengineers.com/blog/aws-api-gateway-pricing-explained"
_DYNAMODB = "https://airbyte.com/data-engineering-resources/dynamodb-pricing"
_LAMBDA = "https://cloudchipr.com/blog/aws-lambda-pricing"
MILLION = 1_000_000
PRICES = {
    "gateway message": Price(1.00 / MILLION, "32 KB begun, in or out", "2025-05-19", _GATEWAY),
    "connection minute": Price(
        0.25 / MILLION,
        "minute",
        "undated, quoting AWS",
        "https://www.repost.aws/pt/questions/QU7IqgooGeQmqudOsmzTw5YQ/how-to-interpret-websocket-api-connection-minutes-pricing",
    ),
    "write": Price(0.625 / MILLION, "1 KB begun", "2025-07-21", _DYNAMODB),
    "read": Price(0.125 / MILLION, "4 KB begun, consistent", "2025-07-21", _DYNAMODB),
    "table storage": Price(
        0.25, "GB-month", "AWS, an undated copy", "https://aws.amazon.com/dynamodb/pricing/"
    ),
    "point-in-time recovery": Price(
        0.20, "GB-month", "not seen, from memory", "https://aws.amazon.com/dynamodb/pricing/on-demand/"
    ),
    "invocation": Price(
        0.20 / MILLION, "invocation", "2026", "https://git.mcrn.ar/mariano/lambda_local_runner"
    ),
    "GB-second": Price(0.0000133334, "GB-second, arm64", "2024", _LAMBDA),
    "queue request": Price(
        0.40 / MILLION, "request, 64 KB begun", "2026-03-14", "https://cloudburn.io/blog/amazon-sqs-pricing"
    ),
    "log": Price(
        0.50,
        "GB taken in",
        "undated",
        "https://www.factualminds.com/blog/amazon-cloudwatch-pricing-metrics-logs-alarms-dashboards/",
    ),
    "HTTP request": Price(
        1.00 / MILLION,
        "request, 512 KB begun",
        "AWS, an undated copy",
        "https://docs.aws.amazon.com/whitepapers/latest/best-practices-api-gateway-private-apis-integration/cost-optimization.html",
    ),
    "CloudFront request": Price(
        0.0100 / 10_000,
        "HTTPS request",
        "2026",
        "https://wring.co/blog/aws-cloudfront-pricing-guide",
    ),
    "edge function": Price(
        0.10 / MILLION,
        "run of a CloudFront function",
        "undated",
        "https://cur.vantage.sh/aws/amazoncloudfront/",
    ),
    "traffic out": Price(0.09, "GB to the internet", "2025-05-19", _GATEWAY),
}
GB = 1e9
SERVICES = ("API Gateway", "DynamoDB", "Lambda", "SQS", "CloudWatch Logs", "traffic")


def dollars(counts: Counts) -> dict[str, float]:
    """The bill of a count, by service."""
    price = {name: each.dollars for name, each in PRICES.items()}
    return {
        "API Gateway": (counts.posts + counts.received) * price["gateway message"]
        + counts.requests * price["HTTP request"]
        + counts.minutes * price["connection minute"],
        "DynamoDB": counts.writes * price["write"] + counts.reads * price["read"],
        "Lambda": counts.invocations * price["invocation"] + counts.gigabyte_seconds * price["GB-second"],
        "SQS": counts.queue * price["queue request"],
        "CloudWatch Logs": counts.logged / GB * price["log"],
        "traffic": counts.sent / GB * price["traffic out"],
    }
