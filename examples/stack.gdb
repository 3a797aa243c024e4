# The stack of the goroutine that a Go program died of, in a core or at a stop in GDB: functions from the innermost out,
# by frame pointers. For where 'backtrace' ends in runtime.systemstack. (amd64 and arm64; inlined functions are not told.)
set language go
set $m = 'runtime.allm'
while $m.dying == 0
  set $m = $m.alllink
end
set $frame = $m.curg.sched.bp
set language c
set $frames = 0
while $frame && $frames++ < 100
  info symbol ((long *)$frame)[1]
  set $frame = *(long *)$frame
end
set language auto
