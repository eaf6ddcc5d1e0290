#!/bin/sh
# `berth doctor` where Berth is not set up yet: what `berth up` needs, found or what to do, without Node and without a network.
set -eu

data=${BERTH_DATA:-}
while [ $# -gt 0 ]; do
  case $1 in
    --data=*) data=${1#--data=} ;;
    --data) shift && data=${1:?'--data needs a folder'} ;;
    *) printf 'berth: unknown option %s\n' "$1" >&2 && exit 1 ;;
  esac
  shift
done

failed=0
ok() { printf 'ok      %-18s %s\n' "$1" "$2"; }
absent() { printf 'absent  %-18s %s\n%27s%s\n' "$1" "$2" '' "$3"; }
missing() {
  printf 'missing %-18s %s\n%27s%s\n' "$1" "$2" '' "$3"
  failed=1
}
debian='on Debian or Ubuntu, as root: apt-get install'
can_install=no
if [ "$(id -u)" = 0 ] && [ -x /usr/bin/apt-get ]; then can_install=yes; fi

case "$(uname -s)-$(uname -m)" in
  Linux-x86_64 | Linux-aarch64) ok machine "$(uname -s) $(uname -m)" ;;
  *) missing machine "$(uname -s) $(uname -m)" 'only Linux on x86_64 and aarch64 is set up by itself' ;;
esac

if command -v npm >/dev/null 2>&1; then
  ok npm "$(command -v npm), which fetches Node and the packages at the first start"
else
  missing npm 'not found' "it fetches Node and the packages; $debian npm"
fi

socket=/var/run/docker.sock
case ${DOCKER_HOST:-} in
  unix:///*) socket=${DOCKER_HOST#unix://} ;;
  /*) socket=$DOCKER_HOST ;;
  '' | unix://) ;;
  *) socket= ;;
esac
if [ -z "$socket" ]; then
  missing 'Docker Engine' 'not of this machine' "DOCKER_HOST is $DOCKER_HOST: unset it, or set it to unix:///path/of/docker.sock"
elif [ -S "$socket" ] && [ -w "$socket" ]; then
  ok 'Docker Engine' "$socket"
elif [ -S "$socket" ]; then
  # shellcheck disable=SC2016
  missing 'Docker Engine' 'not allowed' 'add your user to the group docker (usermod -aG docker $USER) and log in again'
elif [ "$socket" != /var/run/docker.sock ]; then
  missing 'Docker Engine' "not running at $socket" 'DOCKER_HOST names it'
elif [ "$can_install" = yes ]; then
  ok 'Docker Engine' 'not running: the first start installs and starts it'
else
  missing 'Docker Engine' 'not running' "start it, or $debian docker.io"
fi

if [ -x /bin/busybox ]; then
  ok busybox /bin/busybox
elif [ "$can_install" = yes ]; then
  ok busybox 'not found: the first start installs it'
else
  absent busybox 'not found' "the hello task needs it; $debian busybox-static"
fi

if command -v aws >/dev/null 2>&1; then
  ok 'aws CLI' "$(command -v aws)"
else
  absent 'aws CLI' 'not found' "any version will do; $debian awscli"
fi

# A folder that is empty or relative is not set; the machine knows the home of its users too.
case ${HOME:-} in /*) home=$HOME ;; *) home=$(getent passwd "$(id -u)" | cut -d: -f6) ;; esac
case ${XDG_DATA_HOME:-} in /*) shared=$XDG_DATA_HOME ;; *) shared=$home/.local/share ;; esac
data=${data:-$shared/berth}
place=$data
while [ ! -e "$place" ]; do place=$(dirname -- "$place"); done
if [ -d "$place" ] && [ -w "$place" ]; then
  ok 'data directory' "$data"
else
  missing 'data directory' "$data cannot be made or written" 'name another with BERTH_DATA'
fi
exit "$failed"
