// The loaded objects as libunwind sees them, also in signal handlers.
//
// To find the unwind tables of an address libunwind calls dl_iterate_phdr(3),
// which takes the dynamic linker's lock. The lock is recursive, but a thread
// that a signal interrupts between taking it and noting itself as the owner
// waits for itself if the handler takes it too: a hang that a stress test
// found. So libunwind is built to call heddle_unwind_iterate_phdr in the place
// of it (libunwind.BUILD), which in handlers walks a copy of the list, made
// outside.
//
// Newer libunwinds have unw_set_iterate_phdr_function for the same purpose.

#ifndef THIRD_PARTY_LIBUNWIND_PHDR_H_
#define THIRD_PARTY_LIBUNWIND_PHDR_H_

#include <link.h>

#include <cstddef>

namespace heddle::unwind {

// Copies the list, if it has changed since it was copied last. Copies stay for
// the life of the process: there is one for each dlopen or dlclose at most.
// Does nothing in the scope of a NoLinkerLock. Thread-safe; allocates.
void CopyModules();

// While one lives on the calling thread, what is below takes no lock and walks
// the last copy: objects that were loaded since are not in it. For signal
// handlers; nests.
class NoLinkerLock {
 public:
  NoLinkerLock();
  ~NoLinkerLock();
  NoLinkerLock(const NoLinkerLock&) = delete;
  NoLinkerLock& operator=(const NoLinkerLock&) = delete;
};

using PhdrCallback = int (*)(dl_phdr_info* info, size_t size, void* data);

// dl_iterate_phdr, or a walk of the copy.
extern "C" int heddle_unwind_iterate_phdr(PhdrCallback callback, void* data);

}  // namespace heddle::unwind

#endif  // THIRD_PARTY_LIBUNWIND_PHDR_H_
