#!/bin/sh
# A custom scheduler in a screenful: one task of a definition on each container instance that has an attribute, and none
# elsewhere. It asks what there is and starts or stops what is wrong, so it can be run again at any time, as a cron job
# or a loop.  usage: custom-scheduler.sh TASK_DEFINITION ATTRIBUTE [CLUSTER]
set -eu

definition=$1
attribute=$2
cluster=${3:-default}
# What this scheduler has started, and nothing else, is its own.
mine="scheduler/$(printf %s "$definition" | tr -c 'A-Za-z0-9\n' -)"

# Older CLIs do not look at AWS_ENDPOINT_URL by themselves, and would ask Amazon.
ecs() {
  aws ${AWS_ENDPOINT_URL:+--endpoint-url "$AWS_ENDPOINT_URL"} ecs "$@" --cluster "$cluster" --output text
}

wanted=$(ecs list-container-instances --status ACTIVE \
  --filter "attribute:$attribute exists" --query 'containerInstanceArns[]')
tasks=$(ecs list-tasks --started-by "$mine" --desired-status RUNNING --query 'taskArns[]')
placed=''
if [ -n "$tasks" ]; then
  # Task ARNs have no spaces: each is a word.
  # shellcheck disable=SC2086
  placed=$(ecs describe-tasks --tasks $tasks --query 'tasks[].[taskArn,containerInstanceArn]')
fi

has() { printf '%s\n' "$1" | tr '\t ' '\n\n' | grep -qxF "$2"; }

# Stops what is where it should not be.
printf '%s\n' "$placed" | while read -r task host; do
  [ -n "$task" ] || continue
  has "$wanted" "$host" && continue
  echo "stop $task"
  ecs stop-task --task "$task" --reason 'not wanted here' >/dev/null
done
taken=$(printf '%s\n' "$placed" | cut -f2)

# Starts what is missing. StartTask places where it is told, past every strategy.
for host in $wanted; do
  has "$taken" "$host" && continue
  echo "start $definition on $host"
  ecs start-task --task-definition "$definition" --container-instances "$host" \
    --started-by "$mine" --query 'failures[].reason'
done
