"""H100 and H200 nodes of AWS, by way of SkyPilot."""

from configs.clusters import Sky

CLUSTER = Sky(
    infra="aws",
    machines={
        "h100": "H100:1",
        "h100x4": "H100:4",
        "h100x8": "H100:8",
        "h100x8-tensor": "H100:8",
        "h100x16": "H100:8",
        "h200": "H200:1",
        "h200x8": "H200:8",
    },
    extras="cuda13",
    bucket="",  # s3://NAME of a bucket of yours
)
