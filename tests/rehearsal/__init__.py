"""A rehearsal of the deployment: the real SAM CLI against a CloudFormation that makes real resources, in moto."""
