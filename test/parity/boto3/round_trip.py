"""Every operation of every service from boto3, over real HTTP, signed.

Run by round-trip.test.ts, which serves; `/last` on the control port tells what the operation heard and answered.
What boto3 cannot send or read is named below with its reason; all else must come back equal.
"""
import base64
import datetime
import json
import sys
import urllib.request

import boto3
import botocore.config
import botocore.session

ENDPOINT, CONTROL, KEY_ID, SECRET = sys.argv[1:5]
SEED = 20141113
ROUNDS = 1
TEXTS = ['a', 'x y', '<&>"\'', 'é☃𝒳', '0', 'true', 'a/b?c=d&e', 'line1\nline2', '+%20 ', '*~_-.', '  pad  ', ']]>', 'arn:aws:ecs:x:1:y/z']
DEPTH, FLOOR = 4, -6

# (where, members not sent, members not compared at any depth, reason)
QUIRKS = [
    ('iam:*', [], ['PolicyDocument', 'AssumeRolePolicyDocument', 'Document'], 'boto3 decodes policy documents of answers from URL-encoded JSON'),
    ('ec2:RunInstances', [], ['UserData'], 'boto3 encodes user data in base64 by itself'),
    ('autoscaling:CreateLaunchConfiguration', [], ['UserData'], 'boto3 encodes user data in base64 by itself'),
    ('s3:*', ['ChecksumAlgorithm'], ['ChecksumAlgorithm'], 'boto3 adds a checksum of its own choice where one is required'),
    ('s3:*', [], ['EncodingType'], 'boto3 asks for URL-encoded keys by itself'),
    ('s3:*', ['PartNumberMarker'], ['PartNumberMarker', 'NextPartNumberMarker'], 'boto3 knows the markers by another type'),
    ('ec2:CopySnapshot', [], ['DestinationRegion', 'PresignedUrl'], 'boto3 presigns the copy for the other region'),
    ('events:PutEvents', ['EndpointId'], [], 'the endpoint id asks for another signature, which boto3 has not built in'),
    ('s3:*', ['SSECustomerKey', 'CopySourceSSECustomerKey'], [], 'boto3 encodes and hashes customer keys by itself'),
    ('route53:*', ['MaxItems', 'MaxResults'], ['MaxItems', 'MaxResults'], 'boto3 knows these numbers as texts'),
    ('route53:*', [], ['Id', 'HostedZoneId', 'DelegationSetId', 'ChangeId', 'ResourceId', 'HostedZoneIdMarker'], 'boto3 cuts ids at their last slash'),
]
# where: reason
SKIPPED = {'s3:ListDirectoryBuckets': 'signed for s3express, which is another service'}


class Random:
    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state * 1664525 + 1013904223) % 2**32
        return self.state / 2**32

    def below(self, most):
        return int(self.next() * most)


RANDOM = Random(SEED)


def value(shape, depth, place, flat=False, ec2=False):
    kind = shape.type_name
    if kind == 'string':
        return text(shape, place)
    if kind in ('integer', 'long'):
        return RANDOM.below(100000)
    if kind in ('float', 'double'):
        return RANDOM.below(1000) + 0.5
    if kind == 'boolean':
        return RANDOM.next() < 0.5
    if kind == 'timestamp':
        return datetime.datetime.fromtimestamp(1600000000 + RANDOM.below(100000000), datetime.timezone.utc)
    if kind == 'blob':
        return bytes([0, 255, RANDOM.below(256), 10])
    if kind == 'list':
        least = 1 if flat or ec2 or place != 'body' else 0
        count = least + RANDOM.below(2) if depth > 0 or least else 0
        return [value(shape.member, depth - 1, place, False, ec2) for _ in range(count)]
    if kind == 'map':
        return {(f'k{i}' if place == 'header' else text(shape.key, 'body') + str(i) if not shape.key.enum else shape.key.enum[i]): value(shape.value, depth - 1, place, False, ec2) for i in range(1)}
    return structure(shape, depth, ec2)


def text(shape, place):
    if shape.enum:
        return shape.enum[RANDOM.below(len(shape.enum))]
    if place == 'header':
        return f'h{RANDOM.below(99)}'
    chosen = TEXTS[RANDOM.below(len(TEXTS))]
    return (chosen.replace('\n', '') or 'l') if place == 'label' else chosen


def structure(shape, depth, ec2):
    if getattr(shape, 'is_document_type', False):
        return {'a': [1, 'x', True]}
    made = {}
    members = list(shape.members.items())
    if getattr(shape, 'is_tagged_union', False) and members:
        members = [members[RANDOM.below(len(members))]]
    for name, member in members:
        compound = member.type_name in ('structure', 'list', 'map')
        required = name in shape.required_members or getattr(shape, 'is_tagged_union', False)
        if depth < FLOOR or (not required and (RANDOM.next() < 0.5 or (depth <= 0 and compound))):
            continue
        made[name] = value(member, depth - 1, place_of(member), bool(member.serialization.get('flattened')), ec2)
    if not made and members and depth > FLOOR - 2:
        name, member = next(((n, m) for n, m in members if m.type_name not in ('structure', 'list', 'map')), members[0])
        made[name] = value(member, depth - 1, place_of(member), bool(member.serialization.get('flattened')), ec2)
    return made


