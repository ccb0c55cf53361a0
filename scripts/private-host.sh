#!/bin/sh
# Makes the namespaces it is started in look like a host of their own, then becomes the
# program it is given. Start it under: unshare --net --mount --pid --fork --mount-proc
set -eu

for directory in /run /var/lib/cni /etc/cni /var/lib/mooring; do
  mkdir -p "$directory"
  mount -t tmpfs -o mode=755 mooring-private "$directory"
done
ip link set lo up

exec "$@"
