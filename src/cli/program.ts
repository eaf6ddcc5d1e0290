/** The command line: what there is to say, and which file does it. */
import { Command, Option } from 'commander'

import { called } from './called.ts'
import { caOption, REGION, serverOptions, whole } from './server-options.ts'
import { VERSION } from './version.ts'

export function program(): Command {
  const berth = new Command('berth')
    .description('Amazon ECS on your own machines')
    .version(VERSION)
    .configureOutput({ outputError: (text, write) => write(inOneLine(text)) })
    .configureHelp({ sortSubcommands: false })
  up(berth)
  daily(berth)
  server(berth)
  agent(berth)
  accounts(berth)
  tools(berth)
  return berth
}

/** As everything else that a user can set right. */
function inOneLine(text: string): string {
  const words = text
    .trim()
    .replace(/^error: /, '')
    .replaceAll('\n', ' ')
    .replace(/\.$/, '')
  return `berth: ${words}: \`${called('--help')}\` says what there is\n`
}

const dataOption = (): Option =>
  new Option('--data <dir>', 'where Berth keeps its state').env('BERTH_DATA')

function up(berth: Command): void {
  const command = berth
    .command('up')
    .description(
      'install what is missing, start the control plane and an agent for this host, run a first task',
    )
    .addOption(dataOption())
    .option('--detach', 'return as soon as everything runs', false)
    .option('--no-demo', 'do not run the hello task')
    .action(async (options, its: Command) => (await import('./up.ts')).up(options, its))
  for (const option of serverOptions()) command.addOption(option)
}

function daily(berth: Command): void {
  berth
    .command('down')
    .description('stop the control plane and the agent; running tasks stay')
    .addOption(dataOption())
    .option('--tasks', 'stop the tasks too, and remove the containers', false)
    .action(async (options) => (await import('./down.ts')).down(options))
  berth
    .command('status')
    .description('what runs')
    .addOption(dataOption())
    .action(async (options) => (await import('./status.ts')).status(options))
  berth
    .command('env')
    .description('print shell lines that point the aws CLI and SDKs at Berth: eval "$(berth env)"')
    .addOption(dataOption())
    .option('--region <name>', "AWS_DEFAULT_REGION: the server's --region when absent")
    .addOption(caOption())
    .action(async (options) => (await import('./env.ts')).env(options))
  berth
    .command('doctor')
    .description('each prerequisite: found, its version, or what to do')
    .addOption(dataOption())
    .action(async (options) => (await import('./doctor.ts')).doctor(options))
  berth
    .command('why')
    .description('why a task, a service or a deployment is where it is')
    .argument('<name>', 'an ARN, a task id, the name of a service, or ecs-svc/…')
    .addOption(dataOption())
    .option('--cluster <name>', 'where a name without an ARN is looked for', 'default')
    .option('--region <name>', 'its region', REGION)
    .option('--account <id>', 'its account; the only one when absent')
    .option('--json', 'the answer as it is', false)
    .action(async (name, options) => (await import('./why.ts')).why(name, options))
  berth
    .command('plan')
    .description('what create-service, update-service, delete-service or run-task would do')
    .argument('<operation>', 'as the aws CLI names it')
    .argument('<input>', "the operation's input as JSON, or file://PATH")
    .addOption(dataOption())
    .option('--region <name>', 'the region asked', REGION)
    .option('--account <id>', 'the account that asks; the only one when absent')
    .option('--json', 'the answer as it is', false)
    .action(async (operation, input, options) =>
      (await import('./plan.ts')).plan(operation, input, options),
    )
  berth
    .command('history')
    .description('a service as it was: its definition, deployments, tasks and events at a moment')
    .argument('<service>', 'its name')
    .requiredOption('--as-of <time>', 'such as 2026-01-31T12:00:00Z')
    .addOption(dataOption())
    .option('--cluster <name>', 'its cluster', 'default')
    .option('--region <name>', 'its region', REGION)
    .option('--account <id>', 'its account; the only one when absent')
    .option('--json', 'the answer as it is', false)
    .action(async (service, options) => (await import('./history.ts')).history(service, options))
  berth
    .command('events')
    .description(
      'print what happened, oldest first, one JSON line each: AWS’s event, and its number',
    )
    .addOption(dataOption())
    .option('--after <n>', 'only events after this number', whole)
    .option('--cursor <name>', 'go on where whoever used this name stopped; the server remembers')
    .option('--follow', 'wait for what comes', false)
    .action(async (options) => (await import('./events.ts')).events(options))
}

