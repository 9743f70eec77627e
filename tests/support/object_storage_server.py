"""An object storage on this machine that speaks S3, checks signatures and forgets all at its end.

Run by the Python of its own environment. Says as one line of JSON what programs of AWS need to get
in, as variables, and serves until its input ends.
"""

from __future__ import annotations

import json
import sys

import boto3
from moto import settings
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

BUCKET = "lake"
REGION = "eu-central-1"
ANY = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}


def main() -> None:
    """Serve one bucket to one user."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    access = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "maker",
        "AWS_SECRET_ACCESS_KEY": "of the bucket",
    }
    session = boto3.Session(
        access["AWS_ACCESS_KEY_ID"], access["AWS_SECRET_ACCESS_KEY"], region_name=REGION
    )
    maker = {"endpoint_url": access["AWS_ENDPOINT_URL"]}
    session.client("s3", **maker).create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    users = session.client("iam", **maker)
    users.create_user(UserName="publisher")
    users.put_user_policy(UserName="publisher", PolicyName="any", PolicyDocument=json.dumps(ANY))
    key = users.create_access_key(UserName="publisher")["AccessKey"]
    # From here on, every request is checked.
    settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
    access["AWS_ACCESS_KEY_ID"] = key["AccessKeyId"]
    access["AWS_SECRET_ACCESS_KEY"] = key["SecretAccessKey"]
    sys.stdout.write(json.dumps(access) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    main()
