// What benchmarks/chan.cc measures, in Go. Arguments: procs, then a row's name
// and its arguments as there: "BM_Hop 100000". Prints nanoseconds: of some
// rounds in a quarter of a second at least, the mean.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sort"
	"strconv"
	"sync"
	"time"
)

func hop(n int64) int64 {
	there, back := make(chan int64), make(chan int64)
	go func() {
		for v := range there {
			back <- v
		}
	}()
	for i := int64(0); i < n; i++ {
		there <- i
		<-back
	}
	close(there)
	return 2 * n
}

func buffered(n, pairs int64) int64 {
	ch := make(chan int64, 128)
	var senders, receivers sync.WaitGroup
	senders.Add(int(pairs))
	receivers.Add(int(pairs))
	for p := int64(0); p < pairs; p++ {
		go func() {
			for i := int64(0); i < n; i++ {
				ch <- i
			}
			senders.Done()
		}()
		go func() {
			for range ch {
			}
			receivers.Done()
		}()
	}
	senders.Wait()
	close(ch)
	receivers.Wait()
	return n * pairs
}

func selectBuffered(n int64) int64 {
	a, b := make(chan int64, 1), make(chan int64, 1)
	a <- 0
	for i := int64(0); i < n; i++ {
		select {
		case v := <-a:
			b <- v
		case v := <-b:
			a <- v
		}
	}
	return n
}

func selectUnbuffered(n int64) int64 {
	a, b := make(chan int64), make(chan int64)
	go func() {
		for i := int64(0); i < n; i += 2 {
			a <- i
			b <- i
		}
	}()
	for i := int64(0); i < n; i++ {
		select {
		case <-a:
		case <-b:
		}
	}
	return n
}

func skynetNode(result chan int64, num, size int64) {
	if size == 1 {
		result <- num
		return
	}
	parts := make(chan int64)
	for i := int64(0); i < 10; i++ {
		go skynetNode(parts, num+i*(size/10), size/10)
	}
	sum := int64(0)
	for i := 0; i < 10; i++ {
		sum += <-parts
	}
	result <- sum
}

func skynet(leaves int64) int64 {
	result := make(chan int64)
	go skynetNode(result, 0, leaves)
	<-result
	return leaves
}

func fibNode(n int64) int64 {
	if n < 2 {
		return n
	}
	a, b := make(chan int64), make(chan int64)
	go func() { a <- fibNode(n - 1) }()
	go func() { b <- fibNode(n - 2) }()
	return <-a + <-b
}

func fib(n int64) int64 {
	fibNode(n)
	calls, before := int64(1), int64(1)
	for i := int64(2); i <= n; i++ {
		before, calls = calls, 1+before+calls
	}
	return calls
}

func behindSpinningSender(n int64) float64 {
	var waits []float64
	ch := make(chan time.Time)
	done := make(chan bool)
	go func() {
		for sent := range ch {
			waits = append(waits, float64(time.Since(sent)))
		}
		done <- true
	}()
	for i := int64(0); i < n; i++ {
		runtime.Gosched()
		ch <- time.Now()
		for start := time.Now(); time.Since(start) < time.Millisecond; {
		}
	}
	close(ch)
	<-done
	sort.Float64s(waits)
	return waits[len(waits)/2]
}

func main() {
	procs, _ := strconv.Atoi(os.Args[1])
	arg := func(i int) int64 {
		n, _ := strconv.ParseInt(os.Args[i], 10, 64)
		return n
	}
	runtime.GOMAXPROCS(procs)
	var round func() int64
	warm := false
	switch os.Args[2] {
	case "BM_Hop":
		round = func() int64 { return hop(arg(3)) }
	case "BM_Buffered":
		round = func() int64 { return buffered(arg(3), arg(4)) }
	case "BM_SelectBuffered":
		round = func() int64 { return selectBuffered(arg(3)) }
	case "BM_SelectUnbuffered":
		round = func() int64 { return selectUnbuffered(arg(3)) }
	case "BM_Skynet":
		round, warm = func() int64 { return skynet(arg(3)) }, true
	case "BM_Fib":
		round, warm = func() int64 { return fib(arg(3)) }, true
	case "BM_BehindSpinningSender":
		fmt.Printf("%.1f\n", behindSpinningSender(5*arg(3)))
		return
	}
	if warm {
		round()
	}
	items := int64(0)
	start := time.Now()
	for items == 0 || time.Since(start) < time.Second/4 {
		items += round()
	}
	fmt.Printf("%.1f\n", float64(time.Since(start))/float64(items))
}
