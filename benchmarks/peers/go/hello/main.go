// What benchmarks/hello.cc is, in Go: a process with one goroutine that says
// hello. It has no arguments and no figures: the whole process is timed.
package main

import "fmt"

func main() {
	done := make(chan struct{})
	go func() {
		fmt.Println("hello")
		close(done)
	}()
	<-done
}
