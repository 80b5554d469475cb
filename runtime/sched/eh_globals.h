// The C++ exception state of a thread, which must follow a goroutine from
// thread to thread: the exceptions that it has caught and not yet released, and
// the number in flight. A switch inside a catch block would otherwise hand
// them to whoever runs next on the thread. While a thread runs g0 it has none.
//
// Layout: Itanium C++ ABI 2.2.2, __cxa_eh_globals.

#ifndef RUNTIME_SCHED_EH_GLOBALS_H_
#define RUNTIME_SCHED_EH_GLOBALS_H_

#include <cxxabi.h>

namespace heddle::sched {

struct EhGlobals {
  void* caught_exceptions = nullptr;
  unsigned int uncaught_exceptions = 0;

  bool any() const {
    return caught_exceptions != nullptr || uncaught_exceptions != 0;
  }
};

// The calling thread's. The address is good for the thread's life; a goroutine
// must not keep it, its M does.
inline EhGlobals* ThreadEhGlobals() {
  return reinterpret_cast<EhGlobals*>(abi::__cxa_get_globals());
}

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_EH_GLOBALS_H_
