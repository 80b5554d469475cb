// What benchmarks/hog.cc measures, in Go.
package main

import (
	"runtime"
	"sync/atomic"
	"time"

	"peers/measure"
)

// Sleeps of a millisecond, beside goroutines that compute.
func sleeper(hogs, sleeps int64) {
	var stop atomic.Bool
	for i := int64(0); i < hogs; i++ {
		go func() {
			for !stop.Load() {
			}
		}()
	}
	runtime.Gosched()
	late := make([]int64, sleeps)
	for i := range late {
		start := time.Now()
		time.Sleep(time.Millisecond)
		late[i] = int64(time.Since(start) - time.Millisecond)
	}
	stop.Store(true)
	measure.Late(late)
}

func main() {
	measure.Main(map[string]func([]int64){
		"sleeper": func(args []int64) { sleeper(args[0], args[1]) },
	})
}
