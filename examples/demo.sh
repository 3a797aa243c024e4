#!/bin/sh
# A Go program crashes inside a map; gomap shows in GDB what its core holds.
#
#   examples/demo.sh [GO...]     once for each go command; without one, for the go and gdb on the PATH
#
# GDB names another debugger, PYTHON another Python (3.10 or newer), DEMO_DIR another place than build/demo for the program, its core and the transcript.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd -P)
gdb=${GDB:-gdb}
python=${PYTHON:-python3}
place=${DEMO_DIR:-$root/build/demo}

. "$root/examples/leave_core.sh"

# A compiler set up by the environment would not be the one that was asked for.
unset GOROOT GOEXPERIMENT GOARCH GOOS

main() {
    [ $# -gt 0 ] || set -- go
    mkdir -p "$place"
    place=$(cd "$place" && pwd -P)
    for go; do
        # Told by the compiler itself, wherever it was called from: no go.mod may send it for another one.
        version=$(cd "$root/examples/demo" && GOTOOLCHAIN=local "$go" env GOVERSION)
        dir=$place/$version
        rm -rf "$dir"
        mkdir "$dir"
        build
        crash
        look
    done
    whats_next
}

build() {
    headline "examples/demo/main.go, compiled by $version"
    (cd "$root/examples/demo" && GOTOOLCHAIN=local GOFLAGS=-buildvcs=false "$go" build -o "$dir/shop" .)
}

# Let the program die, and have its core in $dir/core.
crash() {
    echo "\$ GOTRACEBACK=crash ./shop"
    leave_core "$dir" shop
    grep -E '^panic: |^main\.' "$dir/died"
}

# Open the core and show the maps. The session is a GDB script: that stops where a command fails.
look() {
    session >"$dir/session"
    status=0
    (cd "$dir" && "$gdb" -nx -q -batch -iex 'set auto-load off' -iex 'set debuginfod enabled off' \
        -iex 'set width 0' -iex 'set print thread-events off' -x session shop core >transcript 2>&1) || status=$?
    echo "\$ gdb shop core"
    # Debian's GDB does not know all registers of new processors, and says so twice.
    sed '/^warning: Section .*reg-xstate/d' "$dir/transcript" | cat -s
    [ $status -eq 0 ] || { echo "demo.sh: GDB ended with status $status" >&2; exit 1; }
    echo
    echo "# The same without a debugger: all that it takes is Python."
    alone gomap-walk main.sessions
    alone gomap-check main.stock
}

# A command of gomap's on the core, without a debugger.
alone() {
    echo "\$ python3 -m gomap core shop core $*"
    (cd "$dir" && PYTHONPATH=$root "$python" -m gomap core shop core "$@")
}

session() {
    try "source $root/gdb_gomap"

    say "A session had no cart, but whose? To GDB alone (print/r) a map is a pointer. With gomap, print shows it:"
    try "print/r 'main.sessions'"
    try "print 'main.sessions'"

    say "gomap-walk shows how it is stored: each slot with its number, the byte that the runtime keeps of the key's" \
        "hash, its state, its key and its element. linus has no cart; grace, in slot 1, logged out. (A name that holds" \
        "an escape sequence can do the terminal no harm.)"
    try "gomap-walk main.sessions"

    say "A larger map. Its header, field by field, and what follows from it:"
    try "gomap-header main.stock"
    case $version in
        go1.1[0-9]* | go1.2[0-3]*) session_classic ;;
        *) session_swiss ;;
    esac

    say "Output is text, one slot a line, so pipes can count and search it. All slots by state:"
    try "pipe gomap-walk -limit unlimited main.stock | grep -oE '  (full|empty[A-Z]?[a-z]*|deleted)' | sort | uniq -c"

    say "Is it sound? Each key is hashed as the runtime does it, and all that must hold for the map is checked:"
    try "gomap-check main.stock"

    say "Entries by key, for conditions, scripts and breakpoints:"
    try "print \$gomap_len('main.stock')"
    try "print \$gomap_get('main.stock', \"article-7\")"
    try "print \$gomap_has('main.stock', \"article-10\")"
}

session_classic() {
    say "It is growing: from 256 to 512 buckets, a few with each change. The first bucket's entries have moved, and the" \
        "old bucket says to which half of the new array (X: the same number, Y: 256 more):"
    try "gomap-walk -bucket 0 -old main.stock"

    say "Where more than eight keys fall into one bucket, an overflow bucket is chained to it. The first such chain:"
    try "pipe gomap-walk -limit unlimited main.stock | grep -B 9 -A 3 -e '->' | sed -n 1,13p"
}

session_swiss() {
    say "Groups of eight slots, in tables; the control byte of a full slot is 7 bits of its key's hash (H2)." \
        "The first group, then one group of one table:"
    try "gomap-walk -limit 1 main.stock"
    try "gomap-walk -bucket 1:9 main.stock"

    say "Where a key was deleted from a full group, a tombstone (deleted) stays, for searches to go on past it:"
    try "pipe gomap-walk -limit unlimited main.stock | grep -B 8 -A 7 deleted | awk '/^group/ { n++ } n == 1'"
}

# Lines of the session: words for the reader, and a command that is shown before it runs.
say() {
    printf '%s\n' 'echo \n'
    printf '%s\n' "$*" | fold -s -w 110 | sed 's/ *$//; s/.*/echo # &\\n/'
}

try() {
    printf '%s\n' "echo (gdb) $1\\n" "$1"
}

headline() {
    printf '\n=== %s ===\n\n' "$1"
}

whats_next() {
    headline "Try it yourself"
    cat <<END
The programs and their cores are still there. For example:

  $gdb $dir/shop $dir/core
  (gdb) source $root/gdb_gomap
  (gdb) gomap                                        all commands
  (gdb) help gomap-walk                              a command's options; Tab completes them
  (gdb) gomap-walk main.sessions["t-104"].Cart       a map inside a map
  (gdb) gomap-walk -json main.sessions               for a program to read

A report on some maps of a core, as text and JSON, without typing into GDB: see examples/postmortem.md.
END
}

main "$@"
