// What benchmarks/threads.cc measures, in Go.
package main

import (
	"os"
	"sync"
	"time"

	"peers/measure"
)

// Goroutines that compute for 15 ms each.
func computing(goroutines int64) {
	var wg sync.WaitGroup
	start := time.Now()
	for i := int64(0); i < goroutines; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for start := time.Now(); time.Since(start) < 15*time.Millisecond; {
			}
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
