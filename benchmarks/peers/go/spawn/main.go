// What benchmarks/spawn.cc measures, in Go.
package main

import (
	"runtime"
	"sync"

	"peers/measure"
)

// Batches of n goroutines that only call Done, waited for.
func create(n int64) {
	measure.Rounds(n, func() {
		var wg sync.WaitGroup
		wg.Add(int(n))
		for i := int64(0); i < n; i++ {
			go func() { wg.Done() }()
		}
		wg.Wait()
	})
}

func link(wg *sync.WaitGroup, left int64) {
	if left == 0 {
		wg.Done()
		return
	}
	go link(wg, left-1)
}

// Each goroutine starts the next: one is alive at a time.
func chain(n int64) {
	measure.Rounds(n, func() {
		var wg sync.WaitGroup
		wg.Add(1)
		link(&wg, n)
		wg.Wait()
	})
}

// Goroutines that only yield.
func yield(goroutines, yields int64) {
	measure.Rounds(goroutines*yields, func() {
		var wg sync.WaitGroup
		wg.Add(int(goroutines))
		for i := int64(0); i < goroutines; i++ {
			go func() {
				for j := int64(0); j < yields; j++ {
					runtime.Gosched()
				}
				wg.Done()
			}()
		}
		wg.Wait()
	})
}

func main() {
	measure.Main(map[string]func([]int64){
		"create": func(args []int64) { create(args[0]) },
		"chain":  func(args []int64) { chain(args[0]) },
		"yield":  func(args []int64) { yield(args[0], args[1]) },
	})
}
