// What benchmarks/hog.cc measures, in Go: prints one line of
// "procs hogs p50_us p99_us max_us" for each pair of procs and hogs.
package main

import (
	"fmt"
	"runtime"
	"sort"
	"sync/atomic"
	"time"
)

const sleeps = 1000

func measure(procs, hogs int) {
	runtime.GOMAXPROCS(procs)
	var stop atomic.Bool
	for i := 0; i < hogs; i++ {
		go func() {
			for !stop.Load() {
			}
		}()
	}
	runtime.Gosched()
	late := make([]float64, 0, sleeps)
	for i := 0; i < sleeps; i++ {
		start := time.Now()
		time.Sleep(time.Millisecond)
		late = append(late, float64(time.Since(start)-time.Millisecond)/1e3)
	}
	stop.Store(true)
	sort.Float64s(late)
	at := func(p float64) float64 { return late[int(p*float64(len(late)-1))] }
	fmt.Printf("%d %d %.1f %.1f %.1f\n", procs, hogs, at(0.5), at(0.99), at(1))
}

func main() {
	measure(1, 0)
	measure(1, 1)
	measure(1, 4)
	measure(2, 1)
}