function server(berth: Command): void {
  const command = berth
    .command('server')
    .description('run the control plane alone')
    .addOption(dataOption())
    .option('--account-id <id>', 'id of the first account, when the data directory is new')
    .option('--access-key-id <key>', "the first account's access key id")
    .addOption(
      new Option('--secret-access-key <secret>', "the first account's secret access key").env(
        'BERTH_SECRET_ACCESS_KEY',
      ),
    )
    .action(async (options, its: Command) => (await import('./server.ts')).server(options, its))
  for (const option of serverOptions()) command.addOption(option)
}

function agent(berth: Command): void {
  berth
    .command('agent')
    .description(
      'run the agent of this host alone; keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
    )
    .addOption(
      new Option('--endpoint <url>', 'the control plane')
        .env('ECS_BACKEND_HOST')
        .makeOptionMandatory(),
    )
    .option('--cluster <name>', 'cluster to join: ECS_CLUSTER, else `default`, if it is not given')
    .addOption(
      new Option('--region <name>', 'region to join').env('AWS_DEFAULT_REGION').default(REGION),
    )
    .addOption(dataOption())
    .addOption(caOption())
    .option(
      '--docker <socket>',
      "the Docker Engine's socket: DOCKER_HOST, else /var/run/docker.sock, if it is not given",
    )
    .action(async (options) => (await import('./agent.ts')).agent(options))
}

function accounts(berth: Command): void {
  const account = berth.command('account').description('accounts of a running server')
  account
    .command('create')
    .description("make an account and print its root user's keys as exports")
    .addOption(dataOption())
    .option('--id <id>', 'twelve digits')
    .option('--access-key-id <key>', 'instead of a fresh one')
    .option('--secret-access-key <secret>', 'instead of a fresh one')
    .action(async (options) => (await import('./account.ts')).create(options))
  account
    .command('keys')
    .description("print an account's root keys again, as exports")
    .argument('[id]', 'the first account when absent')
    .addOption(dataOption())
    .action(async (id, options) => (await import('./account.ts')).keys(id, options))
  account
    .command('reset')
    .description('empty an account at once (only where the server runs with --allow-reset)')
    .argument('<id>')
    .addOption(dataOption())
    .action(async (id, options) => (await import('./account.ts')).reset(id, options))
  const host = berth.command('host').description('machines that may join')
  host
    .command('create')
    .description(
      'make a machine key, good for one container instance only, and print it as exports',
    )
    .argument('<host-id>')
    .addOption(dataOption())
    .option('--account <id>', "the host's account; the first one when absent")
    .action(async (id, options) => (await import('./account.ts')).createHost(id, options))
  host
    .command('list')
    .description('the machine keys, and the container instance that each is good for')
    .addOption(dataOption())
    .option('--account <id>', 'their account; the first one when absent')
    .action(async (options) => (await import('./account.ts')).listHosts(options))
  host
    .command('rotate')
    .description("end a host's keys and print a fresh one as exports; its containers run on")
    .argument('<host-id>')
    .addOption(dataOption())
    .option('--account <id>', "the host's account; the first one when absent")
    .action(async (id, options) => (await import('./account.ts')).rotateHost(id, options))
  host
    .command('revoke')
    .description("end a host's keys and what is open with them; its containers run on")
    .argument('<host-id>')
    .addOption(dataOption())
    .option('--account <id>', "the host's account; the first one when absent")
    .action(async (id, options) => (await import('./account.ts')).revokeHost(id, options))
}

function tools(berth: Command): void {
  const tool = berth.command('tool').description('for test suites and debugging')
  tool
    .command('sigv4')
    .description(
      "read signing cases as JSON lines, print `id ok` or `id CODE message` by the server's own verifier",
    )
    .action(async () => (await import('./tool-sigv4.ts')).sigv4())
}
