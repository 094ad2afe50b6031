"""TPU slices of Google Cloud, by way of SkyPilot. A slice is rented whole: its hosts are one machine to SkyPilot."""

from configs.clusters import Sky

CLUSTER = Sky(
    infra="gcp",
    machines={
        "v5e-16": "tpu-v5litepod-16",
        "v5e-256": "tpu-v5litepod-256",
        "v6e-64": "tpu-v6e-64",
        "v5p-8": "tpu-v5p-8",
        "v5p-128": "tpu-v5p-128",
    },
    extras="tpu",
    bucket="",  # gs://NAME of a bucket of yours
    spot=True,
)
