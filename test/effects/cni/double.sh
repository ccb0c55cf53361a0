#!/bin/sh
# A CNI plugin that writes down how it was called and then does what it is told.
# Its name is the plugin's; ../double/behave/<name>.<command> is the script it follows.
home=${0%/*}/../double
name=${0##*/}
call=$(mktemp -d "$home/calls/XXXXXX")
cat "/proc/$$/environ" >"$call/env"
[ "$CNI_COMMAND" = VERSION ] || cat >"$call/stdin"
echo "$name $CNI_COMMAND $call" >>"$home/order"
if [ -f "$home/behave/$name.$CNI_COMMAND" ]; then
  . "$home/behave/$name.$CNI_COMMAND"
elif [ "$CNI_COMMAND" = VERSION ]; then
  echo '{"cniVersion":"1.1.0","supportedVersions":["0.3.0","0.3.1","0.4.0","1.0.0","1.1.0"]}'
elif [ "$CNI_COMMAND" = ADD ]; then
  echo '{"interfaces":[{"name":"eth0"}],"ips":[{"version":"4","address":"10.1.2.3/24"}]}'
fi
