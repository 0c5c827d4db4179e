"""The operations of Step Functions' API. AWS: AWS Step Functions API Reference."""
