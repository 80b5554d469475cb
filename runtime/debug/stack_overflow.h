// The report of a stack overflow: what is printed when a goroutine runs into
// the guard page below its stack.
//
//   runtime: goroutine 7 "parser" exceeds its stack of 65536 bytes
//   runtime: sp=0x7f0b5c1ff0 stack=[0x7f0b5c2000, 0x7f0b5d2000), fault at …
//   runtime: to give it more: GoOptions::stack_size …
//   fatal error: stack overflow
//
//   goroutine 7 "parser" [running]:
//   …the innermost and the outermost frames, then the other goroutines…
//
// docs/stack_overflow.md has a whole one, and what is not found.

#ifndef RUNTIME_DEBUG_STACK_OVERFLOW_H_
#define RUNTIME_DEBUG_STACK_OVERFLOW_H_

namespace heddle::debug {

// Installs the handler of SIGSEGV and SIGBUS, once in a process. Faults of any
// other kind go to the handlers that were there before, or to the system's
// default action with the fault as it was. After the report of an overflow the
// former handler is called too (a sanitizer's, a crash reporter's); then, or
// when there is none, the process aborts. Thread-safe.
void InstallStackOverflowHandler();

}  // namespace heddle::debug

#endif  // RUNTIME_DEBUG_STACK_OVERFLOW_H_
