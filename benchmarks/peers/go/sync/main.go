// What benchmarks/sync.cc measures, in Go.
package main

import (
	"runtime"
	"sync"

	"peers/measure"
)

func work(x *uint64) {
	v := *x
	for i := 0; i < 9; i++ {
		v = v*6364136223846793005 + 1442695040888963407
	}
	*x = v
}

// Runs f in so many goroutines, and waits for them.
func each(goroutines int64, f func(self int64)) {
	var wg sync.WaitGroup
	wg.Add(int(goroutines))
	for g := int64(0); g < goroutines; g++ {
		g := g
		go func() {
			f(g)
			wg.Done()
		}()
	}
	wg.Wait()
}

func mutex(n int64) {
	var mu sync.Mutex
	for i := int64(0); i < n; i++ {
		mu.Lock()
		mu.Unlock()
	}
}

func mutexContended(n, goroutines int64) {
	var mu sync.Mutex
	x := uint64(1)
	each(goroutines, func(int64) {
		for i := int64(0); i < n; i++ {
			mu.Lock()
			work(&x)
			mu.Unlock()
		}
	})
}

func rwMutexRead(n int64) {
	var mu sync.RWMutex
	for i := int64(0); i < n; i++ {
		mu.RLock()
		mu.RUnlock()
	}
}

func rwMutexReaders(n, goroutines int64) {
	var mu sync.RWMutex
	each(goroutines, func(int64) {
		for i := int64(0); i < n; i++ {
			mu.RLock()
			mu.RUnlock()
		}
	})
}

var sink [64]uint64

func rwMutexMixed(n, goroutines int64) {
	var mu sync.RWMutex
	x := uint64(1)
	each(goroutines, func(self int64) {
		for i := int64(0); i < n; i++ {
			if i%100 == 0 {
				mu.Lock()
				work(&x)
				mu.Unlock()
			} else {
				mu.RLock()
				copied := x
				work(&copied)
				if copied == 0 {
					sink[self] = copied
				}
				mu.RUnlock()
			}
		}
	})
}

func waitGroup(n int64) {
	var wg sync.WaitGroup
	for i := int64(0); i < n; i++ {
		wg.Add(1)
		wg.Done()
		wg.Wait()
	}
}

func waitGroupWaits(n int64) {
	for i := int64(0); i < n; i++ {
		var wg sync.WaitGroup
		wg.Add(1)
		go func() { wg.Done() }()
		wg.Wait()
	}
}

func once(n int64) {
	var o sync.Once
	done := 0
	for i := int64(0); i < n; i++ {
		o.Do(func() { done++ })
	}
}

func cond(n int64) {
	var mu sync.Mutex
	c := sync.NewCond(&mu)
	turn := int64(0)
	each(2, func(self int64) {
		mu.Lock()
		for i := int64(0); i < n; i++ {
			for turn != self {
				c.Wait()
			}
			turn = 1 - self
			c.Signal()
		}
		mu.Unlock()
	})
}

func semaphore(n int64) {
	sema := make(chan struct{}, 4)
	for i := int64(0); i < n; i++ {
		sema <- struct{}{}
		<-sema
	}
}

func semaphoreContended(n, goroutines int64) {
	sema := make(chan struct{}, goroutines/2)
	each(goroutines, func(int64) {
		for i := int64(0); i < n; i++ {
			sema <- struct{}{}
			runtime.Gosched()
			<-sema
		}
	})
}

func main() {
	// Of n operations by each of so many goroutines.
	alone := func(op func(n int64)) func([]int64) {
		return func(args []int64) { measure.Rounds(args[0], func() { op(args[0]) }) }
	}
	together := func(op func(n, goroutines int64)) func([]int64) {
		return func(args []int64) {
			measure.Rounds(args[0]*args[1], func() { op(args[0], args[1]) })
		}
	}
	measure.Main(map[string]func([]int64){
		"mutex":            alone(mutex),
		"mutex_contended":  together(mutexContended),
		"rwmutex_read":     alone(rwMutexRead),
		"rwmutex_readers":  together(rwMutexReaders),
		"rwmutex_mixed":    together(rwMutexMixed),
		"wait_group":       alone(waitGroup),
		"wait_group_waits": alone(waitGroupWaits),
		"once":             alone(once),
		"cond": func(args []int64) {
			measure.Rounds(2*args[0], func() { cond(args[0]) })
		},
		"semaphore":           alone(semaphore),
		"semaphore_contended": together(semaphoreContended),
	})
}
