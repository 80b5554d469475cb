// An exception that leaves a goroutine.
//
// The stack of a goroutine ends at its entry, so the C++ runtime finds no
// handler and calls the terminate handler with every frame still there. The one
// installed here prints the exception and all goroutines, that one first, and
// hands everything else to the handler that was there before.

#ifndef RUNTIME_PANIC_H_
#define RUNTIME_PANIC_H_

namespace heddle {

// Installs the handler, once in a process. Thread-safe.
void InstallPanicHandler();

}  // namespace heddle

#endif  // RUNTIME_PANIC_H_
