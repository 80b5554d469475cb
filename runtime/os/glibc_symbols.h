// What glibc exports for its own parts and for debuggers (GLIBC_PRIVATE in a
// dynamic program, hidden in libc.a, which a static program may still name).
// All weak: what is missing is null, and is reported by name.

#ifndef RUNTIME_OS_GLIBC_SYMBOLS_H_
#define RUNTIME_OS_GLIBC_SYMBOLS_H_

#include <cstddef>
#include <cstdint>

// NOLINTBEGIN(bugprone-reserved-identifier): glibc's names.
extern "C" {

// A debugger's description of a field: its size in bits, how many, and its
// offset in bytes.
using GlibcField = const uint32_t[3];

extern GlibcField _thread_db_pthread_tid __attribute__((weak));
extern GlibcField _thread_db_pthread_list __attribute__((weak));
extern GlibcField _thread_db_pthread_specific __attribute__((weak));
extern GlibcField _thread_db_pthread_key_struct_destr __attribute__((weak));
extern const uint32_t _thread_db_sizeof_pthread __attribute__((weak));
extern const uint32_t _thread_db_sizeof_pthread_key_struct
    __attribute__((weak));

// Makes the TLS block and `struct pthread` of a thread, from malloc, if
// `memory` is null; returns its thread pointer, or null.
void* _dl_allocate_tls(void* memory) __attribute__((weak));
// Frees what _dl_allocate_tls(nullptr) made, and the thread's dynamic TLS.
void _dl_deallocate_tls(void* thread_pointer, bool free_block)
    __attribute__((weak));

// Runs the calling thread's thread_local destructors.
void __call_tls_dtors() __attribute__((weak));
// Sets the calling thread's tables for <ctype.h>.
void __ctype_init() __attribute__((weak));

// Static programs only.
extern char __pthread_keys[] __attribute__((weak));
// Frees what libc keeps for the calling thread: malloc's cache, above all.
void __libc_thread_freeres() __attribute__((weak));

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier)

#endif  // RUNTIME_OS_GLIBC_SYMBOLS_H_