def place_of(member):
    where = member.serialization.get('location')
    return {'uri': 'label', 'querystring': 'query', 'header': 'header', 'headers': 'header'}.get(where, 'body')


def plain(given):
    if hasattr(given, 'read'):
        given = given.read()
    if isinstance(given, datetime.datetime):
        return {'$date': round(given.timestamp() * 1000)}
    if isinstance(given, (bytes, bytearray)):
        return {'$bytes': base64.b64encode(given).decode()}
    if isinstance(given, list):
        return [plain(each) for each in given]
    if isinstance(given, dict):
        return {key: plain(each) for key, each in given.items()}
    return int(given) if isinstance(given, float) and given == int(given) else given


def control(path):
    with urllib.request.urlopen(f'{CONTROL}{path}') as answer:
        return json.load(answer)


def streams(model):
    shapes = [model.input_shape, model.output_shape]
    return model.has_event_stream_input or model.has_event_stream_output or any(
        member.serialization.get('streaming') for shape in shapes if shape for member in shape.members.values())


def without_empty(given):
    """Empty structures and lists do not travel in XML or Query: absent and empty are one."""
    if isinstance(given, dict):
        kept = {key: without_empty(each) for key, each in given.items()}
        return {key: each for key, each in kept.items() if each not in ({}, [], None)}
    return [without_empty(each) for each in given] if isinstance(given, list) else given


def trip(client, service, name, model, ec2):
    quirks = [quirk for quirk in QUIRKS if quirk[0] in (f'{service}:{name}', f'{service}:*')]
    given = structure(model.input_shape, DEPTH, ec2) if model.input_shape else {}
    for quirk in quirks:
        for member in quirk[1]:
            given.pop(member, None)
    if service == 's3' and 'Bucket' in given:
        given['Bucket'] = 'bucket'
    sent = plain(given)
    try:
        got = client._make_api_call(name, given)
    except Exception as error:
        return f'{type(error).__name__}: {str(error)[:300]}'
    got.pop('ResponseMetadata', None)
    last = control('/last')
    if last['operation'] != name:
        return f"reached {last['operation']}"
    tokens = [] if not model.input_shape else model.idempotent_members
    heard = {key: each for key, each in last['input'].items() if key not in tokens or key in sent}
    ignored = {member for quirk in quirks for member in quirk[2]}
    known = set(model.output_shape.members) if model.output_shape else set()
    for what, a, b in (('input', heard, sent), ('output', plain(got), {key: each for key, each in last['output'].items() if key in known})):
        a, b = without_empty(without(a, ignored)), without_empty(without(b, ignored))
        b = dict(b) if what == 'input' else cut_unknown(model.output_shape, b)
        wrong = [key for key in {**a, **b} if a.get(key) != b.get(key)]
        if wrong:
            return '; '.join(f'{what} {key}: {json.dumps(a.get(key))[:200]} instead of {json.dumps(b.get(key))[:200]}' for key in wrong)
    return None


def without(given, names):
    if isinstance(given, dict):
        return {key: without(each, names) for key, each in given.items() if key not in names}
    return [without(each, names) for each in given] if isinstance(given, list) else given


def cut_unknown(shape, given):
    """The JavaScript models are newer: what this botocore does not know it cannot read."""
    if shape is None or getattr(shape, 'is_document_type', False) or '$date' in str(given)[:9] and shape.type_name == 'timestamp':
        return given
    if shape.type_name == 'structure' and isinstance(given, dict):
        return without_empty({key: cut_unknown(shape.members[key], each) for key, each in given.items() if key in shape.members})
    if shape.type_name == 'list' and isinstance(given, list):
        return [cut_unknown(shape.member, each) for each in given]
    if shape.type_name == 'map' and isinstance(given, dict):
        return {key: cut_unknown(shape.value, each) for key, each in given.items()}
    return given


def main():
    session = boto3.session.Session(aws_access_key_id=KEY_ID, aws_secret_access_key=SECRET, region_name='us-east-1')
    config = botocore.config.Config(
        retries={'total_max_attempts': 1}, parameter_validation=False, inject_host_prefix=False, signature_version=None,
        s3={'addressing_style': 'path'}, request_checksum_calculation='when_required', response_checksum_validation='when_required')
    failures, trips, skipped = [], 0, []
    for service, operations in control('/operations').items():
        client = session.client(service, endpoint_url=ENDPOINT, config=config)
        ec2 = service == 'ec2'
        for name in client.meta.service_model.operation_names:
            where = f'{service}:{name}'
            model = client.meta.service_model.operation_model(name)
            if where in SKIPPED or streams(model) or name not in operations:
                skipped.append(where)
                continue
            for _ in range(ROUNDS):
                trips += 1
                failure = trip(client, service, name, model, ec2)
                if failure:
                    failures.append(f'{where}: {failure}')
    print(json.dumps({'trips': trips, 'skipped': skipped, 'failures': failures}))


main()
