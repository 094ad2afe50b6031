"""GPU nodes of a Kubernetes cluster of yours, by way of SkyPilot: of the context that kubectl uses now."""

from configs.clusters import Sky

CLUSTER = Sky(
    infra="k8s",
    machines={"h100": "H100:1", "h100x4": "H100:4", "h100x8": "H100:8", "h100x16": "H100:8", "h200x8": "H200:8"},
    extras="cuda13",
    bucket="",  # s3://NAME or gs://NAME of a bucket of yours
)
