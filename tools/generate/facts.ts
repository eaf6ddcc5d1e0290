/**
 * The AWS services that Berth speaks, written by hand: what neither the SDK's schemas nor botocore's models hold.
 * `generate.ts` checks each line against botocore's metadata, so that a slip here fails the build.
 */
import type { ServiceFacts } from '#gateway/model.ts'

/** Where a service's shapes come from, beside what the gateway must know of it. */
export type Source = { readonly facts: ServiceFacts; readonly sdk: string }

type Line = Omit<ServiceFacts, 'service' | 'protocols' | 'queryCompatible' | 'xmlns'> & {
  readonly sdk?: string
  readonly xmlns?: string
}

const JSON_10 = ['json-1.0', 'json-1.1', 'cbor', 'query'] as const
const JSON_11 = ['json-1.1', 'json-1.0', 'cbor', 'query'] as const
const QUERY = ['query', 'json-1.0', 'json-1.1', 'cbor'] as const
const EC2 = ['ec2', 'json-1.0', 'json-1.1', 'cbor'] as const

const MIB = 1 << 20
/** The largest body that a service takes, where 1 MiB is not enough. */
const BODY_BYTES: Readonly<Record<string, number>> = {
  // PutLogEvents takes 1 MiB of text, and JSON may write each byte of it as six.
  logs: 8 * MIB,
  // A layer part is 20 MiB at most, in base64.
  ecr: 32 * MIB,
  'ecr-public': 32 * MIB,
  // Lambda's own words: "Request must be smaller than 70167211 bytes".
  lambda: 70_167_211,
  // A template body is 51,200 bytes, its parameters more; form encoding may triple them.
  cloudformation: 4 * MIB,
  // A batch is 1 MiB of text, escaped as its sender likes.
  sqs: 8 * MIB,
  // BatchWriteItem takes 16 MiB.
  dynamodb: 20 * MIB,
  // Objects are buffered until they stream: larger ones go in parts of at least 5 MiB.
  s3: 64 * MIB,
}

/**
 * `validationError` is the code under which the service refuses a value against its model. The pages of the
 * services' API references name them; where a page names none, it is the code of the service's framework.
 */
