#include "heddle/runtime/os/glibc_layout.h"

#include <link.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <pthread.h>
#include <resolv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/os/glibc_symbols.h"

#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

#undef p_type  // <resolv.h>'s, in the way of <link.h>'s

namespace heddle::os {
namespace {

void Require(bool condition, const char* what) {
  if (!condition) ThrowUnsupportedLibc(what);
}

// Where in [lo, hi), a word's alignment at a time, `matches(address)` is true;
// 0 unless there is exactly one such place.
template <typename F>
uintptr_t FindOne(uintptr_t lo, uintptr_t hi, size_t size, F matches) {
  uintptr_t found = 0;
  for (uintptr_t at = lo; at + size <= hi; at += sizeof(uintptr_t)) {
    if (!matches(at)) continue;
    if (found != 0) return 0;
    found = at;
  }
  return found;
}

size_t Offset(GlibcField* field, const char* name) {
  Require(field != nullptr, name);
  return (*field)[2];
}

// 1. What glibc tells debuggers.
void ReadDescriptors(GlibcLayout* layout) {
  Require(&_thread_db_sizeof_pthread != nullptr, "_thread_db_sizeof_pthread");
  layout->size = _thread_db_sizeof_pthread;
  layout->tid = Offset(&_thread_db_pthread_tid, "_thread_db_pthread_tid");
  layout->list = Offset(&_thread_db_pthread_list, "_thread_db_pthread_list");
  layout->key_block =
      Offset(&_thread_db_pthread_specific, "_thread_db_pthread_specific");
  // The descriptor is of the whole array.
  layout->key_blocks = size_t{_thread_db_pthread_specific[0]} *
                       _thread_db_pthread_specific[1] / (8 * sizeof(void*));
  Require(&_thread_db_sizeof_pthread_key_struct != nullptr,
          "_thread_db_sizeof_pthread_key_struct");
  layout->key_size = _thread_db_sizeof_pthread_key_struct;
  layout->key_destructor = Offset(&_thread_db_pthread_key_struct_destr,
                                  "_thread_db_pthread_key_struct_destr");
}

// 2., 3. The robust list of the calling thread, which holds no robust mutex:
// an empty list points to itself, twice. The kernel confirms it, where it
// answers (qemu's does not).
void FindRobustList(GlibcLayout* layout) {
  const uintptr_t self = static_cast<uintptr_t>(pthread_self());
  const uintptr_t address =
      FindOne(self + sizeof(uintptr_t), self + layout->size,
              sizeof(robust_list_head), [](uintptr_t at) {
                return At<uintptr_t>(at) == at &&
                       At<uintptr_t>(at - sizeof(uintptr_t)) == at;
              });
  Require(address != 0, "an empty robust list in the thread area");
  robust_list_head* head = nullptr;
  size_t size = 0;
  if (syscall(SYS_get_robust_list, 0, &head, &size) == 0) {
    Require(
        reinterpret_cast<uintptr_t>(head) == address && size == sizeof *head,
        "the robust list that the kernel knows");
  }
  layout->robust_head = address - self;
  layout->robust_futex =
      static_cast<size_t>(At<robust_list_head>(address).futex_offset);
}

// libc.so's memory, with the addresses of the calling thread.
struct LibcObject {
  uintptr_t tls = 0;  // its thread_locals; 0 if it is not there
  size_t tls_size = 0;
  uintptr_t data_lo = 0;  // its writable segment
  uintptr_t data_hi = 0;
};

int FindLibc(dl_phdr_info* info, size_t, void* result) {
  const char* slash = strrchr(info->dlpi_name, '/');
  const char* name = slash != nullptr ? slash + 1 : info->dlpi_name;
  if (strncmp(name, "libc.so", 7) != 0 && strncmp(name, "libc-2", 6) != 0) {
    return 0;
  }
  LibcObject* libc = static_cast<LibcObject*>(result);
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = info->dlpi_phdr[i];
    if (segment.p_type == PT_TLS) {
      libc->tls = reinterpret_cast<uintptr_t>(info->dlpi_tls_data);
      libc->tls_size = segment.p_memsz;
    } else if (segment.p_type == PT_LOAD && (segment.p_flags & PF_W) != 0) {
      libc->data_lo = info->dlpi_addr + segment.p_vaddr;
      libc->data_hi = libc->data_lo + segment.p_memsz;
    }
  }
  return 1;  // there is one libc
}

void KeyMarkerA(void*) { asm volatile("nop"); }
void KeyMarkerB(void*) { asm volatile("nop; nop"); }

// glibc's array of keys: where two new keys' destructors are, the right
// distance from each other.
void FindKeys(const LibcObject& libc, GlibcLayout* layout) {
  if (__pthread_keys != nullptr) {  // a static program
    layout->keys = reinterpret_cast<uintptr_t>(__pthread_keys);
    return;
  }
  pthread_key_t a, b;
  Require(pthread_key_create(&a, KeyMarkerA) == 0, "a free pthread key");
  Require(pthread_key_create(&b, KeyMarkerB) == 0, "a free pthread key");
  const ptrdiff_t a_to_b = (static_cast<ptrdiff_t>(b) - a) *
                           static_cast<ptrdiff_t>(layout->key_size);
  const uintptr_t destructor =
      FindOne(libc.data_lo, libc.data_hi, sizeof(uintptr_t), [&](uintptr_t at) {
        return At<uintptr_t>(at) == reinterpret_cast<uintptr_t>(KeyMarkerA) &&
               at + a_to_b >= libc.data_lo &&
               at + a_to_b + sizeof(uintptr_t) <= libc.data_hi &&
               At<uintptr_t>(at + a_to_b) ==
                   reinterpret_cast<uintptr_t>(KeyMarkerB);
      });
  pthread_key_delete(b);
  pthread_key_delete(a);
  Require(destructor != 0, "the array of pthread keys");
  layout->keys = destructor - layout->key_destructor - a * layout->key_size;
}

// The thread_local of libc that points to the thread's resolver state.
void FindResolverPointer(const LibcObject& libc, uintptr_t tp,
                         GlibcLayout* layout) {
  const uintptr_t state = reinterpret_cast<uintptr_t>(&_res);
  // In a static program it is among the program's own thread_locals: there is
  // no telling where they end but by the thread area, above or below.
  uintptr_t lo = libc.tls, hi = libc.tls + libc.tls_size;
  if (libc.tls == 0) {
    LibcObject program;
    dl_iterate_phdr(
        [](dl_phdr_info* info, size_t, void* result) {
          for (int i = 0; i < info->dlpi_phnum; ++i) {
            if (info->dlpi_phdr[i].p_type != PT_TLS) continue;
            LibcObject* program = static_cast<LibcObject*>(result);
            program->tls = reinterpret_cast<uintptr_t>(info->dlpi_tls_data);
            program->tls_size = info->dlpi_phdr[i].p_memsz;
          }
          return 1;  // the first object is the program, the only one
        },
        &program);
    lo = program.tls;
    hi = program.tls + program.tls_size;
  }
  lo = (lo + sizeof(uintptr_t) - 1) & ~(sizeof(uintptr_t) - 1);
  const uintptr_t pointer =
      FindOne(lo, hi, sizeof(uintptr_t),
              [&](uintptr_t at) { return At<uintptr_t>(at) == state; });
  Require(pointer != 0, "the thread's pointer to its resolver state");
  layout->resolver_pointer_from_tp =
      static_cast<ptrdiff_t>(pointer) - static_cast<ptrdiff_t>(tp);
}

// 2. What a thread of pthread_create's finds in its own area. Its stack is
// [stack_lo, stack_lo + stack_size), which pthread_attr_setstack was told.
struct Probe {
  uintptr_t stack_lo;
  size_t stack_size;
  GlibcLayout* layout;
};

void* ProbeMain(void* arg) {
  const Probe& probe = *static_cast<Probe*>(arg);
  GlibcLayout* layout = probe.layout;
  const uintptr_t self = static_cast<uintptr_t>(pthread_self());
  const uintptr_t tp = ThreadPointer();
  layout->self_from_tp =
      static_cast<ptrdiff_t>(self) - static_cast<ptrdiff_t>(tp);
  Require(
      static_cast<pid_t>(syscall(SYS_gettid)) == At<pid_t>(self + layout->tid),
      "the thread's id where debuggers look for it");
  FindRobustList(layout);

  const uintptr_t block = FindOne(
      self, self + layout->size, 2 * sizeof(uintptr_t), [&](uintptr_t at) {
        return At<uintptr_t>(at) == probe.stack_lo &&
               At<uintptr_t>(at + sizeof(uintptr_t)) == probe.stack_size;
      });
  Require(block != 0, "the stack's bounds in the thread area");
  layout->stack_block = block - self;

  const uintptr_t state = reinterpret_cast<uintptr_t>(&_res);
  Require(state > self && state + sizeof _res <= self + layout->size,
          "the resolver's state in the thread area");
  layout->resolver = state - self;

  LibcObject libc;
  dl_iterate_phdr(FindLibc, &libc);
  Require(libc.tls != 0 || __libc_thread_freeres != nullptr,
          "libc.so's thread_locals");
  layout->libc_tls_from_tp =
      static_cast<ptrdiff_t>(libc.tls) - static_cast<ptrdiff_t>(tp);
  layout->libc_tls_size = libc.tls_size;
  FindResolverPointer(libc, tp, layout);
  FindKeys(libc, layout);
#if defined(__x86_64__)
  // 4. The head of the area.
  Require(self == tp && At<uintptr_t>(tp + 16) == tp,
          "the thread area's own address at its head");
  Require(At<int>(tp + 24) != 0, "the multiple-threads flag");
#else
  Require(self + layout->size == tp, "the thread area below the TLS");
#endif
  return nullptr;
}

// Runs the probe on a stack whose bounds no other word will resemble.
int RunProbe(GlibcLayout* layout) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const long least = sysconf(_SC_THREAD_STACK_MIN);
  const size_t size =
      ((128 << 10) + static_cast<size_t>(least > 0 ? least : 0) + page - 1) /
      page * page;
  void* stack = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) return ENOMEM;
  Probe probe = {reinterpret_cast<uintptr_t>(stack), size, layout};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstack(&attributes, stack, size);
  pthread_t thread;
  const int error = pthread_create(&thread, &attributes, ProbeMain, &probe);
  if (error == 0) pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
  munmap(stack, size);
  return error;
}

}  // namespace

int FindGlibcLayout(GlibcLayout* layout) {
  *layout = {};
  Require(_dl_allocate_tls != nullptr, "_dl_allocate_tls");
  Require(_dl_deallocate_tls != nullptr, "_dl_deallocate_tls");
  Require(__ctype_init != nullptr, "__ctype_init");
  // A static program in which nobody registers such destructors has no part of
  // libc that would run them.
  Require(__call_tls_dtors != nullptr || __pthread_keys != nullptr,
          "__call_tls_dtors");
  ReadDescriptors(layout);
  return RunProbe(layout);
}

void ThrowUnsupportedLibc(const char* what) {
#ifdef __GLIBC__
  base::PrintErr("runtime: the clone thread backend needs %s; glibc %s: no\n",
                 what, gnu_get_libc_version());
#else
  base::PrintErr(
      "runtime: the clone thread backend needs %s; this libc is not glibc\n",
      what);
#endif
  base::PrintErr(
      "runtime: build with "
      "--//runtime/os:thread_backend=//runtime/os:thread_pthread\n");
  base::Throw("clone thread backend: unsupported libc");
}

}  // namespace heddle::os
