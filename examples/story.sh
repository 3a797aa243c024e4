#!/bin/sh
# A Go program, and what gomap says of it.
#
#   examples/story.sh NAME [GO]     NAME: one of examples/stories; GO: the go command, without it that on the PATH
#
# The program dies, and gomap-postmortem tells of what; or the commands in the story's file looks are run on its core. A
# story with a file session.gdb has that replayed in GDB on the running program.
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

if [ -f "$source/session.gdb" ]; then
    echo "\$ gdb ./$name"
    cd "$dir"
    # GDB puts a + in front of each command that it traces. What gomap itself types is left out, and where GDB stands.
    "$gdb" -nx -q -batch -iex 'set auto-load off' -iex 'set debuginfod enabled off' -iex 'set width 0' \
        -iex 'set print thread-events off' -ex "source $root/gdb_gomap" -ex 'set trace-commands on' \
        -x "$source/session.gdb" "./$name" 2>&1 </dev/null |
        sed -E '/^$|^\+(source|python|\+)|^gomap .* its commands$|^(Thread|Breakpoint|Temporary breakpoint) |^#0 |^[0-9]+\t/d; s/^\+/(gdb) /'
    exit
fi

echo "\$ GOTRACEBACK=crash ./$name"
leave_core "$dir" "$name"
grep -E '^(panic|fatal error|own view): |^[0-9]+ pages|^SIGABRT' "$dir/died" || :
cd "$dir"
export PYTHONPATH="$root"

# look COMMAND: gomap's, and what it is piped into.
look() {
    status=0
    echo "\$ gomap core $name core $1"
    eval "\"\$python\" -m gomap core $name core $1" </dev/null || status=$?
    # 1: there is something to say. 2: gomap could not look.
    [ $status -lt 2 ]
}

if [ -f "$source/looks" ]; then
    while read -r line; do
        look "$line"
    done <"$source/looks"
else
    look 'postmortem -html postmortem.html'
fi
