// What benchmarks/threads.cc measures, in Go.
package main

import (
	"os"
	"sync"
	"sync/atomic"
	"time"

	"peers/measure"
)

// What compute has come to: so that it is not left out.
var result uint64

// As in threads.cc.
func compute() uint64 {
	x := uint64(1)
	for i := 0; i < 10_000_000; i++ {
		x = x*6364136223846793005 + 1442695040888963407
	}
	return x
}

// Goroutines that compute for some 15 ms each.
func computing(goroutines int64) {
	var wg sync.WaitGroup
	start := time.Now()
	for i := int64(0); i < goroutines; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			atomic.AddUint64(&result, compute())
		}()
	}
	wg.Wait()
	measure.Report("ns", float64(time.Since(start))/float64(goroutines))
	measure.Report("threads", float64(threads()))
}

// The threads of this process: Go's never end.
func threads() int {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		panic(err)
	}
	return len(tasks)
}

func main() {
	measure.Main(map[string]func([]int64){
		"computing": func(args []int64) { computing(args[0]) },
	})
}
