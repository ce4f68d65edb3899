#!/bin/sh
# The image's entry: `serve` runs the service, anything else is a verb of the command line. `exec`, so that signals arrive.
# Each thread's heap is kept small: V8 would let 32 MB of young objects lie in each, and counts pixels apart from the heap.
root=$(dirname "$0")/..
if [ "$1" = serve ]; then exec node --max-semi-space-size=4 --external-memory-accounted-in-global-limit "$root/src/main.ts"; fi
exec node "$root/src/cli.ts" "$@"
