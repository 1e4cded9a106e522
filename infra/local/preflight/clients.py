"""boto3's clients, which refuse every operation that is not in READS, whoever calls them."""

import boto3
from botocore import xform_name
from botocore.config import Config

from .reading import READS

# A service that does not answer takes half a minute at the most. End User Messaging permits one Describe call a second, so retries wait.
CONFIG = Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})


def client_of(service):
    session = boto3.session.Session()
    session.events.register("before-call", only_reads)
    return session.client(service, config=CONFIG)


def only_reads(model, **_):
    service, operation = model.service_model.service_name, xform_name(model.name)
    if operation not in READS.get(service, {}):
        raise PermissionError(f"{service} {operation} is not in READS: preflight only reads")
