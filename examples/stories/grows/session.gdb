set environment GODEBUG asyncpreemptoff=1
break main.look
run
gomap-diff -save full main.ages
continue
gomap-diff -limit 1 -since full
gomap-diff -save begun main.ages
continue
gomap-diff -limit 1 -since begun
gomap-iter -limit 1 main.ages
gomap-diff -save later main.ages
continue 6
gomap-diff -limit 1 -since later
gomap-iter -limit 1 main.ages