// oxfmt-ignore
const LINES: Readonly<Record<string, readonly [ServiceFacts['protocols'], Line]>> = {
  ecs: [JSON_11, { signingName: 'ecs', version: '2014-11-13', target: 'AmazonEC2ContainerServiceV20141113', validationError: 'InvalidParameterException' }],
  ecr: [JSON_11, { signingName: 'ecr', version: '2015-09-21', target: 'AmazonEC2ContainerRegistry_V20150921', validationError: 'InvalidParameterException', violations: 'constraint' }],
  'ecr-public': [JSON_11, { signingName: 'ecr-public', version: '2020-10-30', target: 'SpencerFrontendService', validationError: 'InvalidParameterException' }],
  iam: [QUERY, { signingName: 'iam', version: '2010-05-08', target: 'AWSIdentityManagementV20100508', validationError: 'ValidationError' }],
  sts: [QUERY, { signingName: 'sts', version: '2011-06-15', target: 'AWSSecurityTokenServiceV20110615', validationError: 'ValidationError' }],
  ec2: [EC2, { signingName: 'ec2', version: '2016-11-15', target: 'AmazonEC2', validationError: 'InvalidParameterValue', violations: 'parameter' }],
  autoscaling: [QUERY, { signingName: 'autoscaling', version: '2011-01-01', target: 'AutoScaling_2011_01_01', sdk: 'auto-scaling', validationError: 'ValidationError' }],
  elbv2: [QUERY, { signingName: 'elasticloadbalancing', version: '2015-12-01', target: 'ElasticLoadBalancing_v10', sdk: 'elastic-load-balancing-v2', validationError: 'ValidationError' }],
  elb: [QUERY, { signingName: 'elasticloadbalancing', version: '2012-06-01', target: 'ElasticLoadBalancing_v7', sdk: 'elastic-load-balancing', validationError: 'ValidationError' }],
  'application-autoscaling': [JSON_11, { signingName: 'application-autoscaling', version: '2016-02-06', target: 'AnyScaleFrontendService', sdk: 'application-auto-scaling', validationError: 'ValidationException' }],
  cloudwatch: [JSON_10, { signingName: 'monitoring', version: '2010-08-01', target: 'GraniteServiceVersion20100801', validationError: 'ValidationError' }],
  logs: [JSON_11, { signingName: 'logs', version: '2014-03-28', target: 'Logs_20140328', sdk: 'cloudwatch-logs', validationError: 'InvalidParameterException', violations: 'log names' }],
  events: [JSON_11, { signingName: 'events', version: '2015-10-07', target: 'AWSEvents', sdk: 'eventbridge', validationError: 'ValidationException' }],
  scheduler: [['rest-json'], { signingName: 'scheduler', version: '2021-06-30', target: 'AWSChronosService', validationError: 'ValidationException' }],
  pipes: [['rest-json'], { signingName: 'pipes', version: '2015-10-07', target: 'Pipes', validationError: 'ValidationException' }],
  sqs: [JSON_10, { signingName: 'sqs', version: '2012-11-05', target: 'AmazonSQS', validationError: 'MissingParameter', violations: 'parameter' }],
  sns: [QUERY, { signingName: 'sns', version: '2010-03-31', target: 'AmazonSimpleNotificationService', validationError: 'ValidationError' }],
  ssm: [JSON_11, { signingName: 'ssm', version: '2014-11-06', target: 'AmazonSSM', validationError: 'ValidationException' }],
  secretsmanager: [JSON_11, { signingName: 'secretsmanager', version: '2017-10-17', target: 'secretsmanager', sdk: 'secrets-manager', validationError: 'ValidationException' }],
  servicediscovery: [JSON_11, { signingName: 'servicediscovery', version: '2017-03-14', target: 'Route53AutoNaming_v20170314', validationError: 'InvalidInput' }],
  efs: [['rest-json'], { signingName: 'elasticfilesystem', version: '2015-02-01', target: 'MagnolioAPIService_v20150201', validationError: 'BadRequest' }],
  cloudformation: [QUERY, { signingName: 'cloudformation', version: '2010-05-15', target: 'CloudFormation', validationError: 'ValidationError' }],
  elasticbeanstalk: [QUERY, { signingName: 'elasticbeanstalk', version: '2010-12-01', target: 'AWSElasticBeanstalkService', sdk: 'elastic-beanstalk', xmlns: 'http://elasticbeanstalk.amazonaws.com/docs/2010-12-01/', validationError: 'InvalidParameterValue' }],
  apprunner: [JSON_10, { signingName: 'apprunner', version: '2020-05-15', target: 'AppRunner', validationError: 'InvalidRequestException' }],
  eks: [['rest-json'], { signingName: 'eks', version: '2017-11-01', target: 'AWSWesleyFrontend', validationError: 'InvalidParameterException' }],
  codedeploy: [JSON_11, { signingName: 'codedeploy', version: '2014-10-06', target: 'CodeDeploy_20141006', validationError: 'ValidationException' }],
  s3: [['rest-xml'], { signingName: 's3', version: '2006-03-01', target: 'AmazonS3', validationError: 'InvalidArgument', objects: true }],
  lambda: [['rest-json'], { signingName: 'lambda', version: '2015-03-31', target: 'AWSGirApiService', validationError: 'ValidationException' }],
  kms: [JSON_11, { signingName: 'kms', version: '2014-11-01', target: 'TrentService', validationError: 'ValidationException' }],
  acm: [JSON_11, { signingName: 'acm', version: '2015-12-08', target: 'CertificateManager', validationError: 'ValidationException' }],
  route53: [['rest-xml'], { signingName: 'route53', version: '2013-04-01', target: 'AWSDnsV20130401', sdk: 'route-53', xmlns: 'https://route53.amazonaws.com/doc/2013-04-01/', validationError: 'InvalidInput' }],
  dynamodb: [JSON_10, { signingName: 'dynamodb', version: '2012-08-10', target: 'DynamoDB_20120810', validationError: 'ValidationException' }],
  apigatewayv2: [['rest-json'], { signingName: 'apigateway', version: '2018-11-29', target: 'ApiGatewayV2', validationError: 'BadRequestException' }],
}

/** SDKs that spoke Query to these services before still look for Query's error codes. */
const QUERY_COMPATIBLE = new Set(['cloudwatch', 'sqs'])
const SECURE_NAMESPACES = new Set(['iam', 'sts'])

export const SOURCES: readonly Source[] = Object.entries(LINES).map(
  ([service, [protocols, line]]) => {
    const { sdk = service, xmlns, ...facts } = line
    return {
      sdk: `@aws-sdk/client-${sdk}`,
      facts: {
        service,
        ...facts,
        protocols,
        ...(BODY_BYTES[service] !== undefined && { bodyBytes: BODY_BYTES[service] }),
        queryCompatible: QUERY_COMPATIBLE.has(service),
        xmlns: xmlns ?? namespace(service, facts),
      },
    }
  },
)

function namespace(service: string, facts: { signingName: string; version: string }): string {
  if (service === 'sqs') return `http://queue.amazonaws.com/doc/${facts.version}/`
  const scheme = SECURE_NAMESPACES.has(service) ? 'https' : 'http'
  return `${scheme}://${facts.signingName}.amazonaws.com/doc/${facts.version}/`
}
