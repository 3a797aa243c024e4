# Lets a program die and has its core. Sourced; $gdb is a GDB for where the kernel leaves no core.

# leave_core DIR PROGRAM: the core of DIR/PROGRAM as DIR/core, what it printed as DIR/died.
leave_core() {
    (
        cd "$1"
        ulimit -c unlimited 2>&- || :
        GOTRACEBACK=crash "./$2" >died 2>&1 || :
    )
    for core in "$1"/core*; do
        if [ -s "$core" ]; then
            [ "$core" = "$1/core" ] || mv "$core" "$1/core"
            return
        fi
    done
    echo "(That left no core here; generate-core-file makes one, in a GDB that stands where the program dies.)"
    (cd "$1" && GOTRACEBACK=crash "$gdb" -nx -q -batch -iex 'set auto-load off' -iex 'set debuginfod enabled off' \
        -ex run -ex 'generate-core-file core' "./$2" >generated 2>&1) || :
    [ -s "$1/core" ] || { cat "$1/generated" >&2; echo "$0: no core of $1/$2" >&2; exit 1; }
}
