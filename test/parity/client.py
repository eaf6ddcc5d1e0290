"""One step of one boto3 client: `client.py SERVICE call|wait|pages NAME JSON`. The result is JSON; an error is its own text."""
import json
import os
import sys

import boto3
from botocore.exceptions import ClientError

service, action, name, text = sys.argv[1:5]
client = boto3.client(service, endpoint_url=os.environ["AWS_ENDPOINT_URL"])
given = json.loads(text)
try:
    if action == "wait":
        client.get_waiter(name).wait(**given)
        answer = {}
    elif action == "pages":
        pages = client.get_paginator(name).paginate(**given, PaginationConfig={"PageSize": 2})
        answer = pages.build_full_result()
    else:
        answer = getattr(client, name)(**given)
    answer.pop("ResponseMetadata", None)
    print(json.dumps(answer, default=str))
except ClientError as error:
    sys.exit(str(error))
