#!/bin/sh
# Stands in for the CNI plugins and for iptables, which they call. While `pid` is there it counts
# how often one of them begins or ends; at number `at`, if that is not 0, it sends `signal` to the process of that
# number, 0 for its parent, and goes on as `then` says.
home=@HOME@
name=${0##*/}

here() {
  [ -f "$home/pid" ] && [ "$CNI_COMMAND" != VERSION ] || return 0
  echo "$1 $name ${CNI_COMMAND:-of Mooring}" >>"$home/points"
  at=$(cat "$home/at")
  [ "$at" -gt 0 ] && [ "$(wc -l <"$home/points")" -ge "$at" ] || return 0
  # Two that run side by side may both be past it; one of them gets the file.
  mv "$home/pid" "$home/pid.$$" 2>/dev/null || return 0
  pid=$(cat "$home/pid.$$")
  rm "$home/pid.$$"
  [ "$pid" -gt 0 ] || pid=$PPID
  kill -s "$(cat "$home/signal")" "$pid"
  case $(cat "$home/then") in
    die) kill -s KILL 0 ;;
    hang) exec sleep 1000 ;;
    linger) sleep 0.4 ;;
  esac
}

case $name in
  ip*tables*)
    here before
    exec "$home/real/$name" "$@"
    ;;
esac
here before
"/usr/lib/cni/$name" "$@"
code=$?
here after
exit $code
