#!/bin/sh
# A Go program dies; gomap-postmortem tells of what.
#
#   examples/story.sh NAME [GO]     NAME: one of examples/stories; GO: the go command, without it that on the PATH
#
# PYTHON names another Python (3.10 or newer), GDB the debugger that makes a core where the kernel leaves none, STORY_DIR
# another place than build/stories for the program and its core.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd -P)
gdb=${GDB:-gdb}
python=${PYTHON:-python3}
place=${STORY_DIR:-$root/build/stories}
name=${1:?"a story: $(cd "$root/examples/stories" && echo *)"}
go=${2:-go}

. "$root/examples/leave_core.sh"

# A compiler set up by the environment would not be the one that was asked for.
unset GOROOT GOEXPERIMENT GOARCH GOOS

source=$root/examples/stories/$name
[ -f "$source/main.go" ] || { echo "story.sh: no story $name" >&2; exit 1; }
version=$(cd "$source" && GOTOOLCHAIN=local "$go" env GOVERSION)
dir=$place/$name/$version
rm -rf "$dir"
mkdir -p "$dir"
dir=$(cd "$dir" && pwd -P)
(cd "$source" && GOTOOLCHAIN=local GOFLAGS=-buildvcs=false "$go" build -o "$dir/$name" .)

echo "\$ GOTRACEBACK=crash ./$name"
leave_core "$dir" "$name"
grep -E '^(panic|fatal error): |^[0-9]+ pages|^SIGABRT' "$dir/died" || :
echo "\$ gomap core $name core postmortem -html postmortem.html"
cd "$dir"
status=0
PYTHONPATH=$root "$python" -m gomap core "$name" core postmortem -html postmortem.html || status=$?
# 1: a map is to blame. 2: gomap could not look.
[ $status -lt 2 ]
