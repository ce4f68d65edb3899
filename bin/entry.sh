#!/bin/sh
# The image's entry: `serve` runs the service, anything else is a verb of the command line. `exec`, so that signals arrive.
root=$(dirname "$0")/..
if [ "$1" = serve ]; then exec node "$root/src/main.ts"; fi
exec node "$root/src/cli.ts" "$@"
