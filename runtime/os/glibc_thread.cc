#include "heddle/runtime/os/glibc_thread.h"

#include <linux/futex.h>
#include <locale.h>
#include <netinet/in.h>
#include <pthread.h>
#include <resolv.h>
#include <sys/rseq.h>
#include <sys/single_threaded.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <new>

#include "heddle/runtime/os/glibc_layout.h"
#include "heddle/runtime/os/glibc_symbols.h"
#include "heddle/runtime/os/lock.h"

namespace heddle::os {

// libc's thread_locals of a thread that has ended, for the next one; or the
// room for those of one that runs.
struct LibcState {
  LibcState* next;
  bool used;  // whether `bytes` are a thread's
  char bytes[];
};

namespace {

// Process-wide as libc is; a Runtime of its own could not have another.
struct Shared {
  Lock lock{LockRank::kLeaf};
  bool found ABSL_GUARDED_BY(lock) = false;
  // Guarded by `lock` until `found`, immutable after.
  GlibcLayout layout = {};
  LibcState* free ABSL_GUARDED_BY(lock) = nullptr;
};
constinit Shared shared;

// Whether libc believes that there is one thread, and takes no locks.
bool LibcIsSingleThreaded() {
#if defined(__x86_64__)
  if (At<int>(ThreadPointer() + 24) == 0) return true;
#endif
  return __libc_single_threaded != 0;
}

// Before the first thread, and in a child of fork(2).
int PrepareLibc() {
  const LockGuard guard(shared.lock);
  if (shared.found && !LibcIsSingleThreaded()) return 0;
  const int error = FindGlibcLayout(&shared.layout);
  shared.found = shared.found || error == 0;
  return error;
}

LibcState* TakeLibcState() {
  {
    const LockGuard guard(shared.lock);
    if (LibcState* state = shared.free) {
      shared.free = state->next;
      return state;
    }
  }
  LibcState* state = static_cast<LibcState*>(
      malloc(sizeof(LibcState) + shared.layout.libc_tls_size));
  if (state != nullptr) state->used = false;
  return state;
}

void GiveLibcState(LibcState* state) {
  const LockGuard guard(shared.lock);
  state->next = shared.free;
  shared.free = state;
}

// The part of the area that the psABI fixes.
void FillHead(uintptr_t tp) {
#if defined(__x86_64__)
  const uintptr_t mine = ThreadPointer();
  At<uintptr_t>(tp) = tp;
  At<uintptr_t>(tp + 16) = tp;
  At<int>(tp + 24) = 1;  // multiple_threads
  constexpr size_t kSysinfo = 32, kStackGuard = 40, kPointerGuard = 48;
  for (const size_t offset : {kSysinfo, kStackGuard, kPointerGuard}) {
    At<uintptr_t>(tp + offset) = At<uintptr_t>(mine + offset);
  }
  constexpr size_t kFeature1 = 72;  // which parts of CET are on
  At<uint32_t>(tp + kFeature1) = At<uint32_t>(mine + kFeature1);
#else
  // The guards are global; the flag is the first word of struct pthread.
  At<int>(tp + shared.layout.self_from_tp) = 1;
#endif
}

// Restartable sequences: sched_getcpu and per-CPU allocators use them.
void RegisterRseq(uintptr_t tp) {
#ifdef RSEQ_SIG
  // rseq(2)'s first size; later kernels still take it.
  constexpr unsigned kOldSize = 32;
  auto& area = At<struct rseq>(tp + __rseq_offset);
  const unsigned size = __rseq_size > kOldSize ? __rseq_size : kOldSize;
  area.cpu_id = static_cast<uint32_t>(RSEQ_CPU_ID_UNINITIALIZED);
  if (__rseq_size == 0 || syscall(SYS_rseq, &area, size, 0, RSEQ_SIG) != 0) {
    area.cpu_id = static_cast<uint32_t>(RSEQ_CPU_ID_REGISTRATION_FAILED);
  }
#endif
}

// Runs the destructors of the thread's pthread keys, as POSIX has it, and
// frees the blocks in which libc keeps the values of high keys.
void RunKeyDestructors() {
  const GlibcLayout& layout = shared.layout;
  bool again = true;
  for (int round = 0; again && round < PTHREAD_DESTRUCTOR_ITERATIONS; ++round) {
    again = false;
    for (pthread_key_t key = 0; key < PTHREAD_KEYS_MAX; ++key) {
      void* const value = pthread_getspecific(key);  // null for unused keys
      if (value == nullptr) continue;
      using Destructor = void (*)(void*);
      const Destructor destructor = At<Destructor>(
          layout.keys + key * layout.key_size + layout.key_destructor);
      pthread_setspecific(key, nullptr);
      if (destructor == nullptr) continue;
      destructor(value);
      again = true;
    }
  }
  // The first block is in the area itself.
  for (size_t i = 1; i < layout.key_blocks; ++i) {
    void*& block = At<void*>(ThreadPointer() + layout.self_from_tp +
                             layout.key_block + i * sizeof(void*));
    free(block);
    block = nullptr;
  }
}

}  // namespace

int NewThreadArea(uintptr_t stack_lo, uintptr_t stack_hi, ThreadArea* area) {
  if (const int error = PrepareLibc()) return error;
  const GlibcLayout& layout = shared.layout;
  LibcState* state = TakeLibcState();
  void* const block = state != nullptr ? _dl_allocate_tls(nullptr) : nullptr;
  if (block == nullptr) {
    if (state != nullptr) GiveLibcState(state);
    return ENOMEM;
  }
  const uintptr_t tp = reinterpret_cast<uintptr_t>(block);
  const uintptr_t self = tp + layout.self_from_tp;
  FillHead(tp);
  if (state->used) {
    memcpy(reinterpret_cast<void*>(tp + layout.libc_tls_from_tp), state->bytes,
           layout.libc_tls_size);
  }
  At<uintptr_t>(tp + layout.resolver_pointer_from_tp) = self + layout.resolver;

  // A list of its own: fork(2) takes the calling thread out of its list.
  At<uintptr_t>(self + layout.list) = self + layout.list;
  At<uintptr_t>(self + layout.list + sizeof(uintptr_t)) = self + layout.list;

  const uintptr_t robust = self + layout.robust_head;
  auto& head = At<robust_list_head>(robust);
  head.list.next = &head.list;
  head.futex_offset = static_cast<long>(layout.robust_futex);
  At<uintptr_t>(robust - sizeof(uintptr_t)) = robust;

  At<uintptr_t>(self + layout.stack_block) = stack_lo;
  At<uintptr_t>(self + layout.stack_block + sizeof(uintptr_t)) =
      stack_hi - stack_lo;

  area->tp = tp;
  area->tid = &At<std::atomic<int32_t>>(self + layout.tid);
  area->libc_state = state;
  return 0;
}

void FreeThreadArea(const ThreadArea& area) {
  _dl_deallocate_tls(reinterpret_cast<void*>(area.tp), /*free_block=*/true);
}

void AbandonThreadArea(const ThreadArea& area) {
  GiveLibcState(area.libc_state);
  FreeThreadArea(area);
}

void EnterThread() {
  const uintptr_t tp = ThreadPointer();
  auto& head = At<robust_list_head>(tp + shared.layout.self_from_tp +
                                    shared.layout.robust_head);
  syscall(SYS_set_robust_list, &head, sizeof head);
  RegisterRseq(tp);
  __ctype_init();
  // A cancelled thread would unwind to where pthread_create never was.
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, nullptr);
  errno = 0;
}

void LeaveThread(const ThreadArea& area) {
  if (__call_tls_dtors != nullptr) __call_tls_dtors();
  RunKeyDestructors();
  // Also libc's own signals, which pthread_sigmask leaves alone.
  const uint64_t all = ~uint64_t{0};
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, nullptr, sizeof all);
  uselocale(LC_GLOBAL_LOCALE);
  if (_res.nscount != 0) res_nclose(&_res);
  const GlibcLayout& layout = shared.layout;
  if (layout.libc_tls_size == 0) {
    __libc_thread_freeres();
  } else {
    memcpy(area.libc_state->bytes,
           reinterpret_cast<void*>(area.tp + layout.libc_tls_from_tp),
           layout.libc_tls_size);
    area.libc_state->used = true;
  }
  GiveLibcState(area.libc_state);
}

}  // namespace heddle::os
